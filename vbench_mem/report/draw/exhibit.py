"""The paper's figures: marks and bars in lanes or by number, under panels of recall."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from vbench_mem.report.draw.canvas import SIZE as MARKER
from vbench_mem.report.draw.canvas import PageRow, Sheet, page_of, set_tips, styled
from vbench_mem.report.draw.labels import width
from vbench_mem.report.draw.many import (
    BAR,
    HIGH,
    LOW,
    bar_text,
    left_of,
    name_lanes,
    plot,
    series_handles,
)
from vbench_mem.report.draw.signs import (
    FRONTIER,
    GREY,
    LEVEL,
    Level,
    cross,
    draw_levels,
    draw_limits,
    ending_handles,
    grey,
    limit_levels,
    marker,
    name_levels,
    origin_handles,
)
from vbench_mem.report.exhibits.plot import ExhibitFigure, ExhibitMark, ExhibitPanel
from vbench_mem.report.marks import mark_of
from vbench_mem.report.panels import RecallLevel
from vbench_mem.report.style import LIMIT_COLOUR

GAP, TIGHT = 0.25, 0.2  # inches: between panels, between rows
LEAST_SPAN = 5.0  # points of recall on an axis
SIZE = 9  # of names, in points
EDGE, TEXT = 0.09, 0.16  # of the width: beyond the outermost marks, and for a text there
WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


@styled
def draw_exhibit(figure: ExhibitFigure) -> Sheet:
    sheet, found = page_of(page_rows(figure), handles_of(figure))
    lanes = []
    for boxes, row in zip(found, figure.rows, strict=True):
        for axes, panel in zip(boxes, row, strict=False):
            draw_panel(axes, panel)
        for axes in boxes[len(row) :]:
            axes.remove()
        if row[0].names:
            lanes.append(boxes[0])
            for axes in boxes[1:]:
                axes.tick_params(labelleft=False)
    share_memory_axis(lanes)
    if lanes and figure.panels[0].level:
        name_level(lanes[0], *figure.panels[0].level)
    return sheet


def page_rows(figure: ExhibitFigure) -> list[PageRow]:
    """Low rows of lanes; of other panels those of one row are as wide as those of the next."""
    numbers = [panel for panel in figure.panels if not panel.names]
    across = max((len(row) for row in figure.rows if not row[0].names), default=1)
    alone = PageRow(HIGH if len(numbers) == 1 and len(figure.rows) == 1 else LOW, (1.0,) * across)
    names = [name for panel in figure.panels for name in panel.names]
    left = left_of(names, SIZE) if names else 0.0
    found: list[PageRow] = []
    for row in figure.rows:
        pitch = figure.pitch[bool(found)]
        below = PageRow.below if row is figure.rows[-1] else TIGHT
        shares = tuple(panel.share for panel in row)
        height = 0.1 + pitch * len(row[0].names)
        lanes = PageRow(height, shares, left, between=GAP, below=below)
        found.append(lanes if row[0].names else alone)
    return found


def share_memory_axis(boxes: Sequence[Axes]) -> None:
    """Memory at several loads on equal axes, numbered at the last, so that it can be compared."""
    if len(boxes) > 1:
        right = max(axes.get_xlim()[1] for axes in boxes)
        for axes in boxes:
            axes.set_xlim(0, right)
            axes.tick_params(labelbottom=axes is boxes[-1])


def handles_of(figure: ExhibitFigure) -> list[Line2D]:
    marks = figure.marks
    placed = [mark.point for panel in figure.panels if panel.memory for mark in panel.marks]
    handles = series_handles(mark.point for mark in marks) if figure.names_series else []
    handles += [grey(shape, name) for name, shape in figure.shapes.items()]
    handles += origin_handles(mark.score for mark in marks) + ending_handles(placed)
    if any(mark.span for mark in marks):
        handles.append(grey("|", "lowest to highest seed"))
    if figure.has_lines:
        handles.append(Line2D([], [], color="#333333", linewidth=1, label="mask alone differs"))
    if any(panel.frontiers for panel in figure.panels):
        handles.append(Line2D([], [], label="Pareto frontier", **FRONTIER))
    if any(mark.kind == "pale" for mark in marks):
        handles.append(grey("s", "embedding, unmasked"))
    return handles


def draw_panel(axes: Axes, panel: ExhibitPanel) -> None:
    axes.set_title(panel.title, size=10, loc="left", pad=4)
    axes.set_xlabel(panel.x_label, size=9)
    axes.set_ylabel(panel.y_label, size=9)
    if panel.names:
        name_lanes(axes, panel.names, SIZE)
        axes.tick_params(axis="y", length=0)
    if panel.note:
        axes.annotate(panel.note, (0.5, 0.5), xycoords="axes fraction", ha="center", size=9)
        axes.set_xticks([])
        return
    for best in panel.frontiers:
        axes.plot(*zip(*best, strict=True), zorder=1, label="frontier", **FRONTIER)
    for line in panel.lines:
        how = {"marker": "", "linewidth": 1, "alpha": 0.7, "zorder": 1.5}
        label = f"mask alone: {line[0].point.series}"
        plot(axes, line[0].point, [(mark.x, mark.y) for mark in line], label=label, **how)
    for mark in panel.marks:
        if panel.memory and mark.point.row.is_out_of_memory:
            cross(axes, mark.x, mark.y, mark.point, mark.aside)
        else:
            draw_mark(
                axes, mark, is_laned=bool(panel.names), is_above=bool(panel.names and panel.lines)
            )
    points = [mark.point for mark in panel.marks]
    if panel.memory == "x":
        draw_limits(axes, points)
    levels = [Level(100 * level.share, wordings(level), LEVEL) for level in panel.levels]
    if panel.memory == "y":
        levels += limit_levels(points)
    draw_levels(axes, levels)
    fit_axes(axes, panel)
    name_levels(axes, levels)
    if panel.level:
        at, label, _ = panel.level
        axes.axvline(at, label=label, color=LIMIT_COLOUR, linewidth=1.2, ls="--", zorder=1)


def wordings(level: RecallLevel) -> list[str]:
    """In one line, and where its name has two parts in two, for a crowded panel."""
    share = f"{100 * level.share:.3g} %"
    head, _, rest = level.name.partition(": ")
    return [f"{level.name}, {share}", *([f"{head}, {share}:\n{rest}"] if rest else [])]


def fit_axes(axes: Axes, panel: ExhibitPanel) -> None:
    """Bars and memory start at 0; losses lie on both sides of it; a tenth of a point of recall is
    no gap that an eye should see."""
    values = [mark.x for mark in panel.marks] + ([panel.level[0]] if panel.level else [])
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    has_texts = any(mark.text for mark in panel.marks)
    room = (TEXT if panel.share == 1 else 2 * TEXT) if has_texts and not panel.lines else EDGE
    is_two_sided = low < 0 or not (panel.memory or has_texts)
    if panel.memory == "y":
        axes.set_ylim(0, 1.12 * max(mark.y for mark in panel.marks))
    elif not panel.names:
        axes.update_datalim([(mark.x, mark.y) for mark in panel.marks])  # also of crosses
        axes.margins(0.12)
        low_y, high_y = axes.get_ylim()
        short = max(0.0, LEAST_SPAN - (high_y - low_y))
        low_y = max(0.0, low_y - short / 2) if short else low_y
        axes.set_ylim(low_y, max(high_y + short / 2, low_y + LEAST_SPAN))
    axes.set_xlim(low - EDGE * span * is_two_sided, high + room * span)
    if is_two_sided:
        axes.axvline(0, color=GREY, linewidth=0.8)


def draw_mark(axes: Axes, mark: ExhibitMark, *, is_laned: bool, is_above: bool) -> None:
    point = mark.point
    if mark.kind == "text":
        bar_text(axes, mark.x, mark.y, mark.text)
        return
    if mark.kind in ("bar", "mean"):
        alpha = 0.35 if mark.kind == "mean" else None
        (bar,) = axes.barh(mark.y, mark.x, height=BAR, color=point.colour, alpha=alpha)
        set_tips(bar, mark.tip or mark_of(point.row))
    else:
        how = marker(point, mark.score)
        if mark.kind == "pale":
            how |= {"markersize": MARKER - 2, "markeredgewidth": 0, "alpha": 0.45}
        how["marker"] = mark.marker or point.marker
        shift = ScaledTranslation(mark.aside / 72, 0, axes.figure.dpi_scale_trans)
        how["transform"] = axes.transData + shift
        if mark.span:
            axes.vlines([mark.x], *mark.span, color=point.colour, linewidth=1.2, zorder=2)
        (line,) = axes.plot([mark.x], [mark.y], label=mark.label, **how)
        set_tips(line, mark.tip or mark_of(point.row))
    if mark.text:
        axes.annotate(
            mark.text,
            (max(mark.x, 0.0) if mark.kind == "bar" else mark.x, mark.y),
            (0, 6) if is_above else (7, 0),
            textcoords="offset points",
            bbox=WHITE if is_laned and not is_above else None,
            ha="center" if is_above else "left",
            va="baseline" if is_above else "center",
            size=7 if is_above else 9 if is_laned else 8,
        )


def name_level(axes: Axes, value: float, _: str, name: str) -> None:
    """The name of a vertical line, at the side where there is room."""
    room = 72 / axes.figure.dpi * axes.bbox.width * (1 - value / axes.get_xlim()[1])
    fits = room > width(name, 8) + 4
    axes.annotate(
        name,
        (value, 0),
        (4 if fits else -4, 4),
        ha="left" if fits else "right",
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        color=LIMIT_COLOUR,
        size=8,
    )
