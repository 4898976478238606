"""A kernel over a clip: size, stride and offset. No torch."""

from dataclasses import dataclass

from vbench_mem.base.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Tube:
    """One kernel of a tube encoder: size, stride and offset, each (frames, height px, width px)."""

    __pydantic_config__ = STRICT

    kernel: tuple[int, int, int]
    stride: tuple[int, int, int]
    offset: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        if min(*self.kernel, *self.stride) < 1 or min(self.offset) < 0:
            raise ValueError(f"a tube needs positive kernel and stride and offset >= 0, got {self}")


def tubelet(frames: int, patch_px: int) -> Tube:
    """The kernel of an ordinary patch embedding: it touches every pixel once."""
    size = (frames, patch_px, patch_px)
    return Tube(kernel=size, stride=size)
