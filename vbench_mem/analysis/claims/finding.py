"""What one comparison finds of a claim: the numbers, and a verdict. No torch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vbench_mem.analysis.claims.claim import Claim, Condition
from vbench_mem.analysis.spread import Spread
from vbench_mem.base.units import format_bytes

MIN_SEEDS = 2  # fewer say nothing about the spread between seeds


class ClaimVerdict(StrEnum):
    HOLDS = "holds"
    ON_AVERAGE = "on average"
    DOES_NOT_HOLD = "does not hold"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, kw_only=True)
class ClaimSide:
    """One of the things compared.

    recall     T2V R@1 by seed; what masking changes of it where `is_change`; a ceiling's one number
    memory     bytes of a training step
    """

    label: str
    memory: int | None = None
    recall: Spread | None = None
    is_change: bool = False

    @property
    def number(self) -> str:
        if self.recall is None:
            return ""
        if not self.is_change:
            return f"{self.recall.percent()} %"
        lost = Spread(tuple(-change for change in self.recall.values))
        word, points = ("loses", lost) if self.recall.mean <= 0 else ("gains", self.recall)
        return f"{word} {points.percent()} points"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One claim judged by one comparison.

    setting    the benchmark (`temporal V2T`) or condition (`batch 8`); None without a comparison
    sides      the one that the claim puts first, then the others
    numbers    what the claim bounds: differences of recall by seed; one ratio; bytes
    holds      for each number whether the claim holds
    reason     why it does not hold or cannot be judged
    largest_batch  that fits, of a claim about a limit; 0 for none
    """

    claim: Claim
    verdict: ClaimVerdict
    setting: str | None = None
    sides: tuple[ClaimSide, ...] = ()
    seeds: tuple[int, ...] = ()
    numbers: tuple[float, ...] = ()
    holds: tuple[bool, ...] = ()
    reason: str | None = None
    condition: Condition | None = None
    largest_batch: int | None = None

    @property
    def is_compared(self) -> bool:
        """Does a comparison exist that the claim is about, whatever its outcome?"""
        return self.setting is not None

    @property
    def difference(self) -> str:
        """`+41.8 ± 1.2`, in points."""
        return Spread(self.numbers).percent("+") if self.numbers else ""

    @property
    def count(self) -> str:
        """`2 of 3`: seeds in which the claim holds."""
        return f"{sum(self.holds)} of {len(self.seeds)}" if self.seeds else ""

    @property
    def line(self) -> str:
        """The comparison with its numbers, or why none was possible."""
        if not self.sides or not self.numbers:
            return f"{self.setting}: {self.reason}" if self.setting else str(self.reason)
        sides = ", ".join(f"{side.label} {self.number_of(side)}" for side in self.sides)
        because = f"; {self.reason}" if self.reason else ""
        return f"{self.setting}: {sides}: {self.difference}, in {self.count} seeds{because}"

    @property
    def brief(self) -> str:
        """The verdict, or the number of seeds where they are too few."""
        if self.verdict is ClaimVerdict.NOT_JUDGED and self.seeds:
            return f"{len(self.seeds)} seed"
        return self.verdict.value

    @property
    def pair(self) -> str:
        """What is compared, without numbers: the side that the claim puts first is first."""
        if not self.sides:
            return self.line
        one, other = self.sides
        names = f"{one.label} > {other.label}"
        if one.is_change:
            names = f"{one.label} less than {other.label}"
        elif self.claim.kind == "ceiling":
            names = f"{other.label} below its ceiling"
        return f"{self.setting}: {names}"

    def number_of(self, side: ClaimSide) -> str:
        """Its recall, with its memory where the claim is about both."""
        if not self.claim.shows_memory or side.memory is None:
            return side.number
        return f"{side.number} at {format_bytes(side.memory)}"


def by_claim(found: Iterable[Finding]) -> list[tuple[Claim, list[Finding]]]:
    """In the order of the claims."""
    groups: dict[str, list[Finding]] = {}
    for finding in found:
        groups.setdefault(finding.claim.name, []).append(finding)
    return [(some[0].claim, some) for some in groups.values()]


def verdict_of(holds: Sequence[bool], on_average: bool = False, min_seeds: int = 1) -> ClaimVerdict:
    if len(holds) < min_seeds:
        return ClaimVerdict.NOT_JUDGED
    if all(holds):
        return ClaimVerdict.HOLDS
    return ClaimVerdict.ON_AVERAGE if on_average else ClaimVerdict.DOES_NOT_HOLD


def counted(found: Sequence[Finding]) -> str:
    """`Comparisons: 12 (holds: 7, does not hold: 5).`, or nothing where there are none."""
    numbers = Counter(finding.verdict for finding in found if finding.is_compared)
    parts = ", ".join(
        f"{verdict}: {numbers[verdict]}" for verdict in ClaimVerdict if verdict in numbers
    )
    return f"Comparisons: {numbers.total()} ({parts})." if parts else ""
