"""Bars over seeds, levels whose labels meet nothing, and losses by stage."""

import math
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path as Line
from matplotlib.transforms import Bbox

from tests.report.axes_read import draw_memory_recall, drawn, xy
from tests.report.made import records_of, temporal, trained_matrix, trained_rows
from tests.report.predicted_rows import predict_all
from tests.rows import joined_of, matrix_of, ok, oom, score, trained
from vbench_mem.accuracy.training.curve import Curve
from vbench_mem.analysis.join import Joined
from vbench_mem.report.curves import POINTS, binned, loss_panels
from vbench_mem.report.draw.labels import Labels
from vbench_mem.report.draw.losses import draw_losses
from vbench_mem.report.exhibits.plot import recall_panel
from vbench_mem.report.illustrate import illustrate, plans
from vbench_mem.report.panels import recall_panels, sweeps
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import memory_points
from vbench_mem.report.style import NEUTRAL

PAIR = ("joint_test", "frame_mean_test")


def titles(axes: list[Axes]) -> list[str]:
    return [each.get_title(loc="left") for each in axes]


def test_each_direction_has_a_panel_with_a_bar_from_the_lowest_to_the_highest_seed(
    tmp_path: Path,
) -> None:
    figure = draw_memory_recall(recall_panels(trained_rows(tmp_path, PAIR)))
    assert titles(figure.axes) == [
        f"generated-{name}, {way}"
        for name in ("spatial", "temporal")
        for way in ("text to video", "video to text")
    ]
    axes = figure.axes[2]
    assert xy(drawn(axes, "joint_test")) == [(3.0, pytest.approx(80.0))]
    bars = [bar.get_segments()[0] for bar in axes.collections]
    assert sorted((x, round(low, 6), round(high, 6)) for (x, low), (_, high) in bars) == [
        (3.0, 79.0, 81.0),
        (5.0, 20.0, 22.0),
    ]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "lowest to highest seed" in legend


def test_chance_and_the_ceiling_of_what_is_blind_to_order_are_level_lines(tmp_path: Path) -> None:
    figure = draw_memory_recall(recall_panels(trained_rows(tmp_path, PAIR)))
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    blind = "ceiling: frame-order-invariant, 25 %"
    assert texts == [["chance, 1 %"], ["chance, 1 %"], ["chance, 1 %", blind], ["chance, 1 %"]]
    assert set(drawn(figure.axes[2], blind).get_ydata()) == {25.0}


def test_what_lies_far_below_or_above_its_levels_is_in_the_panel(tmp_path: Path) -> None:
    for share in (0.03, 0.9):
        joined = trained_rows(tmp_path, PAIR, lambda _, seed, share=share: share + 0.01 * seed)
        axes = draw_memory_recall(recall_panels(joined)).axes[2]
        low, high = axes.get_ylim()
        size = high - low
        for y in (1.0, 25.0, 100 * share, 100 * share + 2):
            assert low + 0.05 * size < y < high - 0.05 * size
        assert len(axes.texts) == 2


def test_scores_of_files_have_no_bars_and_no_levels(joined: Joined) -> None:
    (panel,) = recall_panels(joined)
    assert panel.levels == ()
    figure = draw_memory_recall([panel])
    assert list(figure.axes[0].collections) == []
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "lowest to highest seed" not in legend


def test_labels_meet_neither_marks_nor_lines_nor_each_other() -> None:
    """Against trying every pair of boxes and every line, on a crowded panel."""
    axes = Figure(figsize=(4, 3)).add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set_xlim(0, 250)
    axes.set_ylim(0, 200)
    axes.vlines([10, 60, 200], 98, 106)
    axes.plot([10, 60, 200], [102, 102, 102], "o")
    heights = [98.0, 104.0, 20.0]
    for height in heights:
        axes.axhline(height)
    labels = Labels(axes)
    for height in heights:
        labels.on_line((0, height), (250, height), ["ceiling, 25 %"], "black")
    assert len(labels.texts) == 3
    for label in labels.texts:
        assert label.count_overlaps(labels.texts) == 1  # itself
        assert not label.count_overlaps(labels.marks)
        assert not any(path.intersects_bbox(label) for path in labels.lines)
    inside = labels.inside
    for label, own in zip(labels.texts, heights, strict=True):
        lines = [labels.point(0, at)[1] for at in heights if at != own]
        assert all(not label.y0 < at < label.y1 for at in lines)
        assert inside.x0 <= label.x0 and label.x1 <= inside.x1
        assert inside.y0 <= label.y0 and label.y1 <= inside.y1


def test_a_label_that_would_cross_a_line_goes_elsewhere_or_into_two_lines(tmp_path: Path) -> None:
    """Against every piece of every line drawn, in points."""
    variants = ("joint_test+mask75", "joint_test+adapter64", "joint_test")
    made = {"joint_test+mask75": 0.15, "joint_test+adapter64": 0.40, "joint_test": 0.45}
    joined = trained_rows(tmp_path, variants, lambda variant, _: made[variant])
    axes = draw_memory_recall(recall_panels(joined)).axes[2]
    label = next(text for text in axes.texts if text.get_text().startswith("ceiling"))
    labels = Labels(axes)
    left, low = label.xyann
    lines = label.get_text().split("\n")
    box = Bbox.from_bounds(left, low, 4.4 * max(map(len, lines)), 10 * len(lines))
    drawn_lines = [line for line in axes.lines if line.get_label() in ("frontier", SWEPT)]
    assert len(drawn_lines) == 2
    for line in drawn_lines:
        assert not Line([labels.point(*place) for place in xy(line)]).intersects_bbox(box, False)


SWEPT = "mask alone: joint_test"


def test_a_line_joins_what_differs_in_its_mask_alone(tmp_path: Path) -> None:
    variants = ("joint_test", "joint_test+mask75", "joint_test+adapter64", "frame_mean_test")
    figure = draw_memory_recall(recall_panels(trained_rows(tmp_path, variants)))
    for axes in figure.axes:
        (line,) = [each for each in axes.lines if str(each.get_label()).startswith("mask alone")]
        assert [x for x, _ in xy(line)] == [3.0, 1.0]
        assert line.get_color() == drawn(axes, "joint_test").get_color()
    assert [y for _, y in xy(drawn(figure.axes[2], SWEPT))] == pytest.approx([80.0, 79.0])


def test_published_scores_are_never_part_of_a_line(tmp_path: Path) -> None:
    """Even where a masked encoder has a published score, too."""
    text = "about: q\naxes: {encoder: joint_test, recipe: [full, mask75], frames: 4, batch: 2}\n"
    matrix = matrix_of(tmp_path, text)
    records = [ok(cell) for cell in matrix.cells]
    for origin, count in (("published", 0), ("imported", 1), ("measured", 1)):
        scores = [score(mask_ratio=mask, origin=origin) for mask in (0.0, 0.75)]
        (panel,) = recall_panels(joined_of(matrix, *records, scores=tuple(scores)))
        assert len(recall_panel(panel, with_frontier=False).lines) == count
        lines = [line for line in draw_memory_recall([panel]).axes[0].lines if len(xy(line)) > 1]
        assert bool(lines) == bool(count)


def test_unlike_scores_unlike_masks_and_runs_out_of_memory_are_not_joined(tmp_path: Path) -> None:
    text = (
        "about: q\naxes:\n- {encoder: joint_test, recipe: [full, mask75], frames: 4, batch: 2}\n"
        "- {encoder: joint_test, mask: 0.5, mask_kind: frame, frames: 4, batch: 2}\n"
        "- {encoder: joint_test, recipe: mask50, frames: 4, batch: 2}\n"
    )
    matrix = matrix_of(tmp_path, text)
    full, most, whole_frames, half = matrix.cells
    points = memory_points(joined_of(matrix, ok(full), ok(most), ok(whole_frames), oom(half)))
    found = [
        [(p.row.cell.recipe.mask, p.row.cell.recipe.mask_kind) for p in s] for s in sweeps(points)
    ]
    assert found == [
        [(0.0, None), (0.75, "random")],
        [(0.0, None), (0.5, "frame")],
    ]
    scores = (score(), score(mask_ratio=0.75, protocol="fine-tuned"))
    (panel,) = recall_panels(joined_of(matrix, ok(full), ok(most), scores=scores))
    assert recall_panel(panel, with_frontier=False).lines == []


def test_an_axis_says_whether_memory_is_measured_or_predicted(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    joined = joined_of(matrix, ok(matrix.cells[0]), scores=(score(), score(frames=8)))
    predicted = predict_all(joined, matrix.cells[1:])
    for some, word in (
        (predicted.rows[:1], "peak allocated memory"),
        (predicted.rows[1:], "predicted peak memory"),
        (predicted.rows, "peak memory, measured or predicted"),
    ):
        part = replace(predicted, rows=some)
        (axes,) = draw_memory_recall(recall_panels(part)).axes
        assert axes.get_xlabel() == f"{word}, GiB (left is better)"


def test_a_loss_line_is_the_mean_over_seeds_with_a_band(tmp_path: Path) -> None:
    panels = loss_panels(trained_rows(tmp_path, PAIR))
    assert [panel.title for panel in panels] == [
        "image: single frames, batch 8",
        "video: 8 frames, batch 4",
    ]
    assert [[line.label for line in panel.lines] for panel in panels] == [
        ["shared by all"],
        list(PAIR),
    ]
    line = panels[0].lines[0]
    assert (line.seeds, len(line.steps), line.colour, line.marker) == (3, 60, NEUTRAL, "")
    assert line.steps[:2] == (1.0, 2.0)
    assert line.mean[0] == pytest.approx(3.1)  # 3.0, 3.1 and 3.2
    assert (line.low[0], line.high[0]) == pytest.approx((3.0, 3.2))
    assert panels[1].guess == pytest.approx(math.log(4))


def test_a_stage_of_some_encoders_says_whose_it_is(tmp_path: Path) -> None:
    """The image stage is one for all layouts of the same parts, and another for other parts."""
    text = (
        "about: q\naxes: {encoder: [joint_test, frame_mean_test], embed_dim: [32, 64], frames: 4, "
        "batch: 2}\naccuracy: {train: [spatial], stages: [{name: image, frames: 1, steps: 3, "
        "batch: 8}, {name: video, steps: 2, batch: 4}]}\n"
    )
    matrix = matrix_of(tmp_path, text)
    assert matrix.accuracy is not None
    joined = joined_of(matrix, *map(trained, matrix.accuracy.all))
    image, video = loss_panels(joined)
    assert [line.label for line in image.lines] == [
        "shared by joint_test,embed_dim=32 and 1 more",
        "shared by joint_test and 1 more",
    ]
    colours = scheme_of(joined).colours
    assert [line.colour for line in video.lines] == [
        *([colours["joint"]] * 2),
        *([colours["frame_mean"]] * 2),
    ]
    assert {line.colour for line in image.lines} == {NEUTRAL}


@pytest.mark.parametrize(("points", "every"), [(7, 1), (60, 1), (61, 1), (1000, 3)])
def test_points_are_means_of_neighbouring_steps_and_none_is_lost(points: int, every: int) -> None:
    losses = tuple(math.sin(number) for number in range(points))
    steps = points * every - (every - 1)  # the last point has one step
    found = binned(Curve(every=every, losses=losses, gradient_norms=()), steps)
    assert len(found) <= POINTS
    width = math.ceil(points / POINTS)
    assert [loss for _, loss in found] == pytest.approx(
        [statistics.mean(losses[at : at + width]) for at in range(0, points, width)]
    )
    assert found[0][0] == (1 + min(width * every, steps)) / 2
    assert [step for step, _ in found] == sorted(step for step, _ in found)
    assert found[-1][0] <= steps


def test_losses_are_drawn_in_the_colours_of_the_families(tmp_path: Path) -> None:
    joined = trained_rows(tmp_path, (*PAIR, "joint_test+mask75"))
    figure, colours = draw_losses(loss_panels(joined)), scheme_of(joined).colours
    image, video = figure.axes
    assert drawn(image, "shared by all").get_color() == NEUTRAL
    joint, masked = drawn(video, "joint_test"), drawn(video, "joint_test+mask75")
    assert joint.get_color() == masked.get_color() == colours["joint"]
    assert drawn(video, "frame_mean_test").get_color() == colours["frame_mean"]
    assert joint.get_marker() == drawn(video, "frame_mean_test").get_marker() != masked.get_marker()
    assert video.get_ylabel() == "loss, nats (down is better)"
    assert len(video.collections) == 3  # bands
    assert [text.get_text() for text in video.texts] == ["a guess: ln 4 = 1.39"]


def test_the_only_encoder_has_its_own_colour_and_shape_in_the_stage_on_images_too(
    tmp_path: Path,
) -> None:
    """Which nobody shares with it, though the stage's encoder is a frame-level one."""
    joined = trained_rows(tmp_path, ("joint_test",))
    figure = draw_losses(loss_panels(joined))
    (colour,) = set(scheme_of(joined).colours.values())
    image, video = (drawn(axes, "joint_test") for axes in figure.axes)
    assert image.get_color() == video.get_color() == colour
    assert image.get_marker() == video.get_marker() != ""


def test_a_wide_span_of_losses_is_on_a_log_axis(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, PAIR, "0")
    for lowest, scale in ((0.01, "log"), (1.5, "linear")):
        records = records_of(matrix)
        for record in records:
            if record.cell.training is not None:
                curve = {"every": 1, "losses": [2.0, lowest], "gradient_norms": []}
                record.details["training"]["curve"] = curve
        figure = draw_losses(loss_panels(joined_of(matrix, *records)))
        assert figure.axes[1].get_yscale() == scale


def test_the_report_has_the_figure_or_the_reason(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, PAIR)
    last = illustrate(plans(joined_of(matrix)), tmp_path)[-1]
    assert (last.name, last.skipped) == ("loss_curves", "no training has a recorded loss")
    pictures = illustrate(plans(joined_of(matrix, *records_of(matrix, temporal))), tmp_path)
    by_name = {picture.name: picture for picture in pictures}
    assert (tmp_path / "loss_curves.png").stat().st_size > 1000
    assert "the lowest and the highest seed" in by_name["memory_recall"].caption
    assert "published" not in by_name["memory_recall"].caption
    assert "its band the lowest" in by_name["loss_curves"].caption
