"""The encoder whose training on images is the same for all layouts of the same parts. No torch."""

from dataclasses import fields

from vbench_mem.encoders.spec import FrameLevel, Spec, TubeViT, VideoSpec

SHARED = tuple(field.name for field in fields(VideoSpec) if field.name != "tubelet_frames")


def image_twin(spec: Spec) -> Spec:
    """A frame-level encoder of the same parts, pooling by mean where the layout does not say class.

    What frames do to each other, tubelets, temporal attention and the pooling over frames have no
    part in an image. Tubes keep their own spec: their positions are sines of places in space and
    time, which a frame-level encoder has not.
    """
    if isinstance(spec, TubeViT):
        return spec
    parts = {name: getattr(spec, name) for name in SHARED}
    if spec.pooling == "attention":
        parts["pooling"] = "mean"
    # the kernels' inflation says how to leave images, not how to train on them
    return FrameLevel(**parts | {"inflation": "average"})
