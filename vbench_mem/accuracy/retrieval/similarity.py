"""How similar queries and candidates are, a block at a time. Never holds the whole matrix.

Legend: Q queries, G candidates of the gallery, E shared space, N pairs, K captions of a group.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.similarity import Similarity

Numbers = Tensor | slice
GRID = 2.0**26  # cells of a coordinate between 0 and 1
LEARNED_GRID = 2.0**16
PAIRS_AT_ONCE = 16


class PairScores(Protocol):
    """Similarities in float64, on one device.

    gallery     columns of the matrix that nobody makes
    cell_bytes  of memory that a block needs for each similarity in it, when it is made
    side_bytes  ... for each of its rows and for each of its columns
    """

    gallery: int
    cell_bytes: int
    side_bytes: int
    device: torch.device

    def block(self, rows: Numbers, cols: Numbers) -> Tensor:
        """similarity_QG of some queries and candidates."""
        ...

    def pairs(self, rows_N: Tensor, cols_N: Tensor) -> Tensor:
        """similarity_N of query rows_N[i] and candidate cols_N[i], equal to those in any block."""
        ...


class ExactCosine:
    """Of embeddings, exact: the same number wherever a pair stands and whatever computes it.

    Ties must be seen, since captions and clips do come twice, and floating-point sums differ in the
    last digit with a block's shape. So vectors of length 1 are rounded to multiples of 2^-26. Their
    products are then multiples of 2^-52 and sums of these stay below 2, which float64 holds without
    rounding, in any order.

    Shapes:  query_QE, gallery_GE of any floating type, any length; a vector of zeros stays zero.
    Differs: from the exact cosine by sqrt(E) * 2^-26 at most, less than float32 would.
    Check:   equal in every order and in blocks of every size.
    """

    cell_bytes = 8

    def __init__(self, query_QE: Tensor, gallery_GE: Tensor) -> None:
        check_embeddings("query", query_QE)
        check_embeddings("gallery", gallery_GE)
        self.query_QE, self.gallery_GE = query_QE.detach(), gallery_GE.detach()
        self.gallery, self.device = len(gallery_GE), query_QE.device
        # picked, made double and rounded
        self.side_bytes = 3 * 8 * max(1, query_QE.shape[1])

    def block(self, rows: Numbers, cols: Numbers) -> Tensor:
        return on_grid(self.query_QE[rows]) @ on_grid(self.gallery_GE[cols]).T

    def pairs(self, rows_N: Tensor, cols_N: Tensor) -> Tensor:
        query_NE, found_NE = on_grid(self.query_QE[rows_N]), on_grid(self.gallery_GE[cols_N])
        return query_NE.mul_(found_NE).sum(1)


class Learned:
    """By an encoder's own similarity, of what its towers made of clips and captions.

    Rounded to multiples of 2^-16, since the sums of a learned similarity differ in their last
    digits with a block's shape, and a tie must be seen as one.
    videos_ask  are the queries clips, and the candidates captions?
    """

    def __init__(
        self, similarity: Similarity, video: Tensor, text: Tensor, *, videos_ask: bool
    ) -> None:
        self.similarity, self.videos_ask = similarity, videos_ask
        self.video, self.text, self.device = video.detach(), text.detach(), video.device
        sides = (video, text) if videos_ask else (text, video)
        self.gallery = len(sides[1])
        self.cell_bytes = 8 + similarity.bytes_per_pair
        self.side_bytes = max(each[0].numel() * each.element_size() for each in sides)
        weight = next(similarity.parameters(), None)
        self.at = self.device if weight is None else weight.device

    @torch.no_grad()
    def block(self, rows: Numbers, cols: Numbers) -> Tensor:
        clips, captions = (rows, cols) if self.videos_ask else (cols, rows)
        video, text = self.video[clips].to(self.at), self.text[captions].to(self.at)
        found_CB = self.similarity(video, text).to(self.device, torch.float64)
        found_CB = found_CB.mul_(LEARNED_GRID).round_().div_(LEARNED_GRID)
        return found_CB.T.contiguous() if self.videos_ask else found_CB

    def pairs(self, rows_N: Tensor, cols_N: Tensor) -> Tensor:
        some = zip(rows_N.split(PAIRS_AT_ONCE), cols_N.split(PAIRS_AT_ONCE), strict=True)
        return torch.cat([self.block(rows, cols).diagonal() for rows, cols in some])


class Grouped:
    """Candidates that are groups: as similar as the most similar of their members.

    A group with fewer than K members has its first one several times, which moves no maximum.
    """

    def __init__(self, each: PairScores, groups: tuple[tuple[int, ...], ...]) -> None:
        self.each, self.device, self.gallery = each, each.device, len(groups)
        most = max(map(len, groups))
        padded = [group + group[:1] * (most - len(group)) for group in groups]
        self.members_GK = torch.tensor(padded, device=each.device)
        self.cell_bytes = each.cell_bytes + 8
        self.side_bytes = each.side_bytes + 8

    def block(self, rows: Numbers, cols: Numbers) -> Tensor:
        return largest(partial(self.each.block, rows), self.members_GK[cols])

    def pairs(self, rows_N: Tensor, cols_N: Tensor) -> Tensor:
        return largest(partial(self.each.pairs, rows_N), self.members_GK[cols_N])


def largest(similarity: Callable[[Tensor], Tensor], members_NK: Tensor) -> Tensor:
    first_N, *others = members_NK.unbind(1)
    found = similarity(first_N)
    for member_N in others:
        # in place: a third block would not be in cell_bytes
        torch.maximum(found, similarity(member_N), out=found)
    return found


def on_grid(x_NE: Tensor) -> Tensor:
    """Float64 vectors of length 1 with coordinates in multiples of 2^-26; zeros stay zeros."""
    unit_NE = x_NE.to(torch.float64, copy=True)
    length_N1 = torch.linalg.vector_norm(unit_NE, dim=1, keepdim=True)
    unit_NE.div_(length_N1.clamp_min_(torch.finfo(torch.float64).tiny))
    return unit_NE.mul_(GRID).round_().div_(GRID)


def check_embeddings(name: str, x_NE: Tensor, of: str = "embeddings") -> None:
    """Raise `UsageError` for what is no matrix of numbers: a NaN compares as it likes, and would be
    a good rank to some."""
    if x_NE.ndim != 2 or not x_NE.numel():
        shape = " x ".join(map(str, x_NE.shape))
        raise UsageError(f"{name} {of} have shape ({shape}); give one row for each")
    low, high = torch.aminmax(x_NE.detach())  # passes on a NaN, and needs no memory
    if not (low.isfinite() and high.isfinite()):
        bad = (~x_NE.isfinite()).any(1).nonzero().flatten()
        raise UsageError(
            f"{name} {of}: {len(bad)} of {len(x_NE)} rows hold NaN or infinity, the first is row "
            f"{int(bad[0])}; nothing can be ranked by them, take weights from before they diverged"
        )
