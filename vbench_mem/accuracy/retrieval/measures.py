"""From ranks of queries to scores and their confidence intervals. Never sees embeddings.

Legend: Q queries, C clusters of queries, S resamples, M measures.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from vbench_mem.accuracy.retrieval.answers import CUTS, NDCG_CUT
from vbench_mem.accuracy.retrieval.evaluation import Interval
from vbench_mem.accuracy.retrieval.ranking import CHUNK_BYTES, Ranked, slices
from vbench_mem.base.errors import UsageError

MEDIAN = "median_rank"


def means_of(ranked: Ranked) -> dict[str, Tensor]:
    """By name of a score, what each query contributes to it; the score is the mean.

    Recall at k is the share of queries with any right answer among the first k, as papers on
    retrieval have it; where several are right, trec_eval calls this success and not recall.
    """
    values_Q = {f"recall_at_{k}": (ranked.rank_Q <= k).double() for k in CUTS}
    return values_Q | {
        "mean_rank": ranked.rank_Q.double(),
        "mean_average_precision": ranked.average_precision_Q,
        "ndcg": ranked.ndcg_Q,
        f"ndcg_at_{NDCG_CUT}": ranked.ndcg_cut_Q,
    }


def measures(ranked: Ranked) -> dict[str, float]:
    """Every score of one direction, by its name in `base/score_metrics.py`.

    The median of an even number of ranks is the mean of the middle two.
    """
    means = {name: float(value_Q.mean()) for name, value_Q in means_of(ranked).items()}
    middle_1 = middle_ranks(ranked.rank_Q.sort().values, torch.ones(1, len(ranked.rank_Q)))
    return means | {MEDIAN: float(middle_1)}


def intervals(
    ranked: Ranked,
    clusters: Sequence[int],
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    chunk_bytes: int = CHUNK_BYTES,
) -> dict[str, Interval]:
    """By name of a score, the percentile bootstrap interval over queries.

    `clusters` names each query's cluster, and whole clusters are drawn: the captions of one video
    are not independent (a video that is embedded badly fails with all of them), and drawn one by
    one they would make the interval too narrow.
    Memory:  at most `chunk_bytes` at a time; its size changes results only by rounding.
    Source:  Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; of clusters:
             Field and Welsh, Bootstrapping clustered data, J. R. Statist. Soc. B 69, 2007.
    """
    if resamples < 1 or not 0 < level < 1:
        raise UsageError(
            f"a bootstrap of {resamples} resamples at level {level:g} is undefined; give 1 or "
            "more, and a level between 0 and 1 such as 0.95"
        )
    means_Q = means_of(ranked)
    found_SM = resampled(ranked, means_Q, clusters, resamples, seed, chunk_bytes)
    ends = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    low_M, high_M = found_SM.quantile(ends, dim=0).tolist()
    return dict(zip([*means_Q, MEDIAN], zip(low_M, high_M, strict=True), strict=True))


def resampled(
    ranked: Ranked,
    means_Q: dict[str, Tensor],
    clusters: Sequence[int],
    resamples: int,
    seed: int,
    chunk_bytes: int,
) -> Tensor:
    """found_SM: each mean, then the median rank, of every resample."""
    names, cluster_Q = torch.tensor(clusters).unique(return_inverse=True)
    values_QM = torch.stack([*means_Q.values(), torch.ones_like(ranked.ndcg_Q)], dim=1)
    sums_CM = values_QM.new_zeros(len(names), values_QM.shape[1])
    sums_CM.index_add_(0, cluster_Q, values_QM)
    ranks_Q, order_Q = ranked.rank_Q.sort()
    cluster_Q = cluster_Q[order_Q]
    generator = torch.Generator().manual_seed(seed)
    at_once = max(1, chunk_bytes // (24 * len(names) + 16 * len(ranks_Q)))
    found = []
    for these in slices(resamples, at_once):
        shape = (these.stop - these.start, len(names))
        drawn_SC = torch.randint(len(names), shape, generator=generator)
        times_SC = torch.zeros(shape, dtype=torch.float64)
        times_SC.scatter_add_(1, drawn_SC, times_SC.new_ones(()).expand(shape))
        sums_SM = times_SC @ sums_CM
        middle_S = middle_ranks(ranks_Q, times_SC[:, cluster_Q])
        found.append(torch.column_stack([sums_SM[:, :-1] / sums_SM[:, -1:], middle_S]))
    return torch.cat(found)


def middle_ranks(ranks_Q: Tensor, times_SQ: Tensor) -> Tensor:
    """middle_S: the median of sorted ranks, each counted times_SQ times."""
    upto_SQ = times_SQ.double().cumsum(1)
    all_S1 = upto_SQ[:, -1:]
    # the number of the lower and of the upper middle one, counted from 1
    middle_S2 = torch.cat([(all_S1 + 1).div(2).floor(), all_S1.div(2).floor() + 1], dim=1)
    return ranks_Q[torch.searchsorted(upto_SQ, middle_S2)].double().mean(1)
