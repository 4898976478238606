"""Retrieval scores expected by chance: their mean over all orders, in closed form. No torch.

Nothing is sampled. The median rank has no expectation in closed form and is left out.
"""

import math
from collections import Counter
from collections.abc import Iterable
from functools import partial

from vbench_mem.accuracy.retrieval.answers import CUTS, NDCG_CUT, Answers


def chance_of(answers: Answers) -> dict[str, float]:
    """The expected scores of one direction, of an encoder that orders M right answers among G
    candidates at random. Without ties: by our rule for them a constant encoder scores lower.

    Check:  equals the mean over all orders of small galleries.
    Recall at k is 1 - C(G - M, k) / C(G, k), the mean rank (G + 1) / (M + 1).
    """
    G = answers.gallery
    harmonic = math.fsum(1 / place for place in range(1, G + 1))
    every, first = (sum_of_discounts(min(G, cut)) for cut in (G, NDCG_CUT))
    counts = Counter(map(len, answers.right))
    grades = Counter(answers.grades)

    def over_queries(of: Iterable[tuple[float, int]]) -> float:
        return math.fsum(value * times for value, times in of) / len(answers.right)

    found = {
        f"recall_at_{k}": over_queries((hit(G, M, k), times) for M, times in counts.items())
        for k in CUTS
    }
    precision = partial(expected_precision, G, harmonic)
    return found | {
        "mean_rank": over_queries(((G + 1) / (M + 1), times) for M, times in counts.items()),
        "mean_average_precision": over_queries((precision(M), n) for M, n in counts.items()),
        "ndcg": over_queries((share(G, each, every, None), n) for each, n in grades.items()),
        f"ndcg_at_{NDCG_CUT}": over_queries(
            (share(G, each, first, NDCG_CUT), n) for each, n in grades.items()
        ),
    }


def hit(G: int, M: int, k: int) -> float:
    """Probability that one of M right answers is among the first k of G."""
    return 1 - math.prod(max(G - M - place, 0) / (G - place) for place in range(min(k, G)))


def expected_precision(G: int, harmonic: float, M: int) -> float:
    """Expected average precision: place i is right with probability M / G, and then each of the
    i - 1 before it with (M - 1) / (G - 1)."""
    others = (M - 1) / (G - 1) if M > 1 else 0.0
    return (harmonic + others * (G - harmonic)) / G


def share(G: int, grades: tuple[float, ...], discounts: float, cut: int | None) -> float:
    """Expected nDCG: every place has the mean grade, over the ideal order's sum."""
    best = sorted(grades, reverse=True)[:cut]
    ideal = math.fsum(grade / math.log2(1 + place) for place, grade in enumerate(best, start=1))
    return math.fsum(grades) / G * discounts / ideal


def sum_of_discounts(places: int) -> float:
    return math.fsum(1 / math.log2(1 + place) for place in range(1, places + 1))
