"""Peak memory against frames, or as a bar for each row.

Every axis has its unit and which way is better; a run out of memory is a cross on the limit line.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import (
    SIZE,
    Sheet,
    frames_axis,
    log_ticks,
    styled,
    track,
    track_points,
)
from vbench_mem.report.draw.labels import Labels
from vbench_mem.report.draw.many import (
    bar_page,
    bar_text,
    by_series,
    grid,
    label_axes,
    series_handles,
    share_limits,
)
from vbench_mem.report.draw.signs import (
    GREY,
    LIMIT,
    cross,
    ending_handles,
    limits,
    limits_of,
    name_level,
    with_memory,
)
from vbench_mem.report.facets import Facets
from vbench_mem.report.scheme import MemoryUnit
from vbench_mem.report.series import MemoryPoint, memory_word
from vbench_mem.report.style import BUDGET_COLOUR, LIMIT_COLOUR

PREDICTED = "predicted"
MARGIN = 0.05  # of an axis, to the left of its first mark and to the right of its last
CROWD = 60  # points, the most that crosses on one spot spread over
BUDGET: dict[str, Any] = {"color": BUDGET_COLOUR, "linewidth": 0.8, "linestyle": "-."}
PALE: dict[str, Any] = {"alpha": 0.55, "hatch": "///", "edgecolor": "white", "linewidth": 0}


@styled
def draw_memory_frames(facets: Facets[MemoryPoint], budgets: Sequence[float] = ()) -> Sheet:
    """Peak memory against frames on log axes, a line for each variant and each budget in bytes."""
    points = with_memory(facets.points)
    unit = points[0].scheme.unit
    handles = series_handles(points)
    if any(point.predicted for point in points):
        handles.append(Line2D([], [], color=GREY, linestyle="--", label=PREDICTED))
    sheet, boxes = grid(facets.panels, handles + ending_handles(points))
    for axes, panel in zip(boxes, facets.panels, strict=True):
        draw_panel(axes, with_memory(panel.points), unit)
        frames = sorted({point.frames for point in points})
        frames_axis(axes, frames)
        margin = (frames[-1] / frames[0]) ** MARGIN if len(frames) > 1 else 2.0
        axes.set_xlim(frames[0] / margin, frames[-1] * margin)  # crosses set no limits
        for budget in budgets:
            axes.axhline(
                budget / unit.bytes, label=f"budget {significant(budget / unit.bytes, 4)}", **BUDGET
            )
    share_limits(boxes)
    for axes, panel in zip(boxes, facets.panels, strict=True):
        log_ticks(axes)
        name_lines(axes, with_memory(panel.points), budgets, unit)
    label_axes(boxes, "frames of a clip", f"{memory_word(points)}, {unit.name} (down is better)")
    return sheet


def draw_panel(axes: Axes, points: Sequence[MemoryPoint], unit: MemoryUnit) -> None:
    for name, some in by_series(points).items():
        some.sort(key=lambda point: point.frames)
        draw_predicted(axes, name, some, unit)
        ran = [point for point in some if point.ending == "ok" and point.basis == "measured"]
        if ran:
            (line,) = axes.plot(
                [point.frames for point in ran],
                [point.size for point in ran],
                color=some[0].colour,
                marker=some[0].marker,
                markersize=SIZE - 1,
                linewidth=1.4,
                label=name,
            )
            track_points(line, ran)
    for spot in crowds(points).values():
        step = min(9, CROWD / len(spot))
        for number, point in enumerate(spot):
            aside = step * (number - (len(spot) - 1) / 2)
            cross(axes, point.frames, point.size, point, aside)
    for limit in limits_of(points):
        axes.axhline(limit, label=f"limit {significant(limit, 4)}", **LIMIT)


def name_lines(
    axes: Axes, points: Sequence[MemoryPoint], budgets: Sequence[float], unit: MemoryUnit
) -> None:
    """Names of limits, at the left where there is room, and of budgets, at the right."""
    labels = Labels(axes, [(point.frames, point.size) for point in points])
    for some in by_series(points).values():
        some.sort(key=lambda point: point.frames)
        labels.avoid_line([(p.frames, p.size) for p in some if p.ending == "ok"])
        labels.avoid_line([(p.frames, p.predicted / unit.bytes) for p in some if p.predicted])
    for limit in limits_of(points):
        text = f"limit {significant(limit, 4)} {unit.name}"
        name_level(labels, limit, text, LIMIT_COLOUR, at_left=True)
    for size in (budget / unit.bytes for budget in budgets):
        text = f"budget {significant(size, 4)} {unit.name}"
        name_level(labels, size, text, BUDGET_COLOUR, at_left=False)


def draw_predicted(axes: Axes, name: str, points: Sequence[MemoryPoint], unit: MemoryUnit) -> None:
    """A dashed line through what is predicted, below the measured line; marks where none is."""
    known = [(point, size) for point in points if (size := point.predicted) is not None]
    if not known:
        return
    alone = [place for place, (point, _) in enumerate(known) if point.basis == "predicted"]
    (line,) = axes.plot(
        [point.frames for point, _ in known],
        [size / unit.bytes for _, size in known],
        color=points[0].colour,
        marker=points[0].marker if alone else "",
        markevery=alone or None,
        markersize=SIZE - 2,
        linewidth=1.1,
        linestyle=(0, (4, 2)),
        label=f"{PREDICTED}: {name}",
        zorder=1.9,
    )
    if alone:
        track_points(line, [known[place][0] for place in alone], PREDICTED)
    else:
        track(line, name, groups=(*points[0].groups, PREDICTED))


def crowds(points: Iterable[MemoryPoint]) -> dict[tuple[int, int | None], list[MemoryPoint]]:
    """Runs out of memory by frames and limit: those of one spot."""
    found: dict[tuple[int, int | None], list[MemoryPoint]] = {}
    for point in points:
        if point.ending == "oom":
            found.setdefault((point.frames, point.memory), []).append(point)
    return found


@styled
def draw_memory_variants(points: Sequence[MemoryPoint]) -> Sheet:
    """Peak memory of each row as a bar, for a matrix with a single number of frames."""
    points = with_memory(points)
    handles: list[Line2D | Patch] = [*ending_handles(points)]
    if any(point.basis == "predicted" for point in points):
        handles.append(Patch(facecolor=GREY, label=PREDICTED, **PALE))
    sheet, axes = bar_page([point.series for point in points], handles)
    for place, point in enumerate(points):
        if point.ending == "oom":
            cross(axes, point.size, place, point)
            continue
        how = PALE if point.basis == "predicted" else {}
        (bar,) = axes.barh(place, point.size, height=0.66, facecolor=point.colour, **how)
        track_points(bar, [point], *([PREDICTED] if how else []))
        bar_text(axes, point.size, place)
    axes.margins(x=0.1)
    axes.set_xlim(left=0)
    limits(axes, points, horizontal=False)
    axes.set_xlabel(f"{memory_word(points)}, {points[0].scheme.unit.name} (left is better)")
    return sheet
