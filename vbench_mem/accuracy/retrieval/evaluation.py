"""The result of an evaluation as plain numbers. No torch."""

from dataclasses import asdict, dataclass
from typing import Any

from vbench_mem.base.score_metrics import Direction
from vbench_mem.matrix.training import Convention

Interval = tuple[float, float]
Measures = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class OneWay:
    """One direction: scores by name, their intervals, and what they would be by chance.

    intervals  empty where no bootstrap was asked for
    """

    metrics: Measures
    intervals: dict[str, Interval]
    chance: Measures
    queries: int
    gallery_size: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Plain numbers.

    sanity  by name, the scores of each direction, or none where it was not asked.
            `shuffled`: the same embeddings, each clip's captions given to another clip; by chance.
            `frames_permuted`: clips embedded with their frames in another order; the same as the
            score for an encoder that does not see time, and lower where order is the answer.
            `constant`: all embeddings equal; the worst ranks that there are
    """

    dataset: str
    convention: Convention
    t2v: OneWay
    v2t: OneWay
    sanity: dict[str, dict[Direction, Measures] | None]
    seed: int
    resamples: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON; intervals become lists there."""
        return asdict(self)
