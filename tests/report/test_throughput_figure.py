"""Clips per second against FLOPs, with lines of equal FLOP/s."""

from pathlib import Path

import pytest

from tests.rows import joined_of, matrix_of, ok
from vbench_mem.analysis.join import Joined
from vbench_mem.report.draw.values import draw_throughput
from vbench_mem.report.facets import facets
from vbench_mem.report.pictures.throughput import (
    level_text,
    levels,
    peak_of,
    plans,
    throughput_points,
)


def run(folder: Path, peaks: tuple[float, ...] = ()) -> Joined:
    """Rows that achieve 1.5, 3, 4.5 ... TFLOP/s at 30 clips/s, of devices with these peaks."""
    matrix = matrix_of(folder)
    records = []
    for number, cell in enumerate(matrix.cells):
        achieved = 1.5 * (number + 1)
        more = {}
        if peaks:
            more["mfu"] = achieved / peaks[number % len(peaks)]
        numbers = {"step_gflop": 1000 * achieved / 30, "clips_per_s": 30.0}
        records.append(ok(cell, achieved_tflop_per_s=achieved, **numbers, **more))
    return joined_of(matrix, *records)


def test_a_line_of_equal_speed_is_where_flops_times_clips_are_the_same(tmp_path: Path) -> None:
    joined = run(tmp_path)
    drawn = facets(throughput_points(joined), joined)
    (axes,) = draw_throughput(drawn, [(2.0, "2 TFLOP/s"), (5.0, "5 TFLOP/s")]).axes
    lines = {str(line.get_label()): line for line in axes.lines}
    for level in (2.0, 5.0):
        xs, ys = lines[f"{level:g} TFLOP/s"].get_data()
        assert [x * y for x, y in zip(xs, ys, strict=True)] == pytest.approx([1000 * level] * 2)
    assert {text.get_text() for text in axes.texts} == {"2 TFLOP/s", "5 TFLOP/s"}
    xs, ys = lines["joint_test"].get_data()
    assert (list(xs), list(ys)) == ([50.0, 100.0], [30.0, 30.0])
    assert axes.get_xlabel() == "GFLOP/clip, forward and backward (left is better)"
    assert axes.get_ylabel() == "clips/s (up is better)"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_the_lines_are_round_and_enclose_what_was_achieved(tmp_path: Path) -> None:
    assert levels(throughput_points(run(tmp_path))) == [1.0, 2.0, 5.0, 10.0, 20.0]


def test_the_peak_is_said_where_the_rows_agree_on_it(tmp_path: Path) -> None:
    rows = run(tmp_path, (312.0,)).rows
    assert peak_of(rows) == pytest.approx(312)
    assert peak_of(run(tmp_path, (312.0, 989.0)).rows) is None
    assert peak_of(run(tmp_path).rows) is None
    assert peak_of([*rows, run(tmp_path).rows[-1]]) is None  # of one it is not known
    assert level_text(20, 312) == "20 TFLOP/s, MFU 6.4 %"
    assert level_text(0.05, None) == "50 GFLOP/s"


def test_the_caption_says_what_the_lines_join(tmp_path: Path) -> None:
    (plan,) = plans(run(tmp_path, (312.0,)))
    assert "from 4 to 8" in plan.caption and "MFU is the share" in plan.caption
    assert "MFU" not in plans(run(tmp_path))[0].caption
    matrix = matrix_of(tmp_path)
    (none,) = plans(joined_of(matrix, ok(matrix.cells[0], step_gflop=3.0)))
    assert none.skipped == "no row has both measured clips/s and its GFLOP per clip"
