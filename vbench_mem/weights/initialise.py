"""Weights into an encoder: from a local folder or file, whatever library wrote them, or from the
stage of a training before."""

from pathlib import Path

from vbench_mem.base.load import Load
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.variants import kept_tokens
from vbench_mem.weights.checkpoint import Checkpoint, read_checkpoint
from vbench_mem.weights.find import find
from vbench_mem.weights.held import SourceWeights
from vbench_mem.weights.kinds import kind_of
from vbench_mem.weights.own import from_checkpoint
from vbench_mem.weights.place import place
from vbench_mem.weights.published import from_published
from vbench_mem.weights.read import read_tensors
from vbench_mem.weights.report import Report


def initialise(
    encoder: DualEncoder,
    spec: Spec,
    load: Load,
    init: Path,
    *,
    allow: tuple[str, ...] = (),
    as_is: bool = False,
) -> Report:
    """Start a freshly built encoder from transformers' CLIP, SigLIP, ViT, VideoMAE or ViViT, a
    state dict of open_clip or timm, or a checkpoint of ours; `spec` and `load` are the encoder's.

    Of CLIP and SigLIP both towers are taken by a spec that reads captions by their tokenizer
    (`text.tokenizer: file`), else the vision side. `as_is`: nothing will be trained, so that every
    tensor must be given.

    Raises `UsageError` for files that cannot be used, a spec that does not fit them, and tensors
    that are new or unused beyond what is known of such a pair, unless `allow` has `new:<glob>` or
    `unused:<glob>` for them.
    Check:  features equal those of the model the weights came from.
    """
    video = encoder.video
    assert video.spec == spec, "the encoder is of another spec"
    kept = kept_tokens(spec, video.recipe, load)
    assert video.kept == kept, "the encoder is of another load"
    return place(source_weights(init, video.recipe), encoder, allow, as_is=as_is)


def source_weights(init: Path, recipe: Recipe) -> SourceWeights:
    """All tensors at a local path under our names; `recipe` is that of the encoder to come."""
    files = find(init)
    if files.is_own:
        return from_checkpoint(read_checkpoint(files.weights[0]), recipe)
    tensors = read_tensors(files)
    kind = kind_of(files, tensors)
    return from_published(kind, files, tensors)


def carry(checkpoint: Checkpoint, encoder: DualEncoder, *, allow: tuple[str, ...] = ()) -> Report:
    """Initialise a new encoder of another layout, length, resolution or recipe from a checkpoint.

    Tensors of both are loaded; position tables are interpolated. Where the checkpoint's facts say
    that all its `stages` had `feeds: images`, the kernels of clips are made from the image's as the
    spec's inflation says. New temporal attention starts as the layout has it, adapters and LoRA as
    the identity; LoRA of another recipe is merged first.

    Raises `UsageError` where the specs disagree in more than that, and for tensors that are new or
    unused beyond what such a pair has, unless `allow` has `new:<glob>` or `unused:<glob>` for them.
    Check:  image features are the same in every layout that an image does not tell apart.
    """
    return place(from_checkpoint(checkpoint, encoder.video.recipe), encoder, allow)
