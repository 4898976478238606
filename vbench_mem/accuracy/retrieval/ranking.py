"""Ranks of right answers, from blocks of similarities. Never sorts or holds a whole row of them.

A wrong candidate that is as similar as a right one ranks before it: ties count against the encoder,
so that one that maps everything to one point ranks last, not first.
Legend: Q queries, G candidates of the gallery, M right answers of a query, N all right answers.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vbench_mem.accuracy.retrieval.answers import NDCG_CUT, Answers
from vbench_mem.accuracy.retrieval.similarity import PairScores
from vbench_mem.base.errors import UsageError

CHUNK_BYTES = 2**28
# Memory beside the block itself: for each cell a boolean, and 8 bytes where a query has several
# right answers; for each right answer of a row thresholds and their counts.
CELL_BYTES, RIGHT_BYTES = 9, 64


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """The result of each query; on the CPU.

    rank_Q               1 + the wrong candidates at least as similar as the query's best right one.
                         Other right answers do not count
    average_precision_Q  mean over the right answers of the precision at each one's place
    ndcg_Q, ndcg_cut_Q   discounted gain over that of the ideal order: gain is the grade itself,
                         discount 1 / log2(1 + place); of all places, and of the first 10

    A right answer's place counts the right ones before it and all wrong ones at least as similar;
    of equally similar right answers the lower graded ones are first.
    Source: trec_eval (map, ndcg, ndcg_cut), which breaks ties by the candidates' names.
    """

    rank_Q: Tensor
    average_precision_Q: Tensor
    ndcg_Q: Tensor
    ndcg_cut_Q: Tensor


@dataclass(frozen=True)
class RightPairs:
    """All right answers, those of one query together, the least similar first; of equal ones the
    highest graded first.

    start_Q, right_Q  where a query's right answers begin, and how many they are
    """

    query_N: Tensor
    item_N: Tensor
    own_N: Tensor
    grade_N: Tensor
    start_Q: Tensor
    right_Q: Tensor


@torch.no_grad()
def rank(similarity: PairScores, answers: Answers, chunk_bytes: int = CHUNK_BYTES) -> Ranked:
    """Rank every query of `answers`, by the rows and columns of `similarity`.

    Memory:  at most `chunk_bytes` at a time, and about 200 bytes for each right answer.
    Errors:  `UsageError` where `chunk_bytes` has no room for one row and one column.
    Check:   equal for every `chunk_bytes`, and to a double loop over the whole matrix.
    """
    assert similarity.gallery == answers.gallery, "one column for each candidate"
    pairs = right_pairs(similarity, answers, chunk_bytes)
    wrong_N = wrong_before(similarity, answers, pairs, chunk_bytes)
    # on the CPU, where sums are made in one order
    return scored(pairs, wrong_N.cpu())


def right_pairs(similarity: PairScores, answers: Answers, chunk_bytes: int) -> RightPairs:
    counts = [len(right) for right in answers.right]
    right_Q = torch.tensor(counts)
    query_N = torch.arange(len(counts)).repeat_interleave(right_Q)
    item_N = torch.tensor([item for right in answers.right for item in right])
    grade_N = torch.tensor([x for grades in answers.grades for x in grades], dtype=torch.float64)
    row_N = torch.tensor(answers.queries)[query_N]
    at_once = max(1, chunk_bytes // (3 * similarity.side_bytes))
    own_N = torch.cat(
        [
            similarity.pairs(rows.to(similarity.device), items.to(similarity.device)).cpu()
            for rows, items in zip(row_N.split(at_once), item_N.split(at_once), strict=True)
        ]
    )
    order_N = grade_N.argsort(descending=True, stable=True)
    order_N = order_N[own_N[order_N].argsort(stable=True)]
    order_N = order_N[query_N[order_N].argsort(stable=True)]
    start_Q = right_Q.cumsum(0) - right_Q
    return RightPairs(query_N, item_N[order_N], own_N[order_N], grade_N[order_N], start_Q, right_Q)


def wrong_before(
    similarity: PairScores, answers: Answers, pairs: RightPairs, chunk_bytes: int
) -> Tensor:
    """wrong_N: wrong candidates of the query that are at least as similar as right answer N."""
    device = similarity.device
    wrong_N = torch.empty_like(pairs.query_N)
    queries_Q = torch.tensor(answers.queries)
    rows_at_once, cols_at_once = block_sizes(
        similarity, len(queries_Q), int(pairs.right_Q.max()), chunk_bytes
    )
    for rows in slices(len(queries_Q), rows_at_once):
        first = int(pairs.start_Q[rows.start])
        these = slice(first, first + int(pairs.right_Q[rows].sum()))
        row_N = pairs.query_N[these] - rows.start
        number_N = torch.arange(these.start, these.stop) - pairs.start_Q[pairs.query_N[these]]
        # padded with infinity, which no similarity reaches
        right_QM = torch.full((rows.stop - rows.start, int(number_N.max()) + 1), math.inf)
        right_QM = right_QM.to(torch.float64)
        right_QM[row_N, number_N] = pairs.own_N[these]
        right_QM = right_QM.to(device)
        wrong_QM = torch.zeros_like(right_QM, dtype=torch.int64)
        picked_Q = queries_Q[rows].to(device)
        for cols in slices(answers.gallery, cols_at_once):
            found_QG = similarity.block(picked_Q, cols)
            # right answers are candidates too, and do not count as wrong ones
            item_N = pairs.item_N[these]
            here_N = (item_N >= cols.start) & (item_N < cols.stop)
            found_QG[row_N[here_N], item_N[here_N] - cols.start] = -math.inf
            wrong_QM += at_least(found_QG, right_QM)
        wrong_N[these] = wrong_QM.cpu()[row_N, number_N]
    return wrong_N


def at_least(found_QG: Tensor, right_QM: Tensor) -> Tensor:
    """count_QM: how many similarities of a row are at least its right_QM, which ascend."""
    most = right_QM.shape[1]
    if most == 1:
        return (found_QG >= right_QM).sum(1, keepdim=True)
    reached_QG = torch.searchsorted(right_QM, found_QG, right=True)
    one = reached_QG.new_ones(()).expand_as(reached_QG)
    count_QM = reached_QG.new_zeros(len(found_QG), most + 1).scatter_add_(1, reached_QG, one)
    return count_QM[:, 1:].flip(1).cumsum(1).flip(1)


def block_sizes(
    similarity: PairScores, queries: int, most: int, chunk_bytes: int
) -> tuple[int, int]:
    """Rows and columns of a block that `chunk_bytes` has room for: a square, or wider where rows
    or columns are few. `most` is the largest number of right answers of a query."""
    cell = similarity.cell_bytes + CELL_BYTES
    row, col = similarity.side_bytes + most * RIGHT_BYTES, similarity.side_bytes
    side = int((math.sqrt((row + col) ** 2 + 4 * cell * chunk_bytes) - row - col) / (2 * cell))
    if side < 1:
        raise UsageError(
            f"chunk_bytes {chunk_bytes} has no room for one row and one column of similarities; "
            f"give {row + col + cell} or more"
        )
    rows = min(side, queries)
    cols = min((chunk_bytes - rows * row) // (rows * cell + col), similarity.gallery)
    return min((chunk_bytes - cols * col) // (cols * cell + row), queries), cols


def slices(count: int, at_once: int) -> Iterator[slice]:
    for start in range(0, count, at_once):
        yield slice(start, min(start + at_once, count))


def scored(pairs: RightPairs, wrong_N: Tensor) -> Ranked:
    """The measures of each query, from the wrong candidates before each of its right answers."""
    query_N, grade_N, right_Q = pairs.query_N, pairs.grade_N, pairs.right_Q
    number_N = torch.arange(len(query_N)) - pairs.start_Q[query_N]
    from_top_N = right_Q[query_N] - number_N  # 1 for the most similar right answer
    place_N = from_top_N + wrong_N

    def summed(x_N: Tensor) -> Tensor:
        return x_N.new_zeros(len(right_Q)).index_add_(0, query_N, x_N)

    best_first_N = grade_N.argsort(descending=True, stable=True)
    best_first_N = best_first_N[query_N[best_first_N].argsort(stable=True)]

    def ndcg(cut: int | None = None) -> Tensor:
        ideal_N = gain(grade_N[best_first_N], number_N + 1, cut)
        return summed(gain(grade_N, place_N, cut)) / summed(ideal_N)

    return Ranked(
        rank_Q=1 + wrong_N[pairs.start_Q + right_Q - 1],
        average_precision_Q=summed(from_top_N.double() / place_N) / right_Q,
        ndcg_Q=ndcg(),
        ndcg_cut_Q=ndcg(NDCG_CUT),
    )


def gain(grade_N: Tensor, place_N: Tensor, cut: int | None) -> Tensor:
    gain_N = grade_N / torch.log2(1 + place_N.double())
    return gain_N if cut is None else gain_N.where(place_N <= cut, 0.0)
