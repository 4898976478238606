"""Figures by what they show, not by their pixels: points, marks, labels, units."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.axes_read import draw_memory_recall, drawn, legend_of, xy
from tests.report.predicted import prediction_of
from tests.rows import GIB, TEXT, joined_of, matrix_of, ok, oom, pick, score, skipped_as_oom
from vbench_mem.analysis.join import Joined
from vbench_mem.report.draw.dispatch import DRAWERS
from vbench_mem.report.draw.memory import draw_memory_frames, draw_memory_variants
from vbench_mem.report.facets import Facets, facets
from vbench_mem.report.illustrate import illustrate, plans
from vbench_mem.report.panels import recall_panels
from vbench_mem.report.series import PlotPoint, memory_budgets, memory_points


def panels_of(joined: Joined) -> Facets[PlotPoint]:
    return facets(memory_points(joined), joined)


def test_a_line_has_the_measured_peaks_by_frames(joined: Joined) -> None:
    (axes,) = draw_memory_frames(panels_of(joined)).axes
    assert xy(drawn(axes, "joint_test")) == [(4, 2.0), (8, 4.0), (16, 8.0)]
    assert xy(drawn(axes, "joint_test+mask75")) == [(4, 1.0), (8, 1.5)]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlabel() == "frames of a clip"
    assert axes.get_ylabel() == "peak allocated memory, GiB (down is better)"


def test_out_of_memory_is_a_cross_on_the_limit_not_a_gap(joined: Joined) -> None:
    (axes,) = draw_memory_frames(panels_of(joined)).axes
    tried = drawn(axes, "out of memory: frame_mean_test frames=8")
    skipped_as_oom = drawn(axes, "out of memory: frame_mean_test frames=16")
    assert (xy(tried), tried.get_marker()) == ([(8, 16.0)], "x")
    assert (xy(skipped_as_oom), skipped_as_oom.get_marker()) == ([(16, 16.0)], "x")
    assert skipped_as_oom.get_markersize() < tried.get_markersize()
    assert tried.get_color() == drawn(axes, "frame_mean_test").get_color()
    assert set(drawn(axes, "limit 16 GiB").get_ydata()) == {16.0}
    assert any(text.get_text() == "limit 16 GiB" for text in axes.texts)


def test_crosses_on_one_spot_are_drawn_side_by_side(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    joined = joined_of(matrix, *(oom(cell) for cell in matrix.cells))
    figure = draw_memory_frames(panels_of(joined))
    (axes,) = figure.axes
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert len(crosses) == 8
    spots = {
        tuple(line.get_transform().transform([[line.get_xdata()[0], 1.0]])[0]) for line in crosses
    }
    assert len(spots) == 8


def test_a_prediction_is_dashed_and_marked_where_nothing_was_measured(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    known = {"predicted_peak_bytes": 2 * GIB}
    records = [
        ok(pick(matrix, "joint_test frames=4"), 3 * GIB, **known),
        skipped_as_oom(pick(matrix, "joint_test frames=8"), 20 * GIB),
    ]
    joined = joined_of(matrix, *records)
    predicted = replace(joined.rows[2], prediction=prediction_of(5 * GIB), state="predicted")
    joined = replace(joined, rows=(*joined.rows[:2], predicted, *joined.rows[3:]))
    sheet = draw_memory_frames(panels_of(joined))
    (axes,) = sheet.axes
    solid, dashed = drawn(axes, "joint_test"), drawn(axes, "predicted: joint_test")
    assert (xy(solid), solid.get_linestyle()) == ([(4, 3.0)], "-")
    assert xy(dashed) == [(4, 2.0), (8, 20.0)]  # what was skipped would need
    assert dashed.is_dashed() and dashed.get_zorder() < solid.get_zorder()
    alone = drawn(axes, "predicted: joint_test+mask75")
    assert (xy(alone), alone.get_markevery()) == ([(4, 5.0)], [0])
    assert dashed.get_gid() is None  # both rows have marks of their own
    (mark,) = sheet.tips[str(alone.get_gid())]
    assert (mark.cell_id, dict(mark.facts)["predicted peak"]) == (predicted.cell.id, "5.00 GiB")
    assert "predicted" in {*legend_of(sheet)}


def test_a_predicted_bar_is_pale_and_hatched(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, "about: q\naxes: {encoder: joint_test, frames: 4, batch: [2, 4]}")
    joined = joined_of(matrix, ok(matrix.cells[0], 2 * GIB))
    predicted = replace(joined.rows[1], prediction=prediction_of(5 * GIB))
    joined = replace(joined, rows=(joined.rows[0], predicted))
    (axes,) = draw_memory_variants(memory_points(joined)).axes
    seen, pale = axes.patches
    assert (seen.get_hatch(), seen.get_alpha(), pale.get_hatch()) == (None, None, "///")
    assert pale.get_alpha() < 1
    by_name = {plan.name: plan for plan in plans(joined)}
    assert "hatched bars are predicted" in by_name["memory_variants"].caption


def test_one_colour_a_family_and_one_marker_a_recipe(joined: Joined) -> None:
    (axes,) = draw_memory_frames(panels_of(joined)).axes
    full, masked = drawn(axes, "joint_test"), drawn(axes, "joint_test+mask75")
    other = drawn(axes, "frame_mean_test")
    assert full.get_color() == masked.get_color() != other.get_color()
    assert full.get_marker() == other.get_marker() != masked.get_marker()


def test_the_trade_off_shows_each_origin_in_its_own_way(joined: Joined) -> None:
    (axes,) = draw_memory_recall(recall_panels(joined)).axes
    assert axes.get_title(loc="left") == "msr-vtt, text to video"
    assert axes.get_xlabel() == "peak allocated memory, GiB (left is better)"
    assert axes.get_ylabel() == "R@1, % (up is better)"
    points = {
        (xy(line)[0], line.get_fillstyle())
        for line in axes.lines
        if line.get_label() == "joint_test"
    }
    assert points == {((2.0, 40.0), "full"), ((4.0, 42.0), "full"), ((2.0, 50.0), "none")}
    cross = drawn(axes, "out of memory: frame_mean_test frames=8")
    assert xy(cross) == [(16.0, 31.0)]


def test_the_frontier_joins_our_best_rows_and_no_published_score(joined: Joined) -> None:
    figure = draw_memory_recall(recall_panels(joined))
    # frame_mean_test at 3 GiB and 30 % is beaten, the published 50 % takes no part
    assert xy(drawn(figure.axes[0], "frontier")) == [(1.0, 39.0), (2.0, 40.0), (4.0, 42.0)]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "published: a <paper>" in legend
    assert "Pareto frontier" in legend


def test_unlike_batches_have_frontiers_of_their_own(tmp_path: Path) -> None:
    text = "about: q\naxes: {encoder: joint_test, frames: 4, batch: [2, 4]}\n"
    matrix = matrix_of(tmp_path, text)
    records = [ok(cell, peak) for cell, peak in zip(matrix.cells, (GIB, 2 * GIB), strict=True)]
    (panel,) = recall_panels(joined_of(matrix, *records, scores=(score(),)))
    assert [len(best) for best in panel.frontiers.values()] == [1, 1]


def test_small_peaks_are_in_mib(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    joined = joined_of(matrix, *(ok(cell, 5 * 2**20) for cell in matrix.cells))
    (axes,) = draw_memory_frames(panels_of(joined)).axes
    assert "MiB" in axes.get_ylabel()
    assert xy(drawn(axes, "joint_test"))[0] == (4, 5.0)


def test_a_short_span_of_memory_has_labels_too(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    peaks = (round((23 + 0.7 * i) * 2**20) for i in range(8))
    records = [ok(cell, peak) for cell, peak in zip(matrix.cells, peaks, strict=True)]
    (axes,) = draw_memory_frames(panels_of(joined_of(matrix, *records))).axes
    low, high = axes.get_ylim()
    assert sum(low <= tick <= high for tick in axes.get_yticks()) >= 3


def test_a_single_number_of_frames_gives_bars_and_the_reason(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, "about: q\naxes: {encoder: joint_test, frames: 4, batch: [2, 4]}")
    small, large = matrix.cells
    joined = joined_of(matrix, ok(small, 2 * GIB), oom(large))
    pictures = {picture.name: picture for picture in illustrate(plans(joined), tmp_path)}
    assert pictures["memory_frames"].skipped == "all rows have 4 frames"
    assert "no recall at 1 is joined" in (pictures["memory_recall"].skipped or "")
    assert (tmp_path / "memory_variants.png").stat().st_size > 1000
    (axes,) = draw_memory_variants(memory_points(joined)).axes
    assert [bar.get_width() for bar in axes.patches] == [2.0]
    assert xy(drawn(axes, "out of memory: joint_test batch=4")) == [(16.0, 1)]


def test_every_plan_names_a_drawer_that_is_known(joined: Joined) -> None:
    drawers = {plan.drawer for plan in plans(joined)} - {None}
    assert drawers and drawers <= set(DRAWERS)


def test_planning_imports_no_matplotlib() -> None:
    code = "import sys, vbench_mem.report.illustrate; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_nothing_measured_is_said_and_not_drawn(tmp_path: Path) -> None:
    joined = joined_of(matrix_of(tmp_path))
    pictures = illustrate(plans(joined), tmp_path)
    assert all(picture.svg is None for picture in pictures)
    skipped = {picture.name: picture.skipped for picture in pictures}
    assert skipped["memory_frames"] == "no row has a measured or predicted peak"
    assert all(skipped.values())
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("name", ["memory_frames", "memory_recall", "time_frames"])
def test_the_same_rows_give_the_same_file(name: str, joined: Joined, tmp_path: Path) -> None:
    texts = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        illustrate([plan for plan in plans(joined) if plan.name == name], folder)
        texts.append((folder / f"{name}.svg").read_text())
    assert texts[0] == texts[1]
    assert "joint_test" in texts[0]  # text stays text


def test_a_dollar_in_a_source_is_text_and_no_formula(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    source = r"a $\frac{ paper, 5 $"
    joined = joined_of(
        matrix, ok(matrix.cells[0]), scores=(score(origin="published", source=source),)
    )
    illustrate(plans(joined), tmp_path)
    assert f"published: {source}" in (tmp_path / "memory_recall.svg").read_text()


def test_the_rightmost_peak_has_room_though_all_are_close(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    peaks = {"joint_test frames=4": 100, "joint_test frames=8": 101}
    records = [ok(pick(matrix, name), peak * GIB) for name, peak in peaks.items()]
    scores = (score(), score(value=0.41, frames=8))
    (axes,) = draw_memory_recall(recall_panels(joined_of(matrix, *records, scores=scores))).axes
    left, right = axes.get_xlim()
    assert left == 0
    assert right - 101 >= 0.0799 * right


@pytest.mark.parametrize(
    ("limit", "where", "lines"),
    [
        (16, "{}", [16.0]),
        (16, "{variant: joint_test}", [16.0]),
        (31, "{}", [31.0]),
        (33, "{}", []),  # 8 GiB is the largest peak
        (16, "{variant: tubevit_test}", []),
    ],
)
def test_a_budget_near_the_peaks_is_a_line(
    limit: int, where: str, lines: list[float], tmp_path: Path
) -> None:
    budgets = f"budgets: [{{metric: peak_alloc_bytes, where: {where}, max: {limit} GiB}}]\n"
    matrix = matrix_of(tmp_path, TEXT + budgets)
    joined = joined_of(matrix, *(ok(cell, cell.load.frames * GIB) for cell in matrix.cells))
    panels = panels_of(joined)
    allowed = memory_budgets(joined, panels.points)
    assert [size / GIB for size in allowed] == lines
    (axes,) = draw_memory_frames(panels, allowed).axes
    drawn_at = [xy(x)[0][1] for x in axes.lines if str(x.get_label()).startswith("budget")]
    assert drawn_at == lines
    assert [x.get_text() for x in axes.texts] == [f"budget {line:g} GiB" for line in lines]


def test_a_tenth_of_a_point_of_recall_does_not_fill_a_panel(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    scores = [
        score(value=0.400, origin="imported", source="mine"),
        score("frame_mean_test", 0.401, origin="imported", source="mine"),
    ]
    joined = joined_of(matrix, *(ok(cell) for cell in matrix.cells), scores=tuple(scores))
    (axes,) = draw_memory_recall(recall_panels(joined)).axes
    low, high = axes.get_ylim()
    assert high - low >= 5
    assert low < 40.0 < 40.1 < high
