"""Cosines that are the same wherever they are computed, and embeddings that are refused."""

from fractions import Fraction

import pytest
import torch
from torch import Tensor

from tests.accuracy.retrieval.made import Matrix, some_answers
from vbench_mem.accuracy.retrieval.ranking import rank
from vbench_mem.accuracy.retrieval.similarity import ExactCosine, Grouped, on_grid
from vbench_mem.base.errors import UsageError


def drawn(rows: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed))


def test_a_cosine_is_equal_in_every_order_and_in_blocks_of_every_size() -> None:
    texts, clips = drawn(37, 200), drawn(41, 200, seed=1)
    whole = ExactCosine(texts, clips).block(slice(0, 37), slice(0, 41))
    order = torch.randperm(200, generator=torch.Generator().manual_seed(2))
    assert (
        ExactCosine(texts[:, order], clips[:, order]).block(slice(None), slice(None)).equal(whole)
    )
    similarity = ExactCosine(texts, clips)
    for rows, cols in ((1, 1), (1, 41), (5, 3), (37, 1)):
        for row in range(0, 37, rows):
            block = similarity.block(slice(row, row + rows), slice(7, 7 + cols))
            assert block.equal(whole[row : row + rows, 7 : 7 + cols])
    row_N, col_N = torch.randint(37, (50,)), torch.randint(41, (50,))
    assert similarity.pairs(row_N, col_N).equal(whole[row_N, col_N])


def test_a_cosine_is_the_exact_product_of_its_rounded_vectors() -> None:
    texts, clips = drawn(4, 100), drawn(3, 100, seed=1)
    block = ExactCosine(texts, clips).block(slice(None), slice(None))
    left, right = on_grid(texts).tolist(), on_grid(clips).tolist()
    for row, one in enumerate(left):
        for col, other in enumerate(right):
            products = (Fraction(a) * Fraction(b) for a, b in zip(one, other, strict=True))
            assert Fraction(float(block[row, col])) == sum(products)


@pytest.mark.parametrize("width", [1, 64, 1024])
def test_rounding_moves_a_cosine_by_less_than_stated(width: int) -> None:
    texts, clips = drawn(30, width), drawn(40, width, seed=1)
    expected = torch.nn.functional.cosine_similarity(
        texts.double()[:, None], clips.double()[None], dim=2
    )
    found = ExactCosine(texts, clips).block(slice(None), slice(None))
    assert (found - expected).abs().max() <= width**0.5 * 2.0**-26


def test_the_same_clip_twice_ties_wherever_it_stands() -> None:
    clips = drawn(101, 512, seed=1)
    clips[100] = 2 * clips[0]  # another length, the same direction
    texts = clips[:1] + drawn(1, 512) / 4
    answers = some_answers(1, 101, 1, seed=0)
    for right in (0, 100):
        found = rank(
            ExactCosine(texts, clips), type(answers)(**vars(answers) | {"right": ((right,),)})
        )
        assert found.rank_Q.tolist() == [2]


def test_length_and_floating_type_do_not_matter() -> None:
    texts, clips = drawn(9, 32).bfloat16(), drawn(8, 32, seed=1).bfloat16()
    expected = ExactCosine(texts, clips).block(slice(None), slice(None))
    for dtype in (torch.float32, torch.float64):
        longer = ExactCosine(1024 * texts.to(dtype), clips.to(dtype) / 64)
        assert longer.block(slice(None), slice(None)).equal(expected)


def test_an_embedding_of_zeros_is_as_similar_to_everything() -> None:
    clips = drawn(5, 8)
    assert ExactCosine(torch.zeros(1, 8), clips).block(slice(None), slice(None)).tolist() == [
        [0.0] * 5
    ]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_embeddings_that_are_not_finite_are_refused(dtype: torch.dtype, value: float) -> None:
    texts = drawn(100, 16).to(dtype)
    texts[17, 3] = texts[80, 0] = value
    with pytest.raises(UsageError, match=r"gallery embeddings: 2 of 100 rows .* first is row 17;"):
        ExactCosine(drawn(3, 16).to(dtype), texts)
    with pytest.raises(UsageError, match="query similarities: 2 of 100 rows"):
        Matrix(texts)


def test_embeddings_without_rows_are_refused() -> None:
    with pytest.raises(UsageError, match=r"query embeddings have shape \(0 x 4\)"):
        ExactCosine(torch.zeros(0, 4), torch.zeros(3, 4))


def test_a_group_is_as_similar_as_its_most_similar_member() -> None:
    texts, captions = drawn(6, 12), drawn(7, 12, seed=1)
    groups = ((3,), (0, 6, 2), (5, 1), (4,))
    each = ExactCosine(texts, captions)
    whole = each.block(slice(None), slice(None))
    expected = torch.stack([whole[:, list(group)].amax(1) for group in groups], dim=1)
    grouped = Grouped(each, groups)
    assert grouped.block(slice(None), slice(None)).equal(expected)
    assert grouped.block(torch.tensor([4, 2]), slice(1, 3)).equal(expected[[4, 2], 1:3])
    assert grouped.pairs(torch.tensor([0, 5]), torch.tensor([1, 2])).equal(expected[[0, 5], [1, 2]])
