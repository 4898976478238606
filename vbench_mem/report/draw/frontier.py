"""Peak memory against step time; the Pareto frontier is large and named, the rest is pale."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.report.draw.canvas import SIZE, Sheet, styled, tips_of_points
from vbench_mem.report.draw.labels import RINGS, XY, Labels
from vbench_mem.report.draw.many import by_series, log_page, plot, series_handles, time_unit
from vbench_mem.report.draw.signs import FRONTIER, grey
from vbench_mem.report.facets import Facet
from vbench_mem.report.pictures.frontier import FrontierGroup, FrontierRow

FEW = 12  # rows of a panel, above which dominated ones have no number beside them
ROOM = 1.5, 1.3  # limits beyond the outermost marks, as factors: labels stand there
Place = Callable[[FrontierRow], XY]  # memory and time in the units of the axes
DOMINATED, BEST = "dominated", "on the Pareto frontier"


@styled
def draw_frontier(compared: Sequence[FrontierGroup]) -> Sheet:
    """A panel for each group of rows that can be compared, both axes log."""
    rows = [row for group in compared for row in group.rows]
    unit, per_ms = time_unit(row.step_ms for row in rows)
    handles = series_handles(rows)
    handles += [grey("o", BEST), grey("o", DOMINATED, alpha=0.4, markersize=SIZE - 3)]
    best = max(sum(row.is_best for row in group.rows) for group in compared)
    has_line = best > 1 and not compared[0].has_recall
    if has_line:
        handles.append(Line2D([], [], label="Pareto frontier", **FRONTIER))

    def place(row: FrontierRow) -> XY:
        return row.size, row.step_ms * per_ms

    def draw(axes: Axes, some: Sequence[FrontierRow]) -> None:
        for series in by_series(some).values():
            for is_best in (False, True):
                draw_marks(axes, [row for row in series if row.is_best is is_best], place)
        if has_line:
            line = sorted(place(row) for row in some if row.is_best)
            axes.plot(*zip(*line, strict=True), zorder=1.8, label="frontier", **FRONTIER)

    return log_page(
        [Facet(title=group.title, points=list(group.rows)) for group in compared],
        handles,
        draw,
        (
            f"peak allocated memory, {rows[0].scheme.unit.name} (left is better)",
            f"{unit}/step (down is better)",
        ),
        room=ROOM,
        label=lambda axes, some: draw_names(axes, some, place),
    )


def draw_marks(axes: Axes, rows: Sequence[FrontierRow], place: Place) -> None:
    """Of one series, and either of the frontier or dominated."""
    if not rows:
        return
    first = rows[0]
    how: dict[str, Any] = {"markersize": SIZE + 1.5, "zorder": 3, "label": first.series}
    if not first.is_best:
        label = f"{DOMINATED}: {first.series}"
        how = {"markersize": SIZE - 2.5, "zorder": 2, "label": label, "alpha": 0.4}
    line = plot(axes, first, map(place, rows), linestyle="", **how)
    tips_of_points(line, rows)


def draw_names(axes: Axes, rows: Sequence[FrontierRow], place: Place) -> None:
    """Names of the frontier, then recalls of the other rows where there is room."""
    labels = Labels(axes)
    many = len({row.frames for row in rows}) > 1
    for row in sorted(rows, key=lambda row: not row.is_best):
        text = "" if row.recall is None else f"{100 * row.recall:.1f} %"
        if row.is_best:
            frames = f"{row.frames} fr" if many else ""
            text = " ".join(filter(None, (row.series, frames, text)))
        elif len(rows) > FEW:
            continue
        if text:
            size, rings = (8, RINGS) if row.is_best else (7, 1)
            labels.at_mark(place(row), text, row.colour, size, rings)
