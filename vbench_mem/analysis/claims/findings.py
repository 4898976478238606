"""What was found of a claim: two things compared, paired by seed, and a verdict. No torch.

Sentences are made of our numbers alone: no outcome is written down here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from vbench_mem.analysis.claims.accuracy import Claim, Name
from vbench_mem.analysis.spread import Spread
from vbench_mem.base.units import format_bytes

Verdict = Literal["holds", "on average", "does not hold", "not judged"]
WORDS: dict[Verdict, str] = {
    "holds": "holds in every seed",
    "on average": "holds on average only",
    "does not hold": "does not hold",
    "not judged": "cannot be judged",
}
TINY = 1e-9  # shares are ratios of floats
FEWEST = 2  # seeds, below which nothing is known of their spread


COUNTED: dict[Verdict, str] = {
    "holds": "hold in every seed",
    "on average": "on average only",
    "does not hold": "do not hold",
    "not judged": "cannot be judged",
}
SHORT_WORDS: dict[Verdict, str] = {
    "holds": "holds",
    "on average": "on average",
    "does not hold": "no",
    "not judged": "not judged",
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two things compared: `shares` are R@1, what it loses, or a ceiling's one number."""

    label: str
    shares: Spread
    memory: int | None = None
    is_loss: bool = False

    @property
    def number(self) -> str:
        if self.is_loss:
            gained = Spread(tuple(-share for share in self.shares.values))
            word, points = ("loses", self.shares) if gained.mean <= 0 else ("gains", gained)
            return f"{word} {points.percent()} points"
        return f"{self.shares.percent()} %"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One claim on one benchmark by one pair.

    benchmark    `temporal`, `temporal V2T`; none where no pair can judge the claim
    sides        the one that is said to be ahead, and the other
    differences  of shares, by seed; `holds` says for each whether the claim is so there
    why          of a claim that cannot be judged
    """

    claim: Claim
    verdict: Verdict
    benchmark: str | None = None
    sides: tuple[Side, Side] | None = None
    seeds: tuple[int, ...] = ()
    differences: tuple[float, ...] = ()
    holds: tuple[bool, ...] = ()
    why: str | None = None

    @property
    def is_compared(self) -> bool:
        """Is there a pair that the claim is about, whatever it came to?"""
        return self.benchmark is not None

    @property
    def words(self) -> str:
        return WORDS[self.verdict]

    @property
    def difference(self) -> str:
        """`+41.8 ± 1.2`, in points."""
        return Spread(self.differences).percent("+") if self.differences else ""

    @property
    def count(self) -> str:
        """`2 of 3`: seeds in which the claim holds."""
        return f"{sum(self.holds)} of {len(self.seeds)}" if self.seeds else ""

    @property
    def line(self) -> str:
        """The comparison in as few words as tell it."""
        if self.sides is None or not self.differences:
            return f"{self.benchmark}: {self.why}" if self.benchmark else str(self.why)
        sides = ", ".join(f"{side.label} {self.told(side)}" for side in self.sides)
        because = f"; {self.why}" if self.why else ""
        return f"{self.benchmark}: {sides}: {self.difference}, in {self.count} seeds{because}"

    @property
    def brief(self) -> str:
        """The verdict in a word or two."""
        if self.verdict == "not judged" and self.seeds:
            return f"{len(self.seeds)} seed"
        return SHORT_WORDS[self.verdict]

    @property
    def pair(self) -> str:
        """What is compared, in the fewest words: the one that is said to be ahead first."""
        if self.sides is None:
            return self.line
        one, other = self.sides
        names = f"{one.label} > {other.label}"
        if one.is_loss:
            names = f"{one.label} less than {other.label}"
        elif self.claim.name == "ceiling":
            names = f"{other.label} below its ceiling"
        return f"{self.benchmark}: {names}"

    def told(self, side: Side) -> str:
        """Its number, and the memory that buys it where the claim is about that."""
        if not self.claim.costs or side.memory is None:
            return side.number
        return f"{side.number} at {format_bytes(side.memory)}"


def by_claim(found: Iterable[Finding]) -> list[tuple[Claim, list[Finding]]]:
    """In the order of the claims."""
    groups: dict[Name, list[Finding]] = {}
    for finding in found:
        groups.setdefault(finding.claim.name, []).append(finding)
    return [(some[0].claim, some) for some in groups.values()]


def verdict_of(holds: Sequence[bool], on_average: bool, fewest: int = FEWEST) -> Verdict:
    if len(holds) < fewest:
        return "not judged"
    if all(holds):
        return "holds"
    return "on average" if on_average else "does not hold"


def concluded(blank: Finding, numbers: Mapping[int, float], allowed: float = 0) -> Finding:
    """With the differences by seed, and the verdict: the claim holds where one is above 0, or where
    so much is `allowed` to be lost, no more is."""

    def is_so(difference: float) -> bool:
        return difference > TINY if not allowed else difference >= -allowed - TINY

    differences = tuple(numbers.values())
    holds = tuple(map(is_so, differences))
    on_average = bool(differences) and is_so(Spread(differences).mean)
    verdict = verdict_of(holds, on_average)
    few = f"{len(differences)} seed, and a spread needs {FEWEST}"
    return replace(
        blank,
        verdict=verdict,
        seeds=tuple(numbers),
        differences=differences,
        holds=holds,
        why=few if verdict == "not judged" else None,
    )


def counted(found: Sequence[Finding]) -> str:
    """All comparisons in one sentence; empty where there are none."""
    numbers = Counter(finding.verdict for finding in found if finding.is_compared)
    if not numbers:
        return ""
    said = [f"{numbers[verdict]} {words}" for verdict, words in COUNTED.items() if numbers[verdict]]
    return f"Of {numbers.total()} comparisons {', '.join(said)}."
