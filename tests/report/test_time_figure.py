"""Step time against frames, or as bars."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.report.predicted import prediction_of
from tests.rows import GIB, joined_of, matrix_of, ok, oom, pick
from vbench_mem.analysis.join import Joined
from vbench_mem.report.draw.values import draw_time_frames, draw_time_variants
from vbench_mem.report.facets import facets
from vbench_mem.report.pictures.time import plans, time_points


def run(folder: Path, scale: float = 1.0) -> Joined:
    matrix = matrix_of(folder)
    records = [
        ok(
            pick(matrix, f"joint_test frames={frames}"),
            step_ms=scale * ms,
            step_p10_ms=scale * (ms - 5),
            step_p90_ms=scale * (ms + 15),
        )
        for frames, ms in ((4, 40.0), (8, 90.0))
    ]
    records += [
        ok(pick(matrix, "frame_mean_test frames=4"), step_ms=scale * 30.0),
        oom(pick(matrix, "frame_mean_test frames=8")),
    ]
    return joined_of(matrix, *records)


def test_medians_by_frames_with_bars_where_the_steps_spread(tmp_path: Path) -> None:
    joined = run(tmp_path)
    sheet = draw_time_frames(facets(time_points(joined), joined))
    (axes,) = sheet.axes
    lines = {str(line.get_label()): line for line in axes.lines}
    assert set(lines) == {"joint_test", "frame_mean_test"}
    assert np.array_equal(lines["joint_test"].get_xydata(), [(4, 40.0), (8, 90.0)])
    (spans,) = axes.collections  # the other series has no percentiles
    assert [path.vertices.tolist() for path in spans.get_paths()] == [
        [[4, 35.0], [4, 55.0]],
        [[8, 85.0], [8, 105.0]],
    ]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlabel() == "frames of a clip"
    assert axes.get_ylabel() == "ms/step (down is better)"
    assert spans.get_gid() is None
    (first, _) = sheet.tips[str(lines["joint_test"].get_gid())]
    assert dict(first.facts)["ms/step"] == "40"


def test_long_steps_are_in_seconds(tmp_path: Path) -> None:
    joined = run(tmp_path, scale=1000)
    (axes,) = draw_time_frames(facets(time_points(joined), joined)).axes
    assert axes.get_ylabel() == "s/step (down is better)"
    assert axes.lines[0].get_ydata().tolist() == [40.0, 90.0]


def test_no_time_is_predicted_and_none_is_shown_of_what_did_not_run(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    joined = joined_of(matrix)
    rows = tuple(replace(row, prediction=prediction_of(GIB)) for row in joined.rows)
    (plan,) = plans(replace(joined, rows=rows))
    assert (plan.drawer, plan.skipped) == (None, "no row has a measured step time")


def test_a_single_number_of_frames_gives_bars_of_time(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, "about: q\naxes: {encoder: joint_test, frames: 4, batch: [2, 4]}")
    joined = joined_of(matrix, *(ok(cell, step_ms=10.0 * cell.load.batch) for cell in matrix.cells))
    skipped, plan = plans(joined)
    assert skipped.skipped == "all rows have 4 frames"
    assert plan.name == "time_variants"
    (axes,) = draw_time_variants(time_points(joined)).axes
    assert [bar.get_width() for bar in axes.patches] == [20.0, 40.0]
    assert axes.get_xlabel() == "ms/step (left is better)"
