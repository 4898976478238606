"""The figures, drawn from `series.py`. With `canvas.py` all that imports matplotlib; never pyplot.

Every axis says its unit and which way is better; a run out of memory is a cross on the limit line.
"""

from collections.abc import Iterable, Sequence

from matplotlib.ticker import FixedLocator

from vbench_mem.report.draw.canvas import (
    SIZE,
    Sheet,
    Unit,
    budget_line,
    cross,
    ending_handles,
    handle,
    limits,
    log_ticks,
    page,
    placed,
    plain,
    styled,
    track_points,
)
from vbench_mem.report.series import Point
from vbench_mem.report.style import colour, look, markers


@styled
def draw_memory_frames(points: Sequence[Point], budgets: Sequence[float] = ()) -> Sheet:
    """Peak memory against frames on log axes, a line for each variant and each budget in bytes."""
    points = placed(points)
    unit, shapes = Unit.of(points), markers(points)
    lines: dict[str, list[Point]] = {}
    for point in points:
        lines.setdefault(point.series, []).append(point)
    handles = [handle(name, some[0], shapes) for name, some in lines.items()]
    handles += ending_handles(points)
    figure, (axes,) = page(1, 1, 4.2, handles)
    for name, some in lines.items():
        ran = sorted((p for p in some if p.ending == "ok"), key=lambda p: p.frames)
        (line,) = axes.plot(
            [p.frames for p in ran],
            [unit.of_point(p) for p in ran],
            color=colour(some[0].row),
            marker=shapes[look(some[0])],
            markersize=SIZE - 1,
            linewidth=1.4,
            label=name,
        )
        if ran:
            track_points(line, ran)
    for spot in crowds(points).values():
        for number, point in enumerate(spot):
            aside = 9 * (number - (len(spot) - 1) / 2)
            cross(axes, point.frames, unit.of_point(point), point, aside)
    limits(axes, points, unit, horizontal=True)
    for budget in budgets:
        budget_line(axes, budget / unit.bytes, unit)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=10)
    axes.xaxis.set_major_locator(FixedLocator(sorted({p.frames for p in points})))
    plain(axes, "x")
    log_ticks(axes)
    axes.set_xlabel("frames of a clip")
    axes.set_ylabel(f"peak allocated memory, {unit.name} (down is better)")
    return figure


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
    names = [point.series for point in points]
    left = min(0.3 + 0.078 * max(map(len, names)), 4.5)
    figure, (axes,) = page(1, 1, 0.4 + 0.27 * len(points), ending_handles(points), left)
    for place, point in enumerate(points):
        if point.ending == "oom":
            cross(axes, unit.of_point(point), place, point)
            continue
        size = unit.of_point(point)
        (bar,) = axes.barh(place, size, height=0.66, color=colour(point.row))
        track_points(bar, [point])
        axes.annotate(
            f"{size:.3g}", (size, place), (4, 0), textcoords="offset points", va="center", size=9
        )
    axes.set_yticks(range(len(points)), names)
    axes.set_ylim(len(points) - 0.4, -0.6)  # the first row on top
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.1)
    axes.set_xlim(left=0)
    limits(axes, points, unit, horizontal=False)
    axes.set_xlabel(f"peak allocated memory, {unit.name} (left is better)")
    return figure
