"""The tiny tasks, made once for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vbench_mem.data.benchmark import Benchmark
from vbench_mem.data.sample import sample
from vbench_mem.data.synthetic.benchmark import benchmark
from vbench_mem.data.synthetic.tasks import SIZES, known_task

SIDE_PX = SIZES["tiny"]


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("synthetic")
        patch.setenv("VBENCH_MEM_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def held_out(cache: Path) -> dict[str, Benchmark]:
    return {name: benchmark(name, "tiny", "held-out") for name in ("spatial", "temporal", "long")}


@pytest.fixture(scope="session")
def decoded(held_out: dict[str, Benchmark]) -> dict[str, list[NDArray[np.uint8]]]:
    """Every held-out clip's frames (T, H, W, 3), as the data path gives them."""
    return {
        name: [sample(clip.path, known_task(name).frames, 1.0, SIDE_PX).frames for clip in of.clips]
        for name, of in held_out.items()
    }
