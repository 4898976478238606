"""FLOPs of a training step and of an embedding in closed form: the counters' independent check.

No torch. Per clip and per caption; the similarities of clips and captions, whose work per clip
grows with the batch, are left out here as in the counters. Never looks at a module: where an
encoder's code and its spec part ways, the counts do too.
"""

from dataclasses import dataclass, replace

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.custom import NO_CLOSED_FORM, Custom
from vbench_mem.encoders.grid import Kept
from vbench_mem.encoders.operations import FeedForward, attend
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.spec import VideoSpec
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.variants import kept_tokens
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.walk import Layer, Walk, Work


@dataclass(frozen=True)
class ClosedForm:
    """What a cell multiplies: a clip's way through the video tower, a caption's through its own.

    video  as the cell runs it: masked in training, and not in an embedding run
    embed  the forward without a mask, whatever the recipe
    """

    video: Walk
    text: Walk
    embed: Work


def closed_form(cell: Cell) -> ClosedForm:
    """Of an encoder of the table; raises `UsageError` for one of the user's own."""
    if isinstance(cell.spec, Custom):
        raise UsageError(NO_CLOSED_FORM)
    unmasked = replace(cell.recipe, mask=0.0, mask_kind=None)
    embed = walk_video(cell, unmasked)
    video = walk_video(cell, cell.recipe) if cell.load.mode == "train" else embed
    return ClosedForm(video, walk_text(cell), embed.forward)


def walk_text(cell: Cell) -> Walk:
    """One caption, padded to the load's length: padding is multiplied too."""
    text: Text = cell.table_spec.text
    trains, tokens = cell.recipe.trains_text, cell.load.caption_tokens
    walk = Walk(checkpoint=cell.runtime.checkpoint, live=trains)  # the embedding is a lookup
    layer = Layer(tower=text.tower, trains=trains)
    for _ in range(text.tower.depth):
        with walk.layer():
            layer.run(walk, attend(1, tokens))
            layer.run(walk, FeedForward(rows=tokens))
    walk.product(1, text.tower.width, cell.table_spec.embed_dim, trains=True)
    return walk


def walk_video(cell: Cell, recipe: Recipe) -> Walk:
    """One clip: patches, layers, pooling, projection."""
    spec, load = cell.table_spec, cell.load
    kept = kept_tokens(spec, recipe, load)
    walk = Walk(checkpoint=cell.runtime.checkpoint)
    for rows, pixels in spec.patches(load, kept):
        walk.live = False  # pixels never need a gradient
        walk.product(rows, pixels, spec.tower.width, trains=recipe.train != "last_k")
    walk_layers(walk, cell, recipe, kept)
    if spec.pooling in ("attention", "map"):
        walk_pool(walk, spec, kept, math=cell.runtime.attention == "math")
    walk.product(1, spec.tower.width, spec.embed_dim, trains=True)
    return walk


def walk_layers(walk: Walk, cell: Cell, recipe: Recipe, kept: Kept) -> None:
    """Every layer in order of depth, each with what trains in it."""
    spec, math = cell.table_spec, cell.runtime.attention == "math"
    first_trained = {"full": 0, "last_k": spec.layers - (recipe.blocks or 0)}
    for number in range(spec.layers):
        trains = number >= first_trained.get(recipe.train, spec.layers)
        layer = Layer(
            tower=spec.tower,
            trains=trains,
            math=math,
            rank=recipe.lora_rank or 0,
            adapter=recipe.adapter_width or 0,
        )
        temporal = replace(layer, trains=trains or recipe.train == "temporal_only")
        with walk.layer():
            for operation in spec.operations(number, kept):
                (temporal if operation.temporal else layer).run(walk, operation)


def walk_pool(walk: Walk, spec: VideoSpec, kept: Kept, *, math: bool) -> None:
    """Attention with one learned query, made once, over a clip's tokens or those of each frame, and
    for `map` a feed-forward behind it; they always train."""
    width, (sequences, tokens) = spec.tower.width, spec.pooled(kept)
    live, walk.live = walk.live, True
    walk.product(1, width, width, trains=True)
    walk.live = live
    walk.product(sequences * tokens, width, 2 * width, trains=True)
    walk.attention(sequences, 1, tokens, width, math=math)
    walk.product(sequences, width, width, trains=True)
    if spec.pooling == "map":
        walk.product(sequences, width, spec.tower.mlp, trains=True)
        walk.product(sequences, spec.tower.mlp, width, trains=True)
