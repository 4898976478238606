"""What a mask draws: as many as asked, each equally often, in the order that they had."""

import pytest
import torch
from torch import Tensor

from vbench_mem.encoders.grid import Grid, Kept
from vbench_mem.encoders.masking import choose, draw
from vbench_mem.encoders.spec import MaskKind

CPU = torch.device("cpu")
GRID = Grid(4, 2, 3)


def drawn(kind: MaskKind, kept: Kept, *, anywhere: bool, clips: int = 4000) -> Tensor:
    torch.manual_seed(0)
    return draw(kind, clips, GRID, kept, anywhere, CPU)


def test_each_unit_is_chosen_equally_often_and_independently_for_each_row() -> None:
    torch.manual_seed(0)
    rows, units, count = 20_000, 8, 3
    chosen = choose(rows, units, count, CPU)
    share = torch.bincount(chosen.flatten(), minlength=units) / rows
    error = (count / units * (1 - count / units) / rows) ** 0.5  # of a share, one deviation
    assert float((share - count / units).abs().max()) < 5 * error
    assert len({tuple(row) for row in chosen.tolist()}) == 56  # all of the 8 over 3


KINDS: list[tuple[MaskKind, Kept, bool]] = [
    ("random", Kept(1, 10), True),
    ("random", Kept(4, 2), False),
    ("tube", Kept(4, 2), False),
    ("frame", Kept(2, 6), False),
]


@pytest.mark.parametrize(("kind", "kept", "anywhere"), KINDS)
def test_tokens_keep_their_order_and_each_is_kept_equally_often(
    kind: MaskKind, kept: Kept, anywhere: bool
) -> None:
    ids = drawn(kind, kept, anywhere=anywhere)
    assert ids.shape == (4000, kept.frames, kept.places)
    flat = ids.flatten(1)
    assert bool((flat.diff(dim=1) > 0).all())
    expected = kept.tokens / GRID.tokens
    share = torch.bincount(flat.flatten(), minlength=GRID.tokens) / len(flat)
    error = (expected * (1 - expected) / len(flat)) ** 0.5
    assert float((share - expected).abs().max()) < 5 * error


def test_places_are_drawn_anew_in_each_frame_unless_the_mask_is_a_tube() -> None:
    frames = torch.arange(GRID.frames)[:, None] * GRID.places
    apart = drawn("random", Kept(4, 2), anywhere=False) - frames
    alike = drawn("tube", Kept(4, 2), anywhere=False) - frames
    assert bool((alike == alike[:, :1]).all())
    same = (apart[:, 0] == apart[:, 1]).all(1).float().mean()
    assert float(same) == pytest.approx(1 / 15, abs=0.02)  # of the 6 over 2 pairs of places
