"""The table of score metrics: range, direction, meaning. No torch.

Shares are 0 to 1, never percentages. Costs are in `metrics.py`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from vbench_mem.base.metrics import Better

RECALL = "recall_at_1"  # what "recall" is in figures and tables
Direction = Literal["t2v", "v2t"]


class Origin(StrEnum):
    """Where a score is from: trained here, a user's file, or a paper."""

    MEASURED = "measured"
    IMPORTED = "imported"
    PUBLISHED = "published"


@dataclass(frozen=True)
class ScoreMetric:
    """`low` and `high` bound the values."""

    name: str
    low: float
    high: float
    better: Better
    directions: tuple[Direction, ...]
    meaning: str

    @property
    def is_share(self) -> bool:
        return self.high == 1


BOTH: tuple[Direction, ...] = ("t2v", "v2t")
TEXT: tuple[Direction, ...] = ("v2t",)  # a clip goes in, words come out
SCORE_METRICS: dict[str, ScoreMetric] = {
    metric.name: metric
    for metric in (
        ScoreMetric("recall_at_1", 0, 1, "higher", BOTH, "share of queries ranked first"),
        ScoreMetric("recall_at_5", 0, 1, "higher", BOTH, "... among the first five"),
        ScoreMetric("recall_at_10", 0, 1, "higher", BOTH, "... among the first ten"),
        ScoreMetric("median_rank", 1, float("inf"), "lower", BOTH, "median rank of the match"),
        ScoreMetric("mean_rank", 1, float("inf"), "lower", BOTH, "mean rank of the match"),
        ScoreMetric(
            "mean_average_precision", 0, 1, "higher", BOTH, "mean over queries, all matches counted"
        ),
        ScoreMetric("ndcg", 0, 1, "higher", BOTH, "graded matches: gain grade, discount log2"),
        ScoreMetric("ndcg_at_10", 0, 1, "higher", BOTH, "... of the first ten"),
        ScoreMetric("rouge_l", 0, 1, "higher", TEXT, "longest common subsequence of the caption"),
        ScoreMetric("cider", 0, 10, "higher", TEXT, "consensus of the caption; 1 is printed 100"),
        ScoreMetric("accuracy", 0, 1, "higher", TEXT, "share of questions answered correctly"),
    )
}
# Names of scores in budgets and figures: t2v_recall_at_1, v2t_cider, ...
ALIASES: dict[str, ScoreMetric] = {
    f"{direction}_{metric.name}": metric
    for metric in SCORE_METRICS.values()
    for direction in metric.directions
}
