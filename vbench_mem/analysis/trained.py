"""The trainings of a matrix by what was trained, and their scores over seeds. No torch.

Rows that differ in what changes no mathematics share their trainings and are one here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.measured import GENERATED, Result, results_of
from vbench_mem.base.metrics import MEMORY
from vbench_mem.encoders.families import Spec
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.axes import facts
from vbench_mem.matrix.cell import Cell
from vbench_mem.running.record import Record


@dataclass(frozen=True)
class Asked:
    """A benchmark that trainings were asked by one convention, as one of its results has it."""

    result: Result

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.result.name, self.result.sha256, self.result.convention)

    @property
    def short(self) -> str:
        """`temporal` of `generated-temporal`."""
        return self.result.name.removeprefix(GENERATED)


@dataclass(frozen=True)
class Trained:
    """One encoder under one recipe, trained once for each seed.

    label    `joint_test+mask75 frames=4`
    rows     whose memory is that of these weights
    cells    of the trainings asked for; `records` those there are, by seed
    """

    label: str
    rows: tuple[Row, ...]
    cells: tuple[Cell, ...]
    records: Mapping[int, Record]

    @property
    def cell(self) -> Cell:
        return self.cells[0]

    @property
    def spec(self) -> Spec:
        return self.cell.table_spec

    @property
    def family(self) -> str:
        return family_of(self.cell)

    @cached_property
    def found(self) -> dict[tuple[str, str, str], dict[int, Result]]:
        """Results by benchmark and seed."""
        found: dict[tuple[str, str, str], dict[int, Result]] = {}
        for seed, record in sorted(self.records.items()):
            for result in results_of(record):
                found.setdefault(Asked(result).key, {})[seed] = result
        return found

    def results(self, asked: Asked) -> dict[int, Result]:
        """By seed, in their order."""
        return self.found.get(asked.key, {})

    def recalls(self, asked: Asked) -> dict[int, float]:
        """T2V R@1 by seed."""
        return {seed: result.recall for seed, result in self.results(asked).items()}

    @property
    def why_none(self) -> str:
        """Why a result is not there, of the first training without one."""
        for cell in self.cells:
            record = self.records.get(seed_of(cell))
            if record is None:
                return f"{self.label} was not trained with seed {seed_of(cell)}"
            if record.reason is not None:
                return f"{self.label} seed={seed_of(cell)}: {record.status.value}: {record.reason}"
        return f"{self.label} was not asked"


def seed_of(cell: Cell) -> int:
    assert cell.training is not None
    return cell.training.seed


def family_of(cell: Cell) -> str:
    """The encoder's family, as rows have it."""
    return str(facts(cell)["family"])


def training_name(joined: Joined, cell: Cell) -> str:
    """The label of a training without its seed."""
    return joined.matrix.label(cell).removesuffix(f" seed={seed_of(cell)}")


def trained_encoders(joined: Joined) -> list[Trained]:
    """All that the matrix asks to train, in the order of its rows."""
    accuracy = joined.matrix.accuracy
    if accuracy is None:
        return []
    known = {cell.id: cell for cell in accuracy.cells}
    rows: dict[tuple[str, ...], list[Row]] = {}
    for row in joined.rows:
        if row.cell.id in accuracy.of_row:
            rows.setdefault(accuracy.of_row[row.cell.id], []).append(row)
    return [
        Trained(
            label=training_name(joined, known[ids[0]]),
            rows=tuple(some),
            cells=tuple(known[key] for key in ids),
            records={seed_of(record.cell): record for record in some[0].trainings},
        )
        for ids, some in rows.items()
    ]


def benchmarks_of(trained: Iterable[Trained]) -> list[Asked]:
    """Every benchmark that some training was asked, in the order met."""
    found: dict[tuple[str, str, str], Asked] = {}
    for each in trained:
        for key, results in each.found.items():
            found.setdefault(key, Asked(next(iter(results.values()))))
    return list(found.values())


def peak(row: Row) -> int | None:
    """Peak memory of a training step that ran."""
    if not row.is_ok or row.cell.load.mode != "train":
        return None
    size = row.metric(MEMORY)
    return None if size is None else int(size)


def memories(some: Sequence[Trained]) -> tuple[int | None, ...]:
    """Peak memory of each, all of rows alike in load, runtime and protocol: of the first such rows
    that have all of them; else None of each."""
    if not some:
        return ()
    for row in some[0].rows:
        alike = [_alike(row, each) for each in some]
        if all(size is not None for size in alike):
            return tuple(alike)
    return (None,) * len(some)


def _alike(row: Row, trained: Trained) -> int | None:
    found = (peak(other) for other in trained.rows if around(other) == around(row))
    return next(found, None)


def around(row: Row) -> dict[str, Any]:
    """Everything about a row but what is trained."""
    data = cells.dump(row.cell)
    return {name: data[name] for name in ("load", "runtime", "protocol")}


def same_parts(a: Trained, b: Trained) -> bool:
    """Do two encoders have towers of one size and one space, and see the same of a clip?"""
    return parts_of(a) == parts_of(b)


def parts_of(trained: Trained) -> tuple[object, ...]:
    """The batch of a training is its stage's, and no part of the encoder."""
    spec, load = trained.spec, replace(trained.cell.load, batch=1)
    return (spec.tower, spec.text, spec.embed_dim, load, trained.cell.runtime)
