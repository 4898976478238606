"""Peak memory against frames, or as a bar for each row.

Every axis has its unit and which way is better; a run out of memory is a cross on the limit line.
"""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from vbench_mem.report.draw.canvas import SIZE, Sheet, styled, tips_of_points
from vbench_mem.report.draw.many import (
    BAR,
    bar_page,
    bar_text,
    by_series,
    log_page,
    plot,
    series_handles,
)
from vbench_mem.report.draw.signs import (
    GREY,
    Level,
    cross,
    draw_levels,
    draw_limits,
    ending_handles,
    limit_levels,
    name_levels,
    size_level,
)
from vbench_mem.report.facets import Facets
from vbench_mem.report.series import PlotPoint, memory_word
from vbench_mem.report.style import BUDGET_COLOUR

PREDICTED = "predicted"
CROWD = 60  # points, the most that crosses on one spot spread over
BUDGET: dict[str, Any] = {"color": BUDGET_COLOUR, "linewidth": 0.8, "linestyle": "-."}
PALE: dict[str, Any] = {"alpha": 0.55, "hatch": "///", "edgecolor": "white", "linewidth": 0}


@styled
def draw_memory_frames(facets: Facets[PlotPoint], budgets: Sequence[float] = ()) -> Sheet:
    """Peak memory against frames on log axes, a line for each variant and each budget in bytes."""
    points = facets.points
    unit = points[0].scheme.unit
    handles = series_handles(points)
    if any(point.predicted for point in points):
        handles.append(Line2D([], [], color=GREY, linestyle="--", label=PREDICTED))
    allowed = [size_level("budget", size / unit.bytes, unit, BUDGET) for size in budgets]
    return log_page(
        facets.panels,
        handles + ending_handles(points),
        lambda axes, some: draw_panel(axes, some, [*limit_levels(some), *allowed]),
        ("frames of a clip", f"{memory_word(points)}, {unit.name} (down is better)"),
        frames=sorted({point.frames for point in points}),
        label=lambda axes, some: name_levels(axes, [*limit_levels(some), *allowed]),
    )


def draw_panel(axes: Axes, points: Sequence[PlotPoint], levels: Sequence[Level]) -> None:
    for some in by_series(points).values():
        draw_predicted(axes, some)
        ran = [
            point for point in some if not point.row.is_out_of_memory and point.basis == "measured"
        ]
        if ran:
            places = [(point.frames, point.size) for point in ran]
            line = plot(axes, some[0], places, markersize=SIZE - 1, linewidth=1.4)
            tips_of_points(line, ran)
    spots: dict[tuple[int, int | None], list[PlotPoint]] = {}
    for point in points:
        if point.row.is_out_of_memory:
            spots.setdefault((point.frames, point.memory), []).append(point)
    for spot in spots.values():
        step = min(9, CROWD / len(spot))
        for number, point in enumerate(spot):
            aside = step * (number - (len(spot) - 1) / 2)
            cross(axes, point.frames, point.size, point, aside)
    draw_levels(axes, levels)


def draw_predicted(axes: Axes, points: Sequence[PlotPoint]) -> None:
    """A dashed line through what is predicted, below the measured line; marks where none is."""
    first, known = points[0], [point for point in points if point.predicted is not None]
    if not known:
        return
    alone = [place for place, point in enumerate(known) if point.basis == "predicted"]
    line = plot(
        axes,
        first,
        [(point.frames, (point.predicted or 0) / first.scheme.unit.bytes) for point in known],
        marker=first.marker if alone else "",
        markevery=alone or None,
        linewidth=1.1,
        linestyle=(0, (4, 2)),
        label=f"{PREDICTED}: {first.series}",
        zorder=1.9,
    )
    if alone:
        tips_of_points(line, [known[place] for place in alone])


@styled
def draw_memory_variants(points: Sequence[PlotPoint]) -> Sheet:
    """Peak memory of each row as a bar, for a matrix with a single number of frames."""
    handles: list[Line2D | Patch] = [*ending_handles(points)]
    if any(point.basis == "predicted" for point in points):
        handles.append(Patch(facecolor=GREY, label=PREDICTED, **PALE))

    def draw(axes: Axes, place: int) -> None:
        point = points[place]
        if point.row.is_out_of_memory:
            cross(axes, point.size, place, point)
            return
        how = PALE if point.basis == "predicted" else {}
        (bar,) = axes.barh(place, point.size, height=BAR, facecolor=point.colour, **how)
        tips_of_points(bar, [point])
        bar_text(axes, point.size, place)

    label = f"{memory_word(points)}, {points[0].scheme.unit.name}"
    sheet = bar_page([point.series for point in points], handles, draw, label)
    (axes,) = sheet.axes
    axes.set_xlim(0, 1.1 * max(point.size for point in points))  # crosses set no limits
    draw_limits(axes, points)
    return sheet
