"""Scores that were measured here: from the records of trainings to the rows they are of. No torch.

A score of several seeds is their mean, and keeps each of them. A training that did not end well has
no score and leaves the others of its row alone.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vbench_mem.cell import Cell
from vbench_mem.record import Record, Status
from vbench_mem.scores.metrics import SCORE_METRICS, Direction
from vbench_mem.scores.score import AnyScore
from vbench_mem.training.spec import Source

DIRECTIONS: tuple[Direction, ...] = ("t2v", "v2t")
GENERATED = "generated-"


class MeasuredScore(AnyScore):
    """The mean over seeds, and what each of them came to.

    seeds        the trainings that ended well, and `values` what each scored
    checkpoints  SHA-256 of the weights of each
    data_sha256  of captions, right answers and videos
    """

    origin: Literal["measured"] = "measured"
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    checkpoints: tuple[str, ...]
    data_sha256: str

    @property
    def spread(self) -> float | None:
        return statistics.stdev(self.values) if len(self.values) > 1 else None


@dataclass(frozen=True)
class Result:
    """What one training retrieves of one benchmark: the part of its record, with names for what
    reports ask."""

    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def metrics(self) -> Mapping[Direction, Mapping[str, float]]:
        return {way: self.facts["evaluation"][way]["metrics"] for way in DIRECTIONS}

    @property
    def recall(self) -> float:
        """T2V R@1."""
        return self.metrics["t2v"]["recall_at_1"]

    @property
    def sanity(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.facts["evaluation"]["sanity"]
        return found


def results_of(record: Record) -> list[Result]:
    """One for each benchmark that was asked; none of a training that did not end well."""
    if record.status is not Status.OK:
        return []
    return [Result(facts) for facts in record.details.get("results", ())]


def name_of(source: Source) -> str:
    """A source as its scores call it."""
    return source.name if source.file is not None else f"{GENERATED}{source.name}"


def asked_of(cells: Iterable[Cell]) -> list[str]:
    """Names of the benchmarks that trainings are asked, each once."""
    asked = (cell.training.evaluate for cell in cells if cell.training is not None)
    return list(dict.fromkeys(name_of(source) for sources in asked for source in sources))


def measured_scores(records: Sequence[Record]) -> dict[str, MeasuredScore]:
    """By column, the scores of trainings of one row that differ in their seed alone."""
    found: dict[tuple[str, Direction, str], list[tuple[Record, Result]]] = {}
    for record in records:
        for result in results_of(record):
            for direction in DIRECTIONS:
                for metric in result.metrics[direction]:
                    if metric in SCORE_METRICS:
                        key = (result.facts["sha256"], direction, metric)
                        found.setdefault(key, []).append((record, result))
    scores = (score_of(some, direction, metric) for (_, direction, metric), some in found.items())
    return {score.column: score for score in scores}


def score_of(
    some: Sequence[tuple[Record, Result]], direction: Direction, metric: str
) -> MeasuredScore:
    """One number of one benchmark, over the seeds."""
    first = some[0][1].facts
    values = tuple(float(result.metrics[direction][metric]) for _, result in some)
    trainings = [record.cell.training for record, _ in some]
    return MeasuredScore(
        dataset=str(first["name"]),
        direction=direction,
        metric=metric,
        value=statistics.fmean(values),
        gallery_size=int(first["gallery_size"]),
        protocol=str(first["protocol"]),
        source="trained and asked here",
        seeds=tuple(training.seed for training in trainings if training is not None),
        values=values,
        checkpoints=tuple(str(record.details["checkpoint"]["sha256"]) for record, _ in some),
        data_sha256=str(first["sha256"]),
    )
