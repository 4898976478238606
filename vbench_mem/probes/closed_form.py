"""FLOPs of a training step and of an embedding in closed form: the counters' independent check.

No torch. Per clip and per caption; the similarities of clips and captions, whose work per clip
grows with the batch, are left out here as in the counters. Never looks at a module: where an
encoder's code and its spec part ways, the counts do too.
"""

from dataclasses import dataclass, replace
from math import prod

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.custom import NO_CLOSED_FORM, Custom
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.spec import FactorizedEncoder, FrameLevel, Spec, Text, TubeViT
from vbench_mem.encoders.tokens import Kept, kept_tokens, layers, tube_grids
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.walk import Layer, Walk, Work

CHANNELS = 3


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
            layer.attend(walk, 1, tokens)
            layer.feed_forward(walk, tokens)
    walk.product(1, text.tower.width, cell.table_spec.embed_dim, trains=True)
    return walk


def walk_video(cell: Cell, recipe: Recipe) -> Walk:
    """One clip: patches, layers, pooling, projection."""
    spec, load = cell.table_spec, cell.load
    kept = kept_tokens(spec, recipe, load.frames, load.resolution_px)
    walk = Walk(checkpoint=cell.runtime.checkpoint)
    for rows, pixels in patches(cell, kept):
        walk.live = False  # pixels never need a gradient
        walk.product(rows, pixels, spec.tower.width, trains=recipe.train != "last_k")
    walk_layers(walk, cell, recipe, kept)
    if spec.pooling in ("attention", "map"):
        walk_pool(walk, spec, kept, math=cell.runtime.attention == "math")
    walk.product(1, spec.tower.width, spec.embed_dim, trains=True)
    return walk


def patches(cell: Cell, kept: Kept) -> list[tuple[int, int]]:
    """(tokens, values in each) of every patch embedding. Tubes embed what a mask then drops."""
    spec, load = cell.table_spec, cell.load
    if isinstance(spec, TubeViT):
        grids = tube_grids(spec, load.frames, load.resolution_px)
        return [
            (grid.tokens, CHANNELS * prod(tube.kernel))
            for grid, tube in zip(grids, spec.tubes, strict=True)
        ]
    return [(kept.tokens, CHANNELS * spec.tubelet_frames * spec.patch_px**2)]


def walk_layers(walk: Walk, cell: Cell, recipe: Recipe, kept: Kept) -> None:
    """Every layer in order of depth, each with what trains in it."""
    spec, math = cell.table_spec, cell.runtime.attention == "math"
    first_trained = {"full": 0, "last_k": layers(spec) - (recipe.blocks or 0)}
    for number in range(layers(spec)):
        trains = number >= first_trained.get(recipe.train, layers(spec))
        space = Layer(
            tower=spec.tower,
            trains=trains,
            math=math,
            rank=recipe.lora_rank or 0,
            adapter=recipe.adapter_width or 0,
        )
        time = replace(space, trains=trains or recipe.train == "temporal_only")
        with walk.layer():
            walk_layer(walk, spec, number, space, time, kept)


def walk_layer(walk: Walk, spec: Spec, number: int, space: Layer, time: Layer, kept: Kept) -> None:
    """One layer of a layout; `space` and `time` are the same size and may train apart."""
    extra = int(spec.class_token)
    match spec.layout:
        case "joint" | "tubevit":
            tokens = kept.tokens + extra
            space.attend(walk, 1, tokens)
        case "factorized" | "factorized_self_attention":
            tokens = kept.tokens
            space.attend(walk, kept.frames, kept.places)
            time.attend(walk, kept.places, kept.frames)
        case "factorized_dot_product":
            tokens = kept.tokens
            space.attend_split(walk, kept.frames, kept.places)
        case "factorized_encoder" if number >= spec.tower.depth:
            tokens, space = kept.frames, time
            time.attend(walk, 1, tokens)
        case "frame_level" | "factorized_encoder":
            tokens = kept.frames * (kept.places + extra)
            space.attend(walk, kept.frames, kept.places + extra)
    space.feed_forward(walk, tokens)


def walk_pool(walk: Walk, spec: Spec, kept: Kept, *, math: bool) -> None:
    """Attention with one learned query, made once, over a clip's tokens or those of each frame, and
    for `map` a feed-forward behind it; they always train."""
    width, sequences, tokens = spec.tower.width, 1, kept.tokens
    if isinstance(spec, FactorizedEncoder):
        tokens = kept.frames
    elif isinstance(spec, FrameLevel) and spec.pooling == "map":
        sequences, tokens = kept.frames, kept.places
    live, walk.live = walk.live, True
    walk.product(1, width, width, trains=True)
    walk.live = live
    walk.product(sequences * tokens, width, 2 * width, trains=True)
    walk.attention(sequences, 1, tokens, width, math=math)
    walk.product(sequences, width, width, trains=True)
    if spec.pooling == "map":
        walk.product(sequences, width, spec.tower.mlp, trains=True)
        walk.product(sequences, spec.tower.mlp, width, trains=True)
