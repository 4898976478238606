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
    series_handles,
)
from vbench_mem.report.draw.recall import draw_panel, draw_sweep
from vbench_mem.report.draw.signs import (
    FRONTIER,
    GREY,
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
from vbench_mem.report.panels import reach
from vbench_mem.report.style import LIMIT_COLOUR

RECALL, GAP, TIGHT = 2.7, 0.25, 0.2  # inches: a panel of recall, between panels, between rows
SIZE = 9  # of names, in points
EDGE, TEXT = 0.07, 0.16  # of the width: beyond the outermost marks, and for a text there
WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


@styled
def draw_exhibit(figure: ExhibitFigure) -> Sheet:
    """Panels of recall above lanes, or below a panel that has none."""
    names = [name for panel in figure.panels for name in panel.names]
    pairs = [figure.recalls[at : at + 2] for at in range(0, len(figure.recalls), 2)]
    across = min(2, len(figure.recalls))
    height = RECALL if figure.rows else HIGH if across == 1 else LOW
    upper, lower = [PageRow(height, (1.0,) * across)] * len(pairs), page_rows(figure, names)
    pages = upper + lower if names else lower + upper
    sheet, found = page_of(pages, handles_of(figure))
    recalls = found[: len(pairs)] if names else found[len(lower) :]
    others = found[len(pairs) :] if names else found[: len(lower)]
    for boxes, pair in zip(recalls, pairs, strict=True):
        for axes, panel in zip(boxes, pair, strict=False):
            draw_panel(axes, panel)
        for axes in boxes[len(pair) :]:
            axes.set_visible(False)
    for boxes, row in zip(others, figure.rows, strict=True):
        for axes, part in zip(boxes, row, strict=True):
            draw_part(axes, part)
            axes.tick_params(axis="y", labelleft=axes is boxes[0])
    share_memory_axis([boxes[0] for boxes in others])
    if figure.panels and figure.panels[0].level:
        name_level(others[0][0], *figure.panels[0].level)
    return sheet


def page_rows(figure: ExhibitFigure, names: Sequence[str]) -> list[PageRow]:
    """Of the panels that are not of recall."""
    left = left_of(names, SIZE) if names else PageRow.left
    alone = LOW if figure.recalls else HIGH
    found: list[PageRow] = []
    for row in figure.rows:
        pitch = figure.pitch[bool(found)]
        height = 0.1 + pitch * len(row[0].names) if names else alone
        below = PageRow.below if row is figure.rows[-1] else TIGHT
        shares = tuple(panel.share for panel in row)
        found.append(PageRow(height, shares, left, between=GAP, below=below))
    return found


def share_memory_axis(boxes: Sequence[Axes]) -> None:
    """Memory at several loads on equal axes, numbered at the last, so that it can be compared."""
    if len(boxes) > 1:
        right = max(axes.get_xlim()[1] for axes in boxes)
        for axes in boxes:
            axes.set_xlim(0, right)
            axes.tick_params(labelbottom=axes is boxes[-1])


def handles_of(figure: ExhibitFigure) -> list[Line2D]:
    marks = [mark for panel in figure.panels for mark in panel.marks]
    scored = [point for panel in figure.recalls for point in panel.points]
    points = [*(mark.point for mark in marks), *scored]
    placed = [mark.point for panel in figure.panels if panel.memory for mark in panel.marks]
    handles = series_handles(points) if figure.names_series else []
    handles += [grey(shape, name) for name, shape in figure.shapes.items()]
    handles += origin_handles([*(p.score for p in scored), *(mark.score for mark in marks)])
    handles += ending_handles([*placed, *scored])
    if any(low < high for low, high in map(reach, scored)):
        handles.append(grey("|", "lowest to highest seed"))
    if figure.has_lines:
        handles.append(Line2D([], [], color="#333333", linewidth=1, label="mask alone differs"))
    if any(panel.frontiers for panel in figure.recalls):
        handles.append(Line2D([], [], label="Pareto frontier", **FRONTIER))
    if any(mark.kind == "pale" for mark in marks):
        handles.append(grey("s", "embedding, unmasked"))
    return handles


def draw_part(axes: Axes, panel: ExhibitPanel) -> None:
    """Bars and memory start at 0; losses lie on both sides of it."""
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
    for line in panel.lines:
        draw_sweep(axes, [mark.point for mark in line], [(mark.x, mark.y) for mark in line])
    for mark in panel.marks:
        if panel.memory and mark.point.row.is_out_of_memory:
            cross(axes, mark.x, mark.y, mark.point, mark.aside)
        else:
            draw_mark(axes, mark, is_above=bool(panel.lines))
    if panel.memory:
        points = [mark.point for mark in panel.marks]
        if panel.memory == "x":
            draw_limits(axes, points)
        else:
            draw_levels(axes, limit_levels(points))
    fit_axes(axes, panel)
    if panel.memory == "y":
        name_levels(axes, limit_levels(points))
    if panel.level:
        value, label, _ = panel.level
        axes.axvline(
            value, label=label, color=LIMIT_COLOUR, linewidth=1.2, linestyle="--", zorder=1
        )


def fit_axes(axes: Axes, panel: ExhibitPanel) -> None:
    values = [mark.x for mark in panel.marks] + ([panel.level[0]] if panel.level else [])
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    has_texts = any(mark.text for mark in panel.marks)
    room = (TEXT if panel.share == 1 else 2 * TEXT) if has_texts and not panel.lines else EDGE
    is_two_sided = low < 0 or not (panel.memory or has_texts)
    axes.set_xlim(low - EDGE * span * is_two_sided, high + room * span)
    if is_two_sided:
        axes.axvline(0, color=GREY, linewidth=0.8)
    if not panel.names:
        axes.set_ylim(0, 1.12 * max(mark.y for mark in panel.marks))


def draw_mark(axes: Axes, mark: ExhibitMark, *, is_above: bool) -> None:
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
        (line,) = axes.plot([mark.x], [mark.y], label=mark.label, **how)
        set_tips(line, mark.tip or mark_of(point.row))
    if mark.text:
        axes.annotate(
            mark.text,
            (max(mark.x, 0.0) if mark.kind == "bar" else mark.x, mark.y),
            (0, 6) if is_above else (7, 0),
            textcoords="offset points",
            bbox=None if is_above else WHITE,
            ha="center" if is_above else "left",
            va="baseline" if is_above else "center",
            size=7 if is_above else 9,
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
