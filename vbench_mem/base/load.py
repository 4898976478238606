"""The input of an encoder and how it runs: `Load`, `Runtime` and their values. No torch."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from vbench_mem.base.strict import STRICT

DEVICE = r"^(auto|cpu|cuda(:\d+)?)$"
Mode = Literal["train", "embed"]
Input = Literal["noise", "clips"]
Dtype = Literal["float32", "bfloat16", "float16"]
Kernel = Literal["auto", "flash", "efficient", "cudnn", "math"]
Optimizer = Literal["foreach", "fused", "loop"]


@dataclass(frozen=True, kw_only=True)
class Load:
    """The input: `batch` clips of `frames` frames, each with a caption.

    input   `noise`: one random batch on the device. `clips`: video files decoded for every step
    clips   for `clips`: a caption file (CSV or JSON lines of path, caption), or `generated`
    clips_sha256  hash of captions and videos, so that edited ones make another cell
    fps     frames sampled per second of video, by `clips` and by trainings
    """

    __pydantic_config__ = STRICT

    frames: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1)]
    resolution_px: Annotated[int, Field(ge=1)]
    caption_tokens: Annotated[int, Field(ge=1)] = 32
    mode: Mode = "train"
    input: Input = "noise"
    clips: str | None = None
    clips_sha256: str | None = None
    fps: Annotated[float, Field(gt=0)] = 1.0

    def __post_init__(self) -> None:
        if (self.input == "clips") != (self.clips is not None):
            raise ValueError("clips goes with input: clips alone: a caption file, or generated")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """How it runs; apart from rounding, no field changes the result.

    device      `auto` is cuda where there is one, else cpu
    dtype       float32, or autocast to bfloat16, or to float16 with loss scaling
    attention   kernel of the video tower; the caption tower, masked and small, always has `auto`
    checkpoint  recompute each layer in backward instead of storing its activations
    optimizer   implementation of AdamW: foreach (CUDA's default), fused, or one weight at a time
    threads     CPU threads; none means one for each core
    """

    __pydantic_config__ = STRICT

    device: Annotated[str, Field(pattern=DEVICE)] = "auto"
    dtype: Dtype = "float32"
    attention: Kernel = "auto"
    checkpoint: bool = False
    compile: bool = False
    optimizer: Optimizer = "foreach"
    threads: Annotated[int, Field(ge=1)] | None = None
