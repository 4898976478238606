"""The differences of one row as plain data: numbers with verdicts, which `judging` gives."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from vbench_mem.analysis.compare.bands import OF_STEP, TIMES, Band
from vbench_mem.analysis.compare.side import Item
from vbench_mem.base.metrics import METRICS, show
from vbench_mem.base.units import BINARY, format_bytes
from vbench_mem.running.record import Status


class Judgement(StrEnum):
    """Worst first. `informational` metrics are never judged, `unjudged` ones not in this case."""

    WORSE = "worse"
    CHANGED = "changed"
    BETTER = "better"
    UNJUDGED = "unjudged"
    NOISE = "noise"
    INFORMATIONAL = "informational"


# How a judgement is called; of times and of recalls some have words of their own.
WORDS: dict[Judgement, str] = {
    Judgement.WORSE: "worse",
    Judgement.BETTER: "better",
    Judgement.CHANGED: "changed",
    Judgement.NOISE: "within noise",
    Judgement.UNJUDGED: "not judged",
    Judgement.INFORMATIONAL: "never judged",
}
TIME_WORDS = WORDS | {Judgement.WORSE: "slower", Judgement.BETTER: "faster"}
RECALL_WORDS = WORDS | {
    Judgement.WORSE: "lower",
    Judgement.BETTER: "higher",
    Judgement.NOISE: "within their spread",
}


COUNTED = (Judgement.WORSE, Judgement.CHANGED, Judgement.BETTER)
ORDER: tuple[Judgement | None, ...] = (*Judgement, None)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One metric that changed.

    why    the reason for `unjudged` and `informational`
    bands  of a time, where it has any: before and after
    """

    metric: str
    before: int | float
    after: int | float
    verdict: Judgement
    why: str | None = None
    bands: tuple[Band, Band] | None = None

    @property
    def change(self) -> int | float:
        return self.after - self.before

    @property
    def is_time(self) -> bool:
        return self.metric in TIMES or self.metric in OF_STEP

    @property
    def share(self) -> float | None:
        """Of what it was; None where that is 0."""
        return self.change / abs(self.before) if self.before else None

    @property
    def values(self) -> tuple[str, str]:
        """Before and after, bytes of both in the unit of the larger."""
        if METRICS[self.metric].unit == "bytes":
            unit = unit_of(max(abs(self.before), abs(self.after)))
            return in_unit(self.before, unit), in_unit(self.after, unit)
        return show(self.metric, self.before), show(self.metric, self.after)

    @property
    def text(self) -> str:
        """`+8.0 MiB (+1.2 %)`, in the unit of `values` unless that would read as 0."""
        size, unit = abs(self.change), METRICS[self.metric].unit
        if unit == "share":
            return f"{100 * self.change:+.1f} points"
        number = show(self.metric, size)
        if unit == "bytes":
            number = in_unit(size, unit_of(max(abs(self.before), abs(self.after))))
            number = number if float(number.split()[0]) else format_bytes(size)
        return f"{'+' if self.change > 0 else '-'}{number}{share_text(self.share)}"


def unit_of(size: float) -> str:
    """The unit that `format_bytes` takes."""
    return format_bytes(size).split()[1]


def in_unit(size: float, unit: str) -> str:
    digits = {"B": 0, "GiB": 2}.get(unit, 1)
    return f"{size / BINARY[unit]:.{digits}f} {unit}"


def share_text(share: float | None) -> str:
    if share is None:
        return ""
    percent = 100 * share
    if abs(percent) < 0.05:
        return f" ({'+' if percent > 0 else '-'}<0.1 %)"
    return f" ({percent:+.1f} %)" if abs(round(percent, 1)) < 1000 else f" ({percent:+,.0f} %)"


def worst(*verdicts: Judgement | None) -> Judgement | None:
    return min(verdicts, key=ORDER.index, default=None)


@dataclass(frozen=True, kw_only=True)
class Matched:
    """One row of both sides.

    ending  verdict on a different ending; None if it is the same, or one side was not run
    why     sentences about modules that grew or shrank
    """

    label: str
    before: Item
    after: Item
    ending: Judgement | None = None
    differences: tuple[Difference, ...] = ()
    why: tuple[str, ...] = ()

    @property
    def exact(self) -> Judgement | None:
        """The worst verdict on the ending and on exact metrics; None if nothing differs."""
        return worst(self.ending, *(each.verdict for each in self.differences if not each.is_time))

    @property
    def verdict(self) -> Judgement | None:
        """The worst verdict, times included."""
        return worst(self.ending, *(each.verdict for each in self.differences))

    @property
    def is_changed(self) -> bool:
        return self.verdict in COUNTED

    @property
    def rank(self) -> tuple[int, float, float, int, str]:
        """Worst first: out of memory, other endings, exact metrics by the largest increase, then
        step times from slower to faster."""
        first = ORDER.index(self.exact if self.exact in COUNTED else None)
        if self.ending == Judgement.WORSE:
            first = -2 if self.after.state == Status.OOM else -1
        worse = [
            each
            for each in self.differences
            if each.verdict == Judgement.WORSE and not each.is_time
        ]
        shares = (inf if each.share is None else abs(each.share) for each in worse)
        largest = max(shares, default=0.0)
        step = self.metric("step_ms")
        moved = step.share or 0.0 if step is not None and step.verdict in COUNTED else 0.0
        return first, -largest, -moved, ORDER.index(self.verdict), self.label

    def metric(self, name: str) -> Difference | None:
        return next((each for each in self.differences if each.metric == name), None)
