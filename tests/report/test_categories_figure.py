"""What the peak is made of, as stacked bars."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.axes_read import legend_of
from tests.report.contrast import contrast
from tests.report.predicted import CATEGORIES, prediction_of
from tests.rows import GIB, joined_of, matrix_of, ok, oom, skipped_as_oom
from vbench_mem.analysis.join import Joined
from vbench_mem.report.draw.categories import draw_categories
from vbench_mem.report.pictures.categories import plans, stacks
from vbench_mem.report.style import CATEGORIES as STYLES
from vbench_mem.report.style import PALETTE

TEXT = "about: q\naxes: {encoder: joint_test, frames: 4, batch: [2, 4]}"


def measured(peak: int) -> dict[str, int]:
    return {f"{name}_bytes": size for name, size in prediction_of(peak).categories.items()}


def run(folder: Path) -> Joined:
    """The first row measured, the second one predicted alone."""
    matrix = matrix_of(folder, TEXT)
    joined = joined_of(matrix, ok(matrix.cells[0], 8 * GIB, **measured(8 * GIB)))
    predicted = replace(joined.rows[1], prediction=prediction_of(16 * GIB, rest=GIB))
    return replace(joined, rows=(joined.rows[0], predicted))


def test_the_parts_of_a_bar_stand_end_to_end_and_add_up_to_the_peak(tmp_path: Path) -> None:
    (axes,) = draw_categories(stacks(run(tmp_path))).axes
    rows: dict[int, list[tuple[float, float]]] = {}
    for bar in axes.patches:
        rows.setdefault(round(bar.get_y() + 0.35), []).append((bar.get_x(), bar.get_width()))
    assert [len(parts) for parts in rows.values()] == [6, 7]  # what is of no tensor is a part too
    for place, peak in ((0, 8.0), (1, 16.0)):
        ends = [x + width for x, width in rows[place]]
        assert [x for x, _ in rows[place]] == pytest.approx([0, *ends[:-1]])
        assert ends[-1] == pytest.approx(peak)
    assert [text.get_text() for text in axes.texts] == ["8", "16"]
    assert axes.get_xlabel() == "memory at the peak, GiB (left is better)"


def test_the_number_at_a_bar_is_the_peak_though_its_parts_say_less(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, TEXT)
    peak = 10 * GIB // 3  # less by what is no bar: 3.33 GiB, its parts are 3.327
    record = ok(matrix.cells[0], peak, **measured(int(0.9981 * peak)))
    (axes,) = draw_categories(stacks(joined_of(matrix, record))).axes
    assert [text.get_text() for text in axes.texts] == ["3.33"]
    assert sum(bar.get_width() for bar in axes.patches) < 3.328


def test_a_predicted_bar_is_pale_and_says_so(tmp_path: Path) -> None:
    joined = run(tmp_path)
    (axes,) = draw_categories(stacks(joined)).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["joint_test batch=2", "joint_test batch=4 (predicted)"]
    assert {bar.get_alpha() for bar in axes.patches[:6]} == {1.0}
    assert max(bar.get_alpha() or 1 for bar in axes.patches[6:]) < 1
    (plan,) = plans(joined)
    assert "Pale bars are predicted" in plan.caption


def test_where_all_is_predicted_the_axis_says_it(tmp_path: Path) -> None:
    (axes,) = draw_categories(stacks(run(tmp_path))[1:]).axes
    assert axes.get_xlabel() == "predicted memory at the peak, GiB (left is better)"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["joint_test batch=4"]


def test_a_mark_tells_its_part_and_its_share(tmp_path: Path) -> None:
    sheet = draw_categories(stacks(run(tmp_path)))
    (first,), *_ = sheet.tips.values()
    assert first.facts[0] == ("parameters", "512.0 MiB, 6.2 % of the measured peak")
    named = {marks[0].facts[0][0] for marks in sheet.tips.values()}
    assert named == {*legend_of(sheet)}


def test_a_run_out_of_memory_shows_what_it_would_have_needed(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, TEXT)
    joined = joined_of(matrix, oom(matrix.cells[0]), skipped_as_oom(matrix.cells[1]))
    assert stacks(joined) == []  # neither record has categories
    rows = tuple(replace(row, prediction=prediction_of(20 * GIB)) for row in joined.rows)
    assert [stack.basis for stack in stacks(replace(joined, rows=rows))] == ["predicted"] * 2


def test_a_measured_peak_without_categories_is_not_a_bar(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, TEXT)
    (plan,) = plans(joined_of(matrix, *(ok(cell) for cell in matrix.cells)))
    assert plan.skipped == "no row has a peak by category, neither measured nor predicted"


def test_categories_have_colours_of_their_own() -> None:
    fills = [fill for _, fill, _ in STYLES.values()]
    assert len({*fills, *PALETTE}) == len(fills) + len(PALETTE)
    assert {*CATEGORIES} == STYLES.keys() - {"rest"}
    hatches = [hatch for _, _, hatch in STYLES.values()]
    for one, two in zip(STYLES.values(), list(STYLES.values())[1:], strict=False):
        assert contrast(one[1], two[1]) > 1.2 or one[2] != two[2]
    assert len(set(hatches)) >= 4
