"""What a figure shows of many rows: panels, short legends, and a caption that says the rest."""

import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.report.predicted import prediction_of
from tests.rows import GIB, TEXT, joined_of, matrix_of, ok
from vbench_mem.analysis.join import Joined
from vbench_mem.report.draw.dispatch import draw
from vbench_mem.report.draw.memory import draw_memory_frames
from vbench_mem.report.facets import bars, facets, named_rest, spread
from vbench_mem.report.illustrate import illustrate, plans
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import PlotPoint, memory_points

BATCHES = """
about: q
axes:
  encoder: [joint_test, frame_mean_test]
  recipe: [full, mask75]
  frames: [4, 8]
  batch: [1, 2, 4, 8, 16, 32, 64, 128]
"""
VARIANTS = """
about: q
axes:
  encoder: [joint_ti16, joint_s16, joint_b16, factorized_ti16, factorized_s16, factorized_b16]
  recipe: [full, mask25, mask50, mask75, adapter64, lora64]
  frames: [16, 32]
  batch: [1, 2]
"""


def run(folder: Path, text: str) -> Joined:
    """Every row measured, with all numbers that a figure asks for."""
    matrix = matrix_of(folder, text)
    records = [
        ok(
            cell,
            GIB * cell.load.frames + number * 2**20,
            step_ms=10.0 * cell.load.frames + number,
            step_gflop=2.0 * cell.load.frames,
            clips_per_s=1000 / cell.load.frames,
            process_bytes=GIB * (cell.load.frames + 1),
            **{f"{part}_bytes": GIB // 4 for part in PARTS},
            activation_bytes=GIB * cell.load.frames + number * 2**20 - 5 * GIB // 4,
        )
        for number, cell in enumerate(matrix.cells)
    ]
    return joined_of(matrix, *records)


SVG = "{http://www.w3.org/2000/svg}"
PARTS = ("parameter", "gradient", "optimizer", "input", "temporary")


def test_a_panel_has_one_load_and_what_has_no_room_is_said(tmp_path: Path) -> None:
    found = facets(memory_points(run(tmp_path, BATCHES)), run(tmp_path, BATCHES))
    titles = [panel.title for panel in found.panels]
    assert titles == ["batch=1", "batch=2", "batch=8", "batch=16", "batch=64", "batch=128"]
    assert found.left_out == "Not drawn: batch=4, batch=32."
    for panel in found.panels:
        assert {f"batch={point.row.cell.load.batch}" for point in panel.points} == {panel.title}
        assert [point.series for point in panel.points][::2] == [
            "joint_test",
            "joint_test+mask75",
            "frame_mean_test",
            "frame_mean_test+mask75",
        ]


def test_too_many_variants_have_a_panel_for_each_family_at_the_largest_load(
    tmp_path: Path,
) -> None:
    joined = run(tmp_path, VARIANTS)
    found = facets(memory_points(joined), joined)
    assert [panel.title for panel in found.panels] == ["joint, batch=2", "factorized, batch=2"]
    assert [len({p.series for p in panel.points}) for panel in found.panels] == [18, 18]
    assert found.left_out == "Not drawn: batch=1."


def test_panels_share_their_limits_so_that_heights_compare(tmp_path: Path) -> None:
    joined = run(tmp_path, BATCHES)
    sheet = draw_memory_frames(facets(memory_points(joined), joined))
    shown = [axes for axes in sheet.axes if axes.get_visible()]
    assert len(shown) == 6
    assert len({axes.get_ylim() for axes in shown}) == len({axes.get_xlim() for axes in shown}) == 1
    assert shown[0].get_ylabel() and not shown[1].get_ylabel()


def test_a_legend_of_many_series_names_families_and_looks(tmp_path: Path) -> None:
    joined = run(tmp_path, VARIANTS)
    sheet = draw_memory_frames(facets(memory_points(joined), joined))
    names = [text.get_text() for text in sheet.legends[0].get_texts()]
    assert names[:2] == ["joint", "factorized"]
    assert "ti16+mask75" in names and len(names) == 2 + 18


def test_every_figure_has_tooltips(tmp_path: Path) -> None:
    joined = run(tmp_path, VARIANTS.replace("[1, 2]", "1"))
    drawn = {plan.name: draw(plan) for plan in plans(joined) if plan.drawer}
    assert set(drawn) == {
        *("memory_frames", "time_frames", "memory_categories", "throughput", "frontier", "cards")
    }
    for name, sheet in drawn.items():
        assert sheet.tips and all(sheet.tips.values()), name


def test_a_group_of_the_file_has_as_many_marks_as_it_is_said_to_have(tmp_path: Path) -> None:
    joined = run(tmp_path, TEXT)
    predicted = replace(joined.rows[1], prediction=prediction_of(5 * GIB), state="predicted")
    joined = replace(joined, rows=(joined.rows[0], predicted, *joined.rows[2:]))
    for figure in illustrate(plans(joined), tmp_path):
        if figure.svg is None:
            continue
        root = ElementTree.fromstring(figure.svg)
        groups = {group.get("id"): group for group in root.iter(f"{SVG}g")}
        for gid, marks in figure.tips.items():
            drawn = len(list(groups[gid].iter(f"{SVG}use")))
            assert len(marks) == (drawn or 1), (figure.name, marks)  # a bar has no marker


@pytest.mark.slow
def test_a_thousand_rows_are_drawn_in_seconds_and_small(tmp_path: Path) -> None:
    text = VARIANTS.replace("[16, 32]", "[16, 32, 64, 128, 256]").replace(
        "[1, 2]", "[1, 2, 4, 8, 16, 32]"
    )
    joined = run(tmp_path, text)
    assert len(joined.rows) == 1080
    start = time.process_time()
    pictures = illustrate(plans(joined), tmp_path)
    assert time.process_time() - start < 8
    assert max(len(picture.svg or "") for picture in pictures) < 500_000


def test_bars_of_many_rows_are_those_of_one_load(tmp_path: Path) -> None:
    joined = run(tmp_path, BATCHES.replace("[1, 2, 4", "[1, 2, 3, 5, 6, 7, 4"))
    chosen, said = bars(memory_points(joined), joined)
    assert len(chosen) == 4
    assert said == "Drawn at frames=8 batch=128, of 24 loads."
    few, nothing = bars(memory_points(joined)[:3], joined)
    assert (nothing, few[0].series) == ("", "joint_test frames=4 batch=1")


def test_a_marker_is_that_of_the_whole_matrix_in_every_figure(tmp_path: Path) -> None:
    joined = run(tmp_path, VARIANTS)
    scheme = scheme_of(joined)
    some = [PlotPoint(row=r, series=r.cell.variant, scheme=scheme) for r in joined.rows[40:60]]
    looks = {
        point.series: (point.marker, point.colour)
        for point in facets(memory_points(joined), joined).points
    }
    assert len(set(looks.values())) == len(looks)
    for point in facets(some, joined).points:
        assert (point.marker, point.colour) == looks[point.series]


@pytest.mark.parametrize(
    ("count", "most", "kept"),
    [(3, 5, [0, 1, 2]), (9, 3, [0, 4, 8]), (9, 1, [8]), (5, 4, [0, 1, 3, 4]), (0, 3, [])],
)
def test_the_first_and_the_last_stay_of_many(count: int, most: int, kept: list[int]) -> None:
    assert spread(range(count), most) == kept


def test_a_long_rest_is_cut_with_its_number() -> None:
    names = [f"batch={number}" for number in range(9)]
    assert named_rest("not drawn", names, names[:1]).endswith("batch=6 and 2 more.")
    assert named_rest("not drawn", names, names) == ""
