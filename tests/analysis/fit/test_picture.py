"""The picture by what it shows, not by its pixels."""

from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tests.analysis.fit.made import MIB, TEXT, answers_of
from vbench_mem.analysis.fit.limit import FitLimit
from vbench_mem.analysis.fit.solve import FitAnswer
from vbench_mem.report.draw.fit import curve_of, draw_fit
from vbench_mem.report.fit.written import write_fit
from vbench_mem.report.style import PALETTE

LIMIT = 500 * MIB


@pytest.fixture
def answers(tmp_path: Path) -> list[FitAnswer]:
    return answers_of(tmp_path, LIMIT)


def drawn(axes: Axes, label: str) -> Line2D:
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return line


def xy(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(*line.get_data(), strict=True)]


def test_a_line_for_each_variant_and_its_most_frames_below_the_limit(
    answers: list[FitAnswer],
) -> None:
    (axes,) = draw_fit(answers, "a card, 500 MiB", "predicted memory").axes
    assert xy(drawn(axes, "most: joint_test")) == [(20, 500.0)]
    assert xy(drawn(axes, "most: joint_test+mask75")) == [(40, 500.0)]
    assert xy(drawn(axes, "frames: joint_test")) == [(4, 180.0), (8, 260.0)]
    assert set(drawn(axes, "limit").get_ydata()) == {500.0}
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_ylabel() == "predicted memory, MiB"
    assert axes.get_title(loc="left") == "batch 2"


def test_checkpointed_lines_are_dashed_and_of_the_same_colour(answers: list[FitAnswer]) -> None:
    (axes,) = draw_fit(answers, "a card", "memory").axes
    kept, recomputed = drawn(axes, "joint_test"), drawn(axes, "joint_test checkpoint")
    assert (kept.get_linestyle(), recomputed.get_linestyle()) == ("-", "--")
    assert kept.get_color() == recomputed.get_color() == PALETTE[0]
    assert drawn(axes, "frame_mean_test").get_color() == PALETTE[1]


def test_every_variant_once_and_the_limit_are_in_the_legend(answers: list[FitAnswer]) -> None:
    figure = draw_fit(answers, "h100-80, 74.51 GiB", "memory")
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    names = ["joint_test", "joint_test+mask75", "frame_mean_test", "frame_mean_test+mask75"]
    assert legend[:4] == names
    assert legend[-1] == "h100-80, 74.51 GiB"
    assert len(set(legend)) == len(legend)


def test_a_panel_for_each_batch(tmp_path: Path) -> None:
    answers = answers_of(tmp_path, LIMIT, TEXT.replace("batch: 2", "batch: [1, 2]"))
    panels = draw_fit(answers, "a card", "memory").axes
    assert [axes.get_title(loc="left") for axes in panels] == ["batch 1", "batch 2"]
    assert xy(drawn(panels[0], "most: joint_test")) == [(40, 500.0)]
    assert xy(drawn(panels[1], "most: joint_test")) == [(20, 500.0)]


def test_what_fits_nowhere_is_drawn_above_the_limit(tmp_path: Path) -> None:
    answers = answers_of(tmp_path, 50 * MIB)
    (axes,) = draw_fit(answers, "a card", "memory").axes
    assert not [line for line in axes.lines if str(line.get_label()).startswith("most")]
    assert xy(drawn(axes, "frames: joint_test")) == [(4, 180.0), (8, 260.0)]


def test_a_curve_is_straight_in_bytes_and_goes_through_every_prediction() -> None:
    sizes = {16: 1016, 64: 1064, 100: 1100}
    curve = curve_of(sizes)
    assert [y for x, y in curve] == pytest.approx([1000 + x for x, _ in curve])
    assert {(16.0, 1016), (64.0, 1064), (100.0, 1100)} <= set(curve)
    assert curve_of({8: 5}) == [(8.0, 5)]


def test_the_files_of_a_fit(answers: list[FitAnswer], tmp_path: Path) -> None:
    memory_limit = FitLimit("a card", LIMIT, "cuda")
    written = write_fit(answers, memory_limit, "small", tmp_path)
    assert [path.name for path in written] == ["fit.csv", "fit.md", "fit.png", "fit.svg"]
    assert all(path.stat().st_size > 100 for path in written)
    text = (tmp_path / "fit.md").read_text()
    assert text.startswith("# What of small fits a card, 500.0 MiB\n")
    assert "| joint_test+mask75 | no | 40 | 20 | 10 |" in text
    assert "a card, 500.0 MiB" in (tmp_path / "fit.svg").read_text()


def test_without_any_prediction_there_is_a_table_and_no_picture(tmp_path: Path) -> None:
    from vbench_mem.analysis.fit.solve import Unpredictable
    from vbench_mem.matrix.cell import Cell

    def size(cell: Cell) -> int:
        raise Unpredictable("not known")

    answers = answers_of(tmp_path, LIMIT, size=size)
    written = write_fit(answers, FitLimit("a card", LIMIT, "cuda"), "small", tmp_path)
    assert [path.name for path in written] == ["fit.csv", "fit.md"]
    assert "- joint_test: not known" in (tmp_path / "fit.md").read_text()


def test_lines_of_one_family_that_differ_in_a_setting_are_told_apart(tmp_path: Path) -> None:
    axes = "{encoder: joint_test, dtype: [float32, bfloat16], frames: [4, 8], batch: 2}"
    answers = answers_of(tmp_path, LIMIT, f"about: q\naxes: {axes}\n")
    figure = draw_fit(answers, "a card", "memory")
    handles = figure.legends[0].legend_handles[:2]
    looks = [(it.get_color(), it.get_marker()) for it in handles if isinstance(it, Line2D)]
    assert len(set(looks)) == len(looks) == 2
