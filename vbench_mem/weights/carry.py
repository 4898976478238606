"""From one stage of a training to the next: our checkpoint into another of our encoders."""

from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.weights.checkpoint import Checkpoint
from vbench_mem.weights.own import from_checkpoint
from vbench_mem.weights.place import place
from vbench_mem.weights.report import Report


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
