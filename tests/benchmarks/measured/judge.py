"""Errors of predictions, by source and family, beside those of rivals on the same runs. No torch.

Where a measurement holds what no allocator counts (the context, loaded kernels), one constant is
fitted for each source, family and card: the median difference on half of its runs, which then
judges the other half, and the other way round. So no run is judged by itself.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

from tests.benchmarks.measured.facts import Fact

FITTED = ("rise", "total")
TOO_LITTLE = -0.02  # a prediction that is short by more than this misleads


@dataclass(frozen=True)
class Judged:
    """A run with its error, as a share of what was measured; `constant` is in the prediction."""

    fact: Fact
    predicted: int
    constant: int
    errors: Mapping[str, float]

    @property
    def error(self) -> float:
        return self.errors["ours"]


@dataclass(frozen=True)
class Summary:
    """Shares of what was measured, of absolute errors; `short` is the share of the runs whose
    prediction is short by more than 2 %."""

    count: int
    median: float
    p90: float
    worst: float
    mean: float
    short: float


def judge(predicted: Sequence[tuple[Fact, int]]) -> list[Judged]:
    """The error of each, with the constant that the other half of its group gives."""
    groups = defaultdict[tuple[str, ...], list[tuple[Fact, int]]](list)
    for fact, number in predicted:
        groups[fact.source, fact.family, fact.card, fact.metric].append((fact, number))
    judged: list[Judged] = []
    for members in groups.values():
        members.sort(key=lambda member: (member[0].model, member[0].batch, member[0].where))
        halves = members[::2], members[1::2]
        for half, other in (halves, halves[::-1]):
            constants = constants_of(other)
            for fact, number in half:
                guesses = {"ours": number, **fact.rivals}
                errors = {
                    name: (guess + constants.get(name, 0)) / fact.measured - 1
                    for name, guess in guesses.items()
                }
                judged.append(Judged(fact, number, constants.get("ours", 0), errors))
    return judged


def constants_of(members: Sequence[tuple[Fact, int]]) -> dict[str, int]:
    """Bytes to add, by who predicts: of all where the context was measured with it, else of ours,
    since what xMem compares itself with is a rise too."""
    differences = defaultdict[str, list[int]](list)
    for fact, number in members:
        if fact.metric in FITTED:
            differences["ours"].append(fact.measured - number)
        if fact.metric == "total":
            for name, guess in fact.rivals.items():
                differences[name].append(fact.measured - guess)
    return {name: round(median(found)) for name, found in differences.items()}


def summarise(errors: Sequence[float]) -> Summary:
    """Raises ValueError for none."""
    if not errors:
        raise ValueError("there is no run to summarise")
    sizes = sorted(abs(error) for error in errors)
    return Summary(
        count=len(sizes),
        median=median(sizes),
        p90=sizes[ceil(0.9 * len(sizes)) - 1],
        worst=sizes[-1],
        mean=sum(sizes) / len(sizes),
        short=sum(error < TOO_LITTLE for error in errors) / len(errors),
    )


def by_group(judged: Sequence[Judged]) -> dict[tuple[str, str], list[Judged]]:
    """By source and family, in the order of the table."""
    groups = defaultdict[tuple[str, str], list[Judged]](list)
    for each in judged:
        groups[each.fact.source, each.fact.family].append(each)
    return dict(groups)
