"""Transformer sizes by name, for the video tower and for the text tower. No torch."""

from dataclasses import dataclass

from vbench_mem.base.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Tower:
    """The size of one transformer; `mlp` is the hidden width of the feed-forward."""

    __pydantic_config__ = STRICT

    width: int
    depth: int
    heads: int
    mlp: int

    def __post_init__(self) -> None:
        if min(self.width, self.depth, self.heads, self.mlp) < 1:
            raise ValueError(f"width, depth, heads and mlp must be positive, got {self}")
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")


# Source: google-research/big_vision, models/vit.py (Ti S M B L H g); `nano` and `test` are our own.
VIDEO_SIZES = {
    "nano": Tower(width=64, depth=4, heads=2, mlp=256),
    "test": Tower(width=128, depth=4, heads=4, mlp=512),
    "Ti": Tower(width=192, depth=12, heads=3, mlp=768),
    "S": Tower(width=384, depth=12, heads=6, mlp=1536),
    "M": Tower(width=512, depth=12, heads=8, mlp=2048),
    "B": Tower(width=768, depth=12, heads=12, mlp=3072),
    "L": Tower(width=1024, depth=24, heads=16, mlp=4096),
    "H": Tower(width=1280, depth=32, heads=16, mlp=5120),
    "g": Tower(width=1408, depth=40, heads=16, mlp=6144),
}

VIT_NANO, VIT_TEST, VIT_TI, VIT_S, VIT_M, VIT_B, VIT_L, VIT_H, VIT_G = VIDEO_SIZES.values()

# Source: google-research/bert, README.md (tiny mini small medium base); openai/CLIP, model card
# (clip); `test` is our own.
TEXT_SIZES = {
    "test": Tower(width=64, depth=2, heads=2, mlp=256),
    "tiny": Tower(width=128, depth=2, heads=2, mlp=512),
    "mini": Tower(width=256, depth=4, heads=4, mlp=1024),
    "small": Tower(width=512, depth=4, heads=8, mlp=2048),
    "medium": Tower(width=512, depth=8, heads=8, mlp=2048),
    "base": Tower(width=768, depth=12, heads=12, mlp=3072),
    "clip": Tower(width=512, depth=12, heads=8, mlp=2048),
}


def size_name(tower: Tower, sizes: dict[str, Tower]) -> str:
    """The name this size goes by, or `<width>x<depth>` for one that has none."""
    for name, known in sizes.items():
        if known == tower:
            return name
    return f"{tower.width}x{tower.depth}"
