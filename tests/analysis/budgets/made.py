"""Test predictions and baselines, so that every number is known without torch."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.rows import joined_of
from vbench_mem.analysis.budgets.baseline import Baseline, BaselineIndex, entry_of, keys_of
from vbench_mem.analysis.join import Joined
from vbench_mem.matrix.load import Matrix
from vbench_mem.probes.prediction import Prediction, Unpredicted

MIB = 2**20
MODULES = {
    "video.blocks.*.mlp.act": {"activation": 96 * MIB},
    "video.blocks.*.mlp.fc1": {"activation": 2 * MIB, "parameter": 1 * MIB},
    "": {"input": 1 * MIB},
}


def predicted(modules: Mapping[str, Mapping[str, int]] | None = None, **fields: Any) -> Prediction:
    """100 MiB at the peak, in the backward, by default; sums follow from `modules`."""
    sizes = modules if modules is not None else MODULES
    names = ("parameter", "gradient", "optimizer", "input", "activation", "temporary")
    categories = {name: sum(each.get(name, 0) for each in sizes.values()) for name in names}
    peak = sum(categories.values())
    known: dict[str, Any] = {
        "target": "cpu",
        "peak_bytes": peak,
        "peak_phase": "backward",
        "build_bytes": 1,
        "steady_bytes": 2,
        "embed_peak_bytes": 3,
        "phases": {"forward": 60 * MIB, "backward": peak, "optimizer": 5 * MIB, "embed": 3},
        "categories": categories,
        "modules": sizes,
        "terms": {"tensors": peak},
    }
    return Prediction(**(known | fields))


def never_run(matrix: Matrix, found: Mapping[str, Prediction | Unpredicted]) -> Joined:
    """Rows of a matrix that never ran, with predictions by label."""
    joined = joined_of(matrix)
    rows = tuple(replace(row, prediction=found.get(row.label)) for row in joined.rows)
    return replace(joined, rows=rows)


def indexed(matrix: Matrix, old: Mapping[str, Prediction], torch: str = "2.13") -> BaselineIndex:
    """A baseline out of predictions by label."""
    keys = keys_of(matrix.wanted)
    by_label = {matrix.label(cell): keys[cell.id] for cell in matrix.wanted}
    entries = {by_label.get(label, label): entry_of(made) for label, made in old.items()}
    baseline = Baseline(torch=torch, cells=entries)
    return BaselineIndex(path=Path("b.json"), baseline=baseline, keys=keys, torch="2.13")
