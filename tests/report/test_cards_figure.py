"""The smallest card that holds each row."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.axes_read import legend_of
from tests.report.contrast import contrast
from tests.report.predicted import prediction_of
from tests.rows import GIB, joined_of, matrix_of, ok, oom
from vbench_mem.analysis.join import Joined
from vbench_mem.machine.cards import CARDS
from vbench_mem.report.draw.cards import draw_cards
from vbench_mem.report.pictures.cards import SIZES, Tile, card_grids, certain, plans, tile_of
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.style import CARD_COLOURS, NO_CARD

TEXT = "about: q\naxes: {encoder: joint_test, recipe: [full, mask75], frames: [4, 8], batch: 2}"


def run(folder: Path) -> Joined:
    """Measured; predicted; run out of 16 GiB where 9 were predicted; nothing at all."""
    matrix = matrix_of(folder, TEXT)
    joined = joined_of(
        matrix,
        ok(matrix.cells[0], 6 * GIB, process_bytes=7 * GIB, predicted_process_bytes=99 * GIB),
        oom(matrix.cells[2], bytes_limit=16 * GIB),
    )
    rows = list(joined.rows)
    rows[1] = replace(rows[1], prediction=prediction_of(20 * GIB, process=22 * GIB))
    rows[2] = replace(rows[2], prediction=prediction_of(8 * GIB, process=9 * GIB))
    return replace(joined, rows=tuple(rows))


def tiles_of(joined: Joined) -> list[Tile]:
    scheme = scheme_of(joined)
    return [tile_of(row, scheme) for row in joined.rows]


def test_a_field_says_the_smallest_card_and_the_bytes(tmp_path: Path) -> None:
    joined = run(tmp_path)
    grids, left_out = card_grids(tiles_of(joined), joined)
    (axes,) = draw_cards(grids).axes
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts == {
        (0, 0): "8 GB · 7 GiB",
        (1, 0): "40 GB · ~22 GiB",  # a card of 24 GB may have less
        (0, 1): "oom",
        (1, 1): "-",
    }
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "joint_test",
        "joint_test+mask75",
    ]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4", "8"]
    assert left_out == ""
    (plan,) = plans(joined)
    assert "A number after ~ is predicted" in plan.caption and "Grey fields" in plan.caption


def test_an_empty_field_says_why_when_pointed_at(tmp_path: Path) -> None:
    joined = run(tmp_path)
    grids, _ = card_grids(tiles_of(joined), joined)
    sheet = draw_cards(grids)
    told = [mark.facts[0] for marks in sheet.tips.values() for mark in marks]
    assert told[2] == ("no number", "it ran out of memory where it was predicted to fit")
    assert told[3][0] == "no number" and "no record" in told[3][1]
    assert told[0] == ("smallest card", "8 GB")
    assert legend_of(sheet) == ["8 GB", "40 GB", "no number"]


def test_a_size_is_what_every_known_card_of_it_has_for_certain() -> None:
    assert list(SIZES) == sorted(SIZES)
    for size in SIZES:
        of_size = [card for card in CARDS.values() if card.most_bytes == size * GIB]
        assert all(card.memory_bytes >= certain(size) for card in of_size)
        assert certain(size) <= size * 10**9
    assert certain(16) == CARDS["t4"].memory_bytes


@pytest.mark.parametrize(("size", "card"), [(certain(24), 24), (certain(24) + 1, 40)])
def test_the_edge_of_a_card_still_fits(size: int, card: int, tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, TEXT)
    joined = joined_of(matrix, ok(matrix.cells[0], process_bytes=size))
    assert tiles_of(joined)[0].card == card


def test_what_no_card_holds_says_so(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, TEXT)
    joined = joined_of(matrix, ok(matrix.cells[0], process_bytes=200 * GIB))
    grids, _ = card_grids(tiles_of(joined)[:1], joined)
    sheet = draw_cards(grids)
    assert sheet.axes[0].texts[0].get_text() == "> 141 GB · 200 GiB"
    assert "more than 141 GB" in legend_of(sheet)


def test_a_cpu_has_no_card_to_fit(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, TEXT)
    joined = joined_of(matrix, *(ok(cell) for cell in matrix.cells))
    rows = tuple(replace(row, prediction=prediction_of(GIB)) for row in joined.rows)
    (plan,) = plans(replace(joined, rows=rows))
    assert plan.skipped == (
        "no row has the bytes of a process on a card: a cpu has no caching allocator"
    )


def test_words_on_a_field_can_be_read_by_day_and_by_night() -> None:
    for fill, ink in (*CARD_COLOURS, NO_CARD):
        assert contrast(fill, ink) >= 4.5
    assert len(CARD_COLOURS) == len(SIZES) + 1
