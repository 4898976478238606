"""Decoders for tests that misbehave on clips by their names; their processes import them."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from vbench_mem.data.benchmark import Clip
from vbench_mem.data.sample import SampledFrames

SHAPE = (1, 2, 2, 3)


def named(ids: list[str]) -> list[Clip]:
    return [Clip(id=id, path=Path(f"{id}.mp4")) for id in ids]


def decode(clip: Clip) -> SampledFrames:
    """Two by two pixels that all are the clip's number; some names misbehave."""
    what, _, number = clip.id.partition(" ")
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "error":
        raise ValueError(f"a slip of ours in {clip.id}")
    if what == "slow":
        time.sleep(30)
    return SampledFrames(np.full(SHAPE, int(number or 0), np.uint8), padded=0)
