"""Mean and standard deviation over seeds, as text. No torch."""

import statistics
from dataclasses import dataclass

from vbench_mem.analysis.scores.measured import MeasuredScore
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import SCORE_METRICS


@dataclass(frozen=True)
class Spread:
    """Numbers of several seeds: their mean, and with two or more their standard deviation."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float | None:
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    def percent(self, sign: str = "") -> str:
        """`62.1 ± 1.4`, shares in percent."""
        spread = "" if self.deviation is None else f" ± {100 * self.deviation:.1f}"
        mean = round(100 * self.mean, 1) + 0.0  # no minus before a zero
        return f"{mean:{sign}.1f}{spread}"

    @property
    def plain(self) -> str:
        """`12.5 ± 0.7`, for numbers that are not shares."""
        spread = "" if self.deviation is None else f" ± {self.deviation:,.1f}"
        return f"{self.mean:,.1f}{spread}"


def score_text(score: AnyScore) -> str:
    """`62.1 ± 1.4 %`; without a deviation for fewer than two seeds."""
    numbers = Spread(score.values if isinstance(score, MeasuredScore) else (score.value,))
    is_share = SCORE_METRICS[score.metric].is_share
    return f"{numbers.percent()} %" if is_share else numbers.plain
