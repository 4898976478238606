"""Runs, reports, baselines and repositories for the tests of what changed between two of them."""

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from tests.predictions import predicted
from tests.rows import MACHINE, ok, oom
from vbench_mem.analysis.budgets.baseline import Baseline, entry_of
from vbench_mem.analysis.compare.reading import read_side
from vbench_mem.analysis.compare.result import Comparison, compare
from vbench_mem.cli import app
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix
from vbench_mem.probes.prediction import Prediction
from vbench_mem.running.record import Record

MIB = 2**20
OTHER = MACHINE.model_copy(
    update={"fingerprint": "89abcdef", "device": "another card", "facts": {"torch": "9.8"}}
)


def timed(cell: Cell, steps: Sequence[float], peak: int = 3 * MIB, **metrics: Any) -> Record:
    """A record with the times of its steps, and its band as the harness writes it."""
    ordered = sorted(steps)
    middle = ordered[len(ordered) // 2]
    speeds = {"clips_per_s": 1000 * cell.load.batch / middle}
    band = {"step_p10_ms": tenth(ordered, 0.1), "step_p90_ms": tenth(ordered, 0.9)}
    record = ok(cell, peak, step_ms=middle, **band, **speeds, **metrics)
    return record.model_copy(update={"details": {"steps_ms": list(steps)}})


def tenth(ordered: Sequence[float], share: float) -> float:
    """Between the two nearest, linearly: written out, not taken from a library."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def of(record: Record, environment: Environment) -> Record:
    """As if another machine had measured it."""
    return record.model_copy(update={"environment": environment})


def run_folder(
    root: Path, records: Iterable[Record], machine: str = MACHINE.fingerprint, name: str = "small"
) -> Path:
    """As a store has it, without what nobody reads."""
    folder = root / name / machine
    put(folder / "records", {f"{record.cell_id}.json": record for record in records})
    return folder


def report_of(folder: Path, records: Iterable[Record], *predicted: tuple[Cell, Prediction]) -> Path:
    put(folder / "records", {f"{record.cell_id}.json": record for record in records})
    (folder / "predictions").mkdir(parents=True, exist_ok=True)
    for cell, prediction in predicted:
        data = {"cell_id": cell.id, "cell": cells.dump(cell), "prediction": prediction.dump()}
        (folder / "predictions" / f"{cell.id}.json").write_text(json.dumps(data))
    return folder


def put(folder: Path, records: dict[str, Record]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, record in records.items():
        (folder / name).write_text(record.model_dump_json(indent=1))


def held(peak: int, **modules: int) -> Prediction:
    """A prediction for a CPU; keywords are activations by module, with a dot for `_`."""
    named = {name.replace("_", "."): {"activation": size} for name, size in modules.items()}
    made = predicted(peak, target="cpu", modules=named, categories={"activation": peak})
    return replace(made, phases={"forward": peak // 2, "backward": peak, "optimizer": 1})


def with_prediction(record: Record, prediction: Prediction) -> Record:
    metrics = {name: size for name, size in prediction.metrics().items() if size is not None}
    return record.model_copy(
        update={
            "metrics": record.metrics | metrics,
            "details": record.details | {"prediction": prediction.dump()},
        }
    )


def baseline_of(path: Path, predictions: dict[str, Prediction], torch: str = "9.9") -> Path:
    cells_by_name = {name: entry_of(made) for name, made in predictions.items()}
    path.write_text(Baseline(torch=torch, cells=cells_by_name).text())
    return path


def compared(
    folder: Path,
    before: Iterable[Record],
    after: Iterable[Record],
    *,
    unlike_machines: bool = False,
    any_protocol: bool = False,
) -> Comparison:
    """Both as reports, read back."""
    sides = [
        read_side(str(report_of(folder / name, records)))
        for name, records in (("a", before), ("b", after))
    ]
    return compare(*sides, unlike_machines=unlike_machines, any_protocol=any_protocol)


def four(matrix: Matrix, **fields: Any) -> list[Record]:
    """A record of the first four cells, with three steps each."""
    return [timed(cell, [10.0, 11.0, 12.0], **fields) for cell in matrix.cells[:4]]


def git(folder: Path, *arguments: str) -> str:
    base = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    done = subprocess.run([*base, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, message: str = "x") -> str:
    """All that lies in the folder; the short name of what was committed."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "--short", "HEAD")


def invoke(*arguments: str | Path) -> Result:
    words = [str(item) for item in arguments]
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, ["compare", *words])


def two(folder: Path, matrix: Matrix) -> tuple[Path, Path]:
    """One row out of memory, one grown, one slower, one the same."""
    first, second, third, *_ = matrix.cells
    before = four(matrix)
    before[1] = with_prediction(before[1], held(3 * MIB, video_blocks_mlp=3 * MIB))
    grown = timed(second, [10.0, 11.0, 12.0], 5 * MIB)
    grown = with_prediction(grown, held(5 * MIB, video_blocks_mlp=5 * MIB))
    after = [oom(first), grown, timed(third, [20.0, 21.0, 22.0]), before[3]]
    return report_of(folder / "before", before), run_folder(folder / "runs", after)
