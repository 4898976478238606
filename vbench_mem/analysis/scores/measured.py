"""Scores measured here: records of trainings -> scores of rows, the means over seeds. No torch."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from vbench_mem.accuracy.retrieval.evaluation import Evaluation, OneWay
from vbench_mem.accuracy.training.trained import StageResult
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import RECALL, SCORE_METRICS, Direction, Origin
from vbench_mem.data.benchmark import Dropped, TaskCeiling
from vbench_mem.matrix.training import Source, Stage
from vbench_mem.running.record import Record, Status

DIRECTIONS: tuple[Direction, ...] = ("t2v", "v2t")
GENERATED = "generated-"
BenchmarkKey = tuple[str, str, str]
SANITY = ("shuffled", "frames_permuted", "constant")


class MeasuredScore(AnyScore):
    """The mean over seeds, and the value of each.

    seeds        of the trainings that succeeded; `values` their scores
    checkpoints  SHA-256 of the weights of each
    data_sha256  of captions, right answers and videos
    """

    origin: Literal[Origin.MEASURED] = Origin.MEASURED
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    checkpoints: tuple[str, ...]
    data_sha256: str

    @property
    def spread(self) -> float | None:
        return statistics.stdev(self.values) if len(self.values) > 1 else None


class BenchmarkResult(BaseModel):
    """The results of one training on one benchmark, as `training.probe` writes them.

    captions   in all; `truncated` were cut at the end
    dropped    items of the source that the gallery lacks
    """

    model_config = ConfigDict(frozen=True)

    name: str
    protocol: str
    sha256: str
    gallery_size: int
    captions: int
    truncated: int
    dropped: tuple[Dropped, ...]
    ceilings: tuple[TaskCeiling, ...]
    evaluation: Evaluation

    @property
    def key(self) -> BenchmarkKey:
        """The same for all trainings that were scored on the same data by the same convention."""
        return (self.name, self.sha256, self.evaluation.convention)

    @property
    def short(self) -> str:
        """`temporal` of `generated-temporal`."""
        return self.name.removeprefix(GENERATED)

    def way(self, direction: Direction) -> OneWay:
        return self.evaluation.t2v if direction == "t2v" else self.evaluation.v2t

    @property
    def bounds(self) -> list[TaskCeiling]:
        """The ceilings below 1."""
        return [ceiling for ceiling in self.ceilings if ceiling.random_ties_value < 1]

    @property
    def recall(self) -> float:
        """T2V R@1."""
        return self.evaluation.t2v.metrics[RECALL]


@dataclass(frozen=True)
class StageFacts:
    """The result of one stage of one training, read from its record."""

    stage: Stage
    seed: int
    checkpoint: str
    result: StageResult


def stage_facts(record: Record) -> StageFacts | None:
    """Of the last stage of the record's training; None where it failed or has no stages."""
    training, facts = record.cell.training, record.details.get("training")
    if record.status is not Status.OK or training is None or not training.stages or not facts:
        return None
    result = TypeAdapter(StageResult).validate_python(facts)
    sha256 = record.details["checkpoint"]["sha256"]
    return StageFacts(training.stages[-1], training.seed, sha256, result)


def results_of(record: Record) -> list[BenchmarkResult]:
    """One for each benchmark scored; empty for a training that failed."""
    if record.status is not Status.OK:
        return []
    return [BenchmarkResult.model_validate(facts) for facts in record.details.get("results", ())]


def name_of(source: Source) -> str:
    """The name of a source in its scores."""
    return source.name if source.file is not None else f"{GENERATED}{source.name}"


def measured_scores(records: Sequence[Record]) -> dict[str, MeasuredScore]:
    """By column, the scores of trainings of one row that differ only in their seed.

    Benchmarks that would share a column, such as one scored by two conventions, get the convention
    and the hash of the data in the protocol's short name.
    """
    found: dict[tuple[str, str, Direction, str], list[tuple[Record, BenchmarkResult]]] = {}
    for record in records:
        for result in results_of(record):
            for direction in DIRECTIONS:
                for metric in result.way(direction).metrics:
                    if metric in SCORE_METRICS:
                        key = (result.sha256, result.evaluation.convention, direction, metric)
                        found.setdefault(key, []).append((record, result))
    scores = {key: score_of(some, *key[2:]) for key, some in found.items()}
    times = Counter(score.column for score in scores.values())
    for (sha256, convention, *_), score in list(scores.items()):
        if times[score.column] > 1:
            name, _, rest = score.protocol.partition(";")
            protocol = f"{name} {convention} {sha256[:6]};{rest}".rstrip(";")
            fields = score.model_dump() | {"protocol": protocol}
            scores[sha256, convention, score.direction, score.metric] = MeasuredScore(**fields)
    return {score.column: score for score in scores.values()}


def score_of(
    some: Sequence[tuple[Record, BenchmarkResult]], direction: Direction, metric: str
) -> MeasuredScore:
    """One number of one benchmark, over the seeds."""
    first = some[0][1]
    values = tuple(result.way(direction).metrics[metric] for _, result in some)
    trainings = [record.cell.training for record, _ in some]
    return MeasuredScore(
        dataset=first.name,
        direction=direction,
        metric=metric,
        value=statistics.fmean(values),
        gallery_size=first.way(direction).gallery_size,
        protocol=first.protocol,
        source="trained and scored here",
        seeds=tuple(training.seed for training in trainings if training is not None),
        values=values,
        checkpoints=tuple(str(record.details["checkpoint"]["sha256"]) for record, _ in some),
        data_sha256=first.sha256,
    )
