"""The trainings of a matrix by what was trained, and their scores over seeds. No torch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.measured import BenchmarkKey, BenchmarkResult, results_of
from vbench_mem.base.metrics import MEMORY
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.families import Spec
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.axes import facts
from vbench_mem.matrix.cell import Cell
from vbench_mem.running.record import Record

ORDER_INVARIANT = "frame-order-invariant"


@dataclass(frozen=True)
class TrainedEncoder:
    """One encoder under one recipe, trained once for each seed.

    label    `joint_test+mask75 frames=4`
    rows     that train these weights, with their memory
    cells    of the requested trainings; `records` of those that ran, by seed
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
        return str(facts(self.cell)["family"])

    @cached_property
    def found(self) -> dict[BenchmarkKey, dict[int, BenchmarkResult]]:
        """Results by benchmark and seed."""
        found: dict[BenchmarkKey, dict[int, BenchmarkResult]] = {}
        for seed, record in sorted(self.records.items()):
            for result in results_of(record):
                found.setdefault(result.key, {})[seed] = result
        return found

    def results(self, benchmark: BenchmarkResult) -> dict[int, BenchmarkResult]:
        """Those on the same benchmark, by seed in their order."""
        return self.found.get(benchmark.key, {})

    def recalls(self, benchmark: BenchmarkResult) -> dict[int, float]:
        """T2V R@1 by seed."""
        return {seed: result.recall for seed, result in self.results(benchmark).items()}

    @property
    def why_no_result(self) -> str:
        """The reason of the first training without a result."""
        for cell in self.cells:
            record = self.records.get(seed_of(cell))
            if record is None:
                return f"{self.label} was not trained with seed {seed_of(cell)}"
            if record.reason is not None:
                return f"{self.label} seed={seed_of(cell)}: {record.status.value}: {record.reason}"
        return f"{self.label} was not scored on this benchmark"


def seed_of(cell: Cell) -> int:
    assert cell.training is not None
    return cell.training.seed


def trained_encoders(joined: Joined) -> list[TrainedEncoder]:
    """All encoders that the matrix trains, in the order of its rows."""
    accuracy = joined.matrix.accuracy
    if accuracy is None:
        return []
    known = {cell.id: cell for cell in accuracy.cells}
    rows: dict[tuple[str, ...], list[Row]] = {}
    for row in joined.rows:
        if row.cell.id in accuracy.of_row:
            rows.setdefault(accuracy.of_row[row.cell.id], []).append(row)
    seeds = {key: f" seed={seed_of(cell)}" for key, cell in known.items()}
    return [
        TrainedEncoder(
            label=joined.matrix.label(known[ids[0]]).removesuffix(seeds[ids[0]]),
            rows=tuple(some),
            cells=tuple(known[key] for key in ids),
            records={seed_of(record.cell): record for record in some[0].trainings},
        )
        for ids, some in rows.items()
    ]


def benchmarks_of(trained: Iterable[TrainedEncoder]) -> list[BenchmarkResult]:
    """One result on each benchmark that some training was scored on, in the order met."""
    found: dict[BenchmarkKey, BenchmarkResult] = {}
    for each in trained:
        for key, results in each.found.items():
            found.setdefault(key, next(iter(results.values())))
    return list(found.values())


def is_of_kind(cell: Cell, kind: str) -> bool:
    """Is the encoder of a training one that a ceiling of this kind is for?"""
    load, training = cell.load, cell.training
    if kind == ORDER_INVARIANT:
        return not isinstance(cell.spec, Custom) and cell.spec.mixing == "per_frame"
    if kind == "one-frame":
        return load.frames == 1
    if kind.startswith("first-") and training is not None and training.sampling == "first":
        seen_s = load.frames / load.fps  # clips of the generated benchmark have 1 frame per second
        return seen_s <= int(kind.split("-")[1])
    return False


def peak(row: Row) -> int | None:
    """Peak memory of a training step that ran."""
    if not row.is_ok or row.cell.load.mode != "train":
        return None
    size = row.metric(MEMORY)
    return None if size is None else int(size)


def memories(some: Sequence[TrainedEncoder]) -> tuple[int | None, ...]:
    """Peak memory of each, from rows equal in load, runtime and protocol: the first such rows where
    every encoder has one; else None for each."""
    if not some:
        return ()
    for row in some[0].rows:
        rows = (
            [it for it in each.rows if circumstances(it) == circumstances(row)] for each in some
        )
        sizes = tuple(peak(like[0]) if like else None for like in rows)
        if None not in sizes:
            return sizes
    return (None,) * len(some)


def circumstances(row: Row) -> dict[str, Any]:
    """Load, runtime and protocol: all of a row except what is trained."""
    data = cells.dump(row.cell)
    return {name: data[name] for name in ("load", "runtime", "protocol")}


def same_parts(a: TrainedEncoder, b: TrainedEncoder) -> bool:
    """Do two encoders have towers and embeddings of one size, and the same load and runtime?"""

    def parts(of: TrainedEncoder) -> tuple[object, ...]:
        load = replace(of.cell.load, batch=1)  # the batch is the training stage's
        return (of.spec.tower, of.spec.text, of.spec.embed_dim, load, of.cell.runtime)

    return parts(a) == parts(b)
