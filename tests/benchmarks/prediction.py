"""Time of predictions: one ViT-B cell after another, and every cell of the paper's matrices.

The cells of the matrices go through worker processes as `plan` sends them, torch's import included
in none of them: the server that they are forked from has it by then. Beside it, what tracing every
layer would have taken, on a few cells.
Run:  python -m tests.benchmarks.prediction [CELLS]
"""

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from vbench_mem.encoders.sizes import VIDEO_SIZES
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import load_matrix
from vbench_mem.probes.predict import predict
from vbench_mem.probes.prediction import Prediction
from vbench_mem.running.predictions import predict_all

CELL_LIMIT_S, ALL_LIMIT_S = 0.4, 60.0
PAPER = (
    "frames_16_256",
    *(f"paper_{name}" for name in ["backbones", "long", "patches", "scale", "table1", "table2"]),
)


def cells_of(names: tuple[str, ...]) -> dict[str, Cell]:
    """By matrix and id, those that no rule skips."""
    found = {}
    for name in names:
        matrix = load_matrix(Path("matrices") / f"{name}.yaml")
        found |= {
            f"{name} {cell.id}": cell for cell in matrix.cells if cell.id not in matrix.skipped
        }
    return found


def seconds(cell: Cell, *, whole: bool = False) -> float:
    start = perf_counter()
    predict(cell, "cuda", whole=whole)
    return perf_counter() - start


def main(count: int) -> None:
    cells = cells_of(PAPER)
    base = [cell for cell in cells.values() if cell.table_spec.tower == VIDEO_SIZES["B"]]
    chosen = base[:: max(1, len(base) // count)][:count]
    seconds(chosen[0])  # first calls import
    short = [seconds(cell) for cell in chosen]
    full = [seconds(cell, whole=True) for cell in chosen]
    one, all_layers = median(short), median(full)

    first = dict(list(cells.items())[:2])
    predict_all({key: (cell, "cuda") for key, cell in first.items()})  # starts the server
    start = perf_counter()
    found = predict_all({key: (cell, "cuda") for key, cell in cells.items()})
    everything = perf_counter() - start
    failed = [key for key, outcome in found.items() if not isinstance(outcome, Prediction)]

    print(f"one ViT-B cell, median of {len(chosen)}: {one:.2f} s (target {CELL_LIMIT_S} s)")
    print(f"  every layer traced: {all_layers:.2f} s, {all_layers / one:.1f} x")
    print(
        f"{len(cells)} cells of {len(PAPER)} matrices: {everything:.1f} s "
        f"(target {ALL_LIMIT_S:.0f} s)"
    )
    if failed:
        print(f"not predicted: {', '.join(failed)}")
    sys.exit(bool(failed) or one > CELL_LIMIT_S or everything > ALL_LIMIT_S)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
