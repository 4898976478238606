"""Overhead of the harness for a tiny measured cell: starting, isolating, recording, reading back.

A matrix of tiny cells runs through the real command line, each cell in its fresh process. The same
bursts run one after another in this process, where everything is imported and warm; whatever the
command took longer is overhead, the start of torch and first calls in every process included.
Run:  python -m tests.benchmarks.harness_overhead [CELLS] [ROUNDS]
"""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.interleaved import Target, show, take_turns
from vbench_mem.matrix.load import Matrix, load_matrix
from vbench_mem.probes.burst import run_burst

LIMIT_S = 1.0  # per cell
TINY = """
about: Tiny cells, to see what running them costs beyond the running.
protocol: {{warmup: 1, steps: 2, timeout_s: 120}}
axes:
  encoder: joint_test
  frames: 4
  threads: 1  # several threads wait for each other on a busy machine, and drown the difference
  batch: {batches}
"""


def write_matrix(folder: Path, cells: int) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(TINY.format(batches=[2 + number for number in range(cells)]), encoding="utf-8")
    return path


def through_the_command_line(path: Path, folder: Path) -> None:
    """A new store each time, so that nothing is resumed."""
    with TemporaryDirectory(dir=folder) as store:
        command = [sys.executable, "-m", "vbench_mem", "run", str(path), "--store", store, "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        states = {cell["status"] for cell in json.loads(done.stdout)["cells"]}
    assert states == {"ok"}, states


def in_this_process(matrix: Matrix) -> None:
    for cell in matrix.cells:
        run_burst(cell, lambda phase: None)


def main(cells: int, rounds: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = write_matrix(folder, cells)
        matrix = load_matrix(path)
        assert len(matrix.cells) == cells
        contestants: dict[str, Callable[[], object]] = {
            "vbench-mem run": partial(through_the_command_line, path, folder),
            "bursts alone": partial(in_this_process, matrix),
        }
        seconds = take_turns(contestants, rounds)
    run, bursts = seconds.values()
    overhead = median((whole - part) / cells for whole, part in zip(run, bursts, strict=True))
    rows = [[name, f"{median(each):.2f}"] for name, each in seconds.items()]
    target = Target("overhead of a cell, s", overhead, LIMIT_S)
    show([f"{cells} cells", "s"], rows, target)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*given, *(6, 3)[len(given) :])
