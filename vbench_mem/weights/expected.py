"""What is known to be new or unused when weights of one kind start an encoder of another. No torch.

Everything else is a surprise, and an error unless it is allowed.
"""

from typing import TYPE_CHECKING

from vbench_mem.encoders.spec import VideoSpec, in_group

if TYPE_CHECKING:
    from vbench_mem.weights.held import SourceWeights

ADDED = (".adapter.", ".lora_")
CAPTIONS = (
    "its captions have a vocabulary of their own, ours are hashed words; "
    "text.tokenizer: file takes it"
)
UNKNOWN_CAPTIONS = "its captions are not among those known here"
NO_CAPTIONS = "the source knows no captions"
WITH_CAPTIONS = ("clip", "siglip", "open_clip")
NEUTRAL = (*ADDED, "logit_scale")  # start as nothing, or change no order


def image_name(name: str, spec: VideoSpec) -> str | None:
    """The same weight's name in an image encoder; None where such an encoder has none."""
    tower, _, rest = name.partition(".")
    head, dot, tail = rest.partition(".")
    if tower != "video" or head not in spec.weights.images_as:
        return name
    found = spec.weights.images_as[head]
    return None if found is None else f"video.{found}{dot}{tail}"


def is_clip_kernel(name: str, spec: VideoSpec) -> bool:
    """Is it a patch embedding that only clips go through?"""
    return name.startswith("video.") and in_group(name.split(".")[1], spec.weights.clips)


def pools_with_query(spec: VideoSpec) -> bool:
    return spec.pooling in ("attention", "map")


def why_new(name: str, held: "SourceWeights", spec: VideoSpec) -> tuple[str, bool]:
    """Why the encoder starts this tensor anew, and whether that is expected."""
    foreign = held.spec is None
    if any(part in name for part in ADDED):
        return "added by the recipe", True
    if foreign and name.startswith("text."):
        if held.kind not in WITH_CAPTIONS:
            return NO_CAPTIONS, True
        return (UNKNOWN_CAPTIONS if spec.text.tokenizer == "file" else CAPTIONS), True
    if foreign and name == "logit_scale":
        return "measures both towers together", True
    if foreign and name == "video.head.weight":
        return "into the space shared with captions", True
    if held.spec is None or held.spec.layout != spec.layout:
        if in_group(name, spec.weights.temporal):
            return "the source has no temporal attention", True
        if image_name(name, spec) is None:
            return "comes after layers that the source does not have", True
    if name.startswith("video.pool.") and (held.spec is None or not pools_with_query(held.spec)):
        return "the source pools without a query", True
    if foreign and name.startswith("video.norm.") and held.kind in ("videomae", "timm"):
        return "the source normalises after pooling or not at all", True
    return "the source lacks it", False


def why_left_beside_captions(name: str, why: str) -> str:
    """Why a tensor of a pair is left whose captions are taken; empty where nobody expects to."""
    if name == "logit_bias":
        return "belongs to the sigmoid loss, which starts from it"
    if name.endswith(("position_ids", "attn_mask")):
        return "no weight but a counter"
    return "" if why == CAPTIONS else why


def why_unused(name: str, held: "SourceWeights", spec: VideoSpec) -> tuple[str, bool]:
    """Why a tensor that has our name finds no place in this encoder, and whether that is
    expected."""
    if held.base == "video.image_embed" and is_clip_kernel(name, held.spec or spec):
        return "never trained: kernels of clips start from those of images", True
    if name == "video.class_token" and not spec.takes_class_token:
        return f"the {spec.layout} layout carries none", True
    if name == "video.positions" and spec.positions == "sinusoidal":
        if spec.own_kernels:
            return "tubes have fixed sines", True
        return "fixed sines are here; positions: learned takes it", False
    if held.spec is None and name == "video.head.weight":
        wide = held.pieces[name].tensor.shape[0]
        return f"{wide} wide; embed_dim: {wide} takes it", True
    if held.spec is None and name.startswith("video.pool.") and not pools_with_query(spec):
        return f"pooling is {spec.pooling} here", True
    return "no place in this encoder", False
