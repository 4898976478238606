"""Figure 3 of the paper: memory against the tokens of a clip that a training step sees."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from vbench_mem.base.metrics import show
from vbench_mem.report.draw.canvas import SIZE, Shapes, Sheet, page, styled, track, track_points
from vbench_mem.report.draw.many import series_handles
from vbench_mem.report.draw.recall import draw_panel, line_handles
from vbench_mem.report.draw.signs import (
    Unit,
    cross,
    ending_handles,
    grey,
    limits,
    marker,
    origin_handles,
)
from vbench_mem.report.exhibits.patches import EMBED, Spent
from vbench_mem.report.marks import mark_of
from vbench_mem.report.panels import Panel, sweeps
from vbench_mem.report.series import memory_word
from vbench_mem.report.style import colour, groups, markers

NEAR = 0.03  # of the height, within which marks on one number of tokens are set aside
ASIDE = 5.0  # points
EMBEDDING = "embedding, unmasked"


@styled
def draw_patches(rows: Sequence[Spent], panels: Sequence[Panel]) -> Sheet:
    """Memory by tokens, then a panel for each data set that we have a recall of."""
    points = [each.point for each in rows]
    scored = [point for panel in panels for point in panel.points]
    unit, shapes = Unit.of(points), markers([*points, *scored])
    handles = [*series_handles(points, shapes), *origin_handles(scored), *ending_handles(points)]
    handles += line_handles(panels)
    if any(each.embed for each in rows):
        handles.append(grey("s", EMBEDDING))
    columns = min(2, 1 + len(panels))
    high = 4.2 if columns == 1 else 3.0
    sheet, boxes = page(math.ceil((1 + len(panels)) / columns), columns, high, handles)
    draw_tokens(boxes[0], rows, unit, shapes)
    for axes, panel in zip(boxes[1:], panels, strict=False):
        draw_panel(axes, panel, unit, shapes)
    for axes in boxes[1 + len(panels) :]:
        axes.set_visible(False)
    return sheet


def draw_tokens(axes: Axes, rows: Sequence[Spent], unit: Unit, shapes: Shapes) -> None:
    """The training peak as a mark, that of embedding as a pale square; masks joined."""
    tokens = {each.point.row.cell.id: each.tokens for each in rows}
    for line in sweeps(each.point for each in rows):
        xs = [tokens[point.row.cell.id] for point in line]
        (drawn,) = axes.plot(
            xs,
            [unit.of_point(point) for point in line],
            color=colour(line[0].row),
            linewidth=1,
            alpha=0.7,
            label=f"mask alone: {line[0].series}",
        )
        track(drawn, line[0].series, groups=groups(line[0])[:1])
    largest = max(unit.of_point(each.point) for each in rows)
    for each, aside in zip(rows, asides(rows, NEAR * largest * unit.bytes), strict=True):
        draw_spent(axes, each, aside, unit, shapes)
    limits(axes, [each.point for each in rows], unit, horizontal=True)
    axes.set_xlim(0, 1.1 * max(tokens.values()))
    axes.set_ylim(0, 1.12 * largest)
    axes.set_xlabel("tokens of a clip in a training step")
    axes.set_ylabel(f"{memory_word(e.point for e in rows)}, {unit.name} (down is better)", size=9)
    axes.set_title("memory of a step and of embedding", size=10, loc="left")


def draw_spent(axes: Axes, each: Spent, aside: float, unit: Unit, shapes: Shapes) -> None:
    point = each.point
    at = unit.of_point(point)
    if point.ending == "oom":
        cross(axes, each.tokens, at, point, aside)
        return
    shift = ScaledTranslation(aside / 72, 0, axes.figure.dpi_scale_trans)
    (mark,) = axes.plot(
        [each.tokens],
        [at],
        linestyle="",
        label=point.series,
        transform=axes.transData + shift,
        **marker(point, shapes),
    )
    track_points(mark, [point])
    if each.embed:
        (pale,) = axes.plot(
            [each.tokens],
            [each.embed / unit.bytes],
            linestyle="",
            marker="s",
            markersize=SIZE - 2,
            markeredgewidth=0,
            color=colour(point.row),
            alpha=0.45,
            label=f"embedding: {point.series}",
            transform=axes.transData + shift,
        )
        facts = [("embedding", show(EMBED, each.embed))]
        track(pale, point.series, [mark_of(point.row, facts)], (*groups(point), EMBEDDING))


def asides(rows: Sequence[Spent], near: float) -> list[float]:
    """How far each mark is set to the right, in points, so that marks on one spot are all seen."""
    found = [0.0] * len(rows)
    for place, each in enumerate(rows):
        crowd = [
            other
            for other, row in enumerate(rows)
            if row.tokens == each.tokens
            and abs((row.point.memory or 0) - (each.point.memory or 0)) < near
        ]
        found[place] = 2 * ASIDE * (crowd.index(place) - (len(crowd) - 1) / 2)
    return found
