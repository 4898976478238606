"""Peak memory against frames, or as a bar for each row.

Every axis says its unit and which way is better; a run out of memory is a cross on the limit line.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator

from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import (
    SIZE,
    Shapes,
    Sheet,
    log_ticks,
    plain,
    styled,
    track,
    track_points,
)
from vbench_mem.report.draw.labels import Labels, along
from vbench_mem.report.draw.many import (
    bar_page,
    bar_text,
    by_series,
    grid,
    label_axes,
    series_handles,
    share_limits,
)
from vbench_mem.report.draw.signs import Unit, cross, ending_handles, limits, placed
from vbench_mem.report.facets import Facets
from vbench_mem.report.series import Point, memory_word
from vbench_mem.report.style import BUDGET_COLOUR, LIMIT_COLOUR, colour, groups, look

PREDICTED = "predicted"
MARGIN = 0.05  # of an axis, to the left of its first mark and to the right of its last
CROWD = 60  # points, the most that crosses on one spot spread over
LIMIT: dict[str, Any] = {"color": LIMIT_COLOUR, "linewidth": 1, "linestyle": ":"}
BUDGET: dict[str, Any] = {"color": BUDGET_COLOUR, "linewidth": 0.8, "linestyle": "-."}
ALONG = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
PALE: dict[str, Any] = {"alpha": 0.55, "hatch": "///", "edgecolor": "white", "linewidth": 0}


@styled
def draw_memory_frames(facets: Facets[Point], budgets: Sequence[float] = ()) -> Sheet:
    """Peak memory against frames on log axes, a line for each variant and each budget in bytes."""
    points = placed(facets.places)
    unit = Unit.of(points)
    handles = series_handles(points, facets.shapes)
    if any(point.predicted for point in points):
        handles.append(Line2D([], [], color="#555555", linestyle="--", label=PREDICTED))
    sheet, boxes = grid(facets.panels, handles + ending_handles(points))
    for axes, panel in zip(boxes, facets.panels, strict=True):
        draw_panel(axes, placed(panel.places), unit, facets.shapes)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=10)
        frames = sorted({point.frames for point in points})
        margin = (frames[-1] / frames[0]) ** MARGIN if len(frames) > 1 else 2.0
        axes.set_xlim(frames[0] / margin, frames[-1] * margin)  # crosses set no limits
        axes.xaxis.set_major_locator(FixedLocator(frames))
        plain(axes, "x")
        for budget in budgets:
            axes.axhline(
                budget / unit.bytes, label=f"budget {significant(budget / unit.bytes, 4)}", **BUDGET
            )
    share_limits(boxes)
    for axes, panel in zip(boxes, facets.panels, strict=True):
        log_ticks(axes)
        name_lines(axes, placed(panel.places), budgets, unit)
    up = f"{memory_word(points)}, {unit.name} (down is better)"
    label_axes(boxes, "frames of a clip", up)
    return sheet


def draw_panel(axes: Axes, points: Sequence[Point], unit: Unit, shapes: Shapes) -> None:
    for name, some in by_series(points).items():
        some.sort(key=lambda point: point.frames)
        draw_predicted(axes, name, some, unit, shapes)
        ran = [point for point in some if point.ending == "ok" and point.basis == "measured"]
        if ran:
            (line,) = axes.plot(
                [point.frames for point in ran],
                [unit.of_point(point) for point in ran],
                color=colour(some[0].row),
                marker=shapes[look(some[0])],
                markersize=SIZE - 1,
                linewidth=1.4,
                label=name,
            )
            track_points(line, ran)
    for spot in crowds(points).values():
        step = min(9, CROWD / len(spot))
        for number, point in enumerate(spot):
            aside = step * (number - (len(spot) - 1) / 2)
            cross(axes, point.frames, unit.of_point(point), point, aside)
    for limit in limits_of(points, unit):
        axes.axhline(limit, label=f"limit {significant(limit, 4)}", **LIMIT)


def limits_of(points: Iterable[Point], unit: Unit) -> list[float]:
    """The limits that something ran into."""
    return sorted({unit.of_point(point) for point in points if point.ending == "oom"})


def name_lines(axes: Axes, points: Sequence[Point], budgets: Sequence[float], unit: Unit) -> None:
    """Names of limits, at the left where there is room, and of budgets, at the right."""
    labels = Labels(axes, [(point.frames, unit.of_point(point)) for point in points])
    for some in by_series(points).values():
        some.sort(key=lambda point: point.frames)
        ran = [(float(p.frames), unit.of_point(p)) for p in some if p.ending == "ok"]
        needs = [(p.frames, p.predicted / unit.bytes) for p in some if p.predicted]
        for place in (*along(ran), *along(needs)):
            labels.avoid(*place, far=1.0)
    left, right = axes.get_xlim()
    across = [left * (right / left) ** share for share in (0.0, *ALONG, 1.0)]
    for limit in limits_of(points, unit):
        text = f"limit {significant(limit, 4)} {unit.name}"
        labels.on_line([(x, limit) for x in across], text, LIMIT_COLOUR, 9)
    for budget in budgets:
        size = budget / unit.bytes
        text = f"budget {significant(size, 4)} {unit.name}"
        labels.on_line([(x, size) for x in reversed(across)], text, BUDGET_COLOUR, 9)


def draw_predicted(
    axes: Axes, name: str, points: Sequence[Point], unit: Unit, shapes: Shapes
) -> None:
    """A dashed line through what is predicted, beneath what is measured; marks where nothing is."""
    known = [(point, size) for point in points if (size := point.predicted) is not None]
    if not known:
        return
    alone = [place for place, (point, _) in enumerate(known) if point.basis == "predicted"]
    (line,) = axes.plot(
        [point.frames for point, _ in known],
        [size / unit.bytes for _, size in known],
        color=colour(points[0].row),
        marker=shapes[look(points[0])] if alone else "",
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
        track(line, name, groups=(*groups(points[0]), PREDICTED))


def crowds(points: Iterable[Point]) -> dict[tuple[int, int | None], list[Point]]:
    """Runs out of memory by frames and limit: those of one spot."""
    found: dict[tuple[int, int | None], list[Point]] = {}
    for point in points:
        if point.ending == "oom":
            found.setdefault((point.frames, point.memory), []).append(point)
    return found


@styled
def draw_memory_variants(points: Sequence[Point]) -> Sheet:
    """Peak memory of each row as a bar, for a matrix with a single number of frames."""
    points = placed(points)
    unit = Unit.of(points)
    handles: list[Line2D | Patch] = [*ending_handles(points)]
    if any(point.basis == "predicted" for point in points):
        handles.append(Patch(facecolor="#555555", label=PREDICTED, **PALE))
    sheet, axes = bar_page([point.series for point in points], handles)
    for place, point in enumerate(points):
        if point.ending == "oom":
            cross(axes, unit.of_point(point), place, point)
            continue
        size = unit.of_point(point)
        how = PALE if point.basis == "predicted" else {}
        (bar,) = axes.barh(place, size, height=0.66, facecolor=colour(point.row), **how)
        track_points(bar, [point], *([PREDICTED] if how else []))
        bar_text(axes, size, place)
    axes.margins(x=0.1)
    axes.set_xlim(left=0)
    limits(axes, points, unit, horizontal=False)
    axes.set_xlabel(f"{memory_word(points)}, {unit.name} (left is better)")
    return sheet
