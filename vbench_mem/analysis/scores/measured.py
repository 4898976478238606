"""Scores measured here: records of trainings -> scores of rows. No torch.

A score of several seeds is their mean, and keeps each value. A training that failed has no score
and does not affect the other seeds of its row.
"""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vbench_mem.accuracy.training.curve import Curve
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import SCORE_METRICS, Direction, Origin
from vbench_mem.matrix.training import Source, Stage
from vbench_mem.running.record import Record, Status

DIRECTIONS: tuple[Direction, ...] = ("t2v", "v2t")
GENERATED = "generated-"
Sanity = Literal["shuffled", "frames_permuted", "constant"]
SANITY: tuple[Sanity, ...] = ("shuffled", "frames_permuted", "constant")


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


@dataclass(frozen=True, kw_only=True)
class RecordedCeiling:
    """The highest score that an encoder of a kind can reach: `value` with ties counted against it,
    `random_ties_value` the expectation where chance breaks them. `metric`: `t2v_recall_at_1`."""

    kind: str
    metric: str
    value: float
    random_ties_value: float
    reason: str


@dataclass(frozen=True)
class BenchmarkResult:
    """The results of one training on one benchmark, read from its record."""

    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def protocol(self) -> str:
        return str(self.facts["protocol"])

    @property
    def sha256(self) -> str:
        return str(self.facts["sha256"])

    @property
    def gallery_size(self) -> int:
        return int(self.facts["gallery_size"])

    @property
    def captions(self) -> int:
        return int(self.facts["captions"])

    @property
    def truncated(self) -> int:
        """Captions cut at the end."""
        return int(self.facts["truncated"])

    @property
    def convention(self) -> str:
        """How a video with several captions is ranked: `retrieval.answers.CONVENTIONS`."""
        return str(self.facts["evaluation"]["convention"])

    @property
    def dropped(self) -> list[tuple[str, str]]:
        """Items of the source that the gallery lacks, each with the reason."""
        return [(str(each["id"]), str(each["reason"])) for each in self.facts["dropped"]]

    @property
    def ceilings(self) -> list[RecordedCeiling]:
        return [RecordedCeiling(**each) for each in self.facts["ceilings"]]

    @property
    def metrics(self) -> Mapping[Direction, Mapping[str, float]]:
        return {way: self.facts["evaluation"][way]["metrics"] for way in DIRECTIONS}

    @property
    def chance(self) -> Mapping[Direction, Mapping[str, float]]:
        """The scores of an encoder that orders every gallery at random; no median rank."""
        return {way: self.facts["evaluation"][way]["chance"] for way in DIRECTIONS}

    def interval(self, direction: Direction, metric: str) -> tuple[float, float] | None:
        """The 95 % bootstrap interval over queries; None where it was not computed."""
        found = self.facts["evaluation"][direction]["intervals"].get(metric)
        return None if found is None else (float(found[0]), float(found[1]))

    @property
    def recall(self) -> float:
        """T2V R@1."""
        return self.metrics["t2v"]["recall_at_1"]

    def sanity(self, name: Sanity) -> Mapping[Direction, Mapping[str, float]] | None:
        """The scores of a sanity row; None where it was not computed."""
        found: Mapping[Direction, Mapping[str, float]] | None
        found = self.facts["evaluation"]["sanity"].get(name)
        return found


@dataclass(frozen=True)
class StageFacts:
    """The results of one stage of one training, read from its record."""

    stage: Stage
    seed: int
    facts: Mapping[str, Any]
    checkpoint: str

    @property
    def seconds(self) -> float:
        return float(self.facts["seconds"])

    @property
    def clips_seen(self) -> int:
        return int(self.facts["clips_seen"])

    @property
    def repeated(self) -> int:
        """Pairs whose caption occurred earlier in their batch."""
        return int(self.facts["repeated"])

    @property
    def truncated(self) -> int:
        return int(self.facts["truncated"])

    @property
    def broken(self) -> list[tuple[str, str]]:
        """Clips that could not be decoded, each with the reason."""
        return [(str(each["id"]), str(each["reason"])) for each in self.facts["broken"]]

    @property
    def notes(self) -> list[str]:
        return [str(note) for note in self.facts["notes"]]

    @property
    def curve(self) -> Curve:
        curve = self.facts["curve"]
        return Curve(
            every=int(curve["every"]),
            losses=tuple(curve["losses"]),
            gradient_norms=tuple(curve["gradient_norms"]),
        )


def stage_facts(record: Record) -> StageFacts | None:
    """Of the last stage of the record's training; None where it failed or has no stages."""
    training, facts = record.cell.training, record.details.get("training")
    if record.status is not Status.OK or training is None or not training.stages or not facts:
        return None
    sha256 = str(record.details["checkpoint"]["sha256"])
    return StageFacts(training.stages[-1], training.seed, facts, sha256)


def results_of(record: Record) -> list[BenchmarkResult]:
    """One for each benchmark scored; empty for a training that failed."""
    if record.status is not Status.OK:
        return []
    return [BenchmarkResult(facts) for facts in record.details.get("results", ())]


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
                for metric in result.metrics[direction]:
                    if metric in SCORE_METRICS:
                        key = (result.sha256, result.convention, direction, metric)
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
    values = tuple(float(result.metrics[direction][metric]) for _, result in some)
    trainings = [record.cell.training for record, _ in some]
    return MeasuredScore(
        dataset=first.name,
        direction=direction,
        metric=metric,
        value=statistics.fmean(values),
        gallery_size=int(first.facts["evaluation"][direction]["gallery_size"]),
        protocol=first.protocol,
        source="trained and scored here",
        seeds=tuple(training.seed for training in trainings if training is not None),
        values=values,
        checkpoints=tuple(str(record.details["checkpoint"]["sha256"]) for record, _ in some),
        data_sha256=first.sha256,
    )
