"""A row of the table of encoders, and a family with its rows. No torch."""

from dataclasses import dataclass

from vbench_mem.encoders.sizes import VIDEO_SIZES, size_name
from vbench_mem.encoders.spec import VideoSpec

PAPER = "arXiv:2312.07395, section 3; sizes from google-research/big_vision models/vit.py"
VIVIT = "arXiv:2103.15691 (ViViT), google-research/scenic projects/vivit"


@dataclass(frozen=True)
class Encoder:
    """A named spec.

    params   of both towers at 16 frames and the row's own resolution, both patch embeddings
             included; a test builds every row on the meta device and checks it
    differs  where it departs from its source; prose is no part of a cell's id
    """

    name: str
    spec: VideoSpec
    params: int
    source: str
    differs: str = ""

    @property
    def size(self) -> str:
        return size_name(self.spec.tower, VIDEO_SIZES)

    @property
    def family(self) -> str:
        return self.spec.family


@dataclass(frozen=True)
class Family:
    """One way of building a video encoder: its spec class and its rows of the table."""

    spec: type[VideoSpec]
    rows: tuple[Encoder, ...]
