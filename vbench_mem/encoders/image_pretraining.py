"""The encoder whose training on images is the same for all layouts of the same parts. No torch."""

from dataclasses import fields

from vbench_mem.encoders.spec import FrameLevel, Spec, VideoSpec

SHARED = tuple(field.name for field in fields(VideoSpec) if field.name != "tubelet_frames")


def image_pretraining_spec(spec: Spec) -> Spec:
    """A frame-level encoder of the same parts, pooling by mean where the layout does not say class.

    What frames do to each other, tubelets, temporal attention and the pooling over frames have no
    part in an image. Nor have tubes: an image has patches, and the sines of their places. So all
    layouts share a twin but those with a class token, which have one of their own. Pooling by
    attention begins with the clips.
    Differs: half the heads of a factorised dot product see only their own place in an image; they
             go on from heads that saw all of it.
    Check:   with the twin's weights an image has the same feature in the layout, but for that one,
             pooling by attention and layers that run along time ungated.
    """
    parts = {name: getattr(spec, name) for name in SHARED}
    if spec.pooling == "attention":
        parts["pooling"] = "mean"
    # the kernels' inflation says how to leave images, not how to train on them
    return FrameLevel(**parts | {"inflation": "average"})
