"""Memory against the tokens of a clip that a training step sees, with panels of recall."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from vbench_mem.report.draw.canvas import SIZE, Sheet, page, set_tips, styled, tips_of_points
from vbench_mem.report.draw.lanes import draw_panels
from vbench_mem.report.draw.many import series_handles
from vbench_mem.report.draw.recall import draw_sweep, line_handles
from vbench_mem.report.draw.signs import (
    cross,
    ending_handles,
    grey,
    limits,
    marker,
    origin_handles,
)
from vbench_mem.report.exhibits.patches import TokenCost, TokenFigure
from vbench_mem.report.panels import sweeps
from vbench_mem.report.series import memory_word

EMBEDDING = "embedding, unmasked"


@styled
def draw_tokens(figure: TokenFigure) -> Sheet:
    """Memory by tokens, then a panel for each data set that we have a recall of."""
    costs, panels = figure.costs, figure.recalls
    points = [each.point for each in costs]
    scored = [point for panel in panels for point in panel.points]
    handles = series_handles([*points, *scored])
    handles += origin_handles(point.score for point in scored)
    handles += ending_handles(points) + line_handles(panels)
    if any(each.embed for each in costs):
        handles.append(grey("s", EMBEDDING))
    columns = min(2, 1 + len(panels))
    rows = -(-(1 + len(panels)) // columns)
    sheet, boxes = page(rows, columns, 4.2 if columns == 1 else 3.0, handles)
    draw_costs(boxes[0], costs)
    draw_panels(boxes[1:], panels)
    return sheet


def draw_costs(axes: Axes, costs: Sequence[TokenCost]) -> None:
    """The training peak as a mark, that of embedding as a pale square; masks joined."""
    points = [each.point for each in costs]
    tokens = {each.point.row.cell.id: each.tokens for each in costs}
    for line in sweeps(points):
        draw_sweep(axes, line, [(tokens[point.row.cell.id], point.size) for point in line])
    for each in costs:
        draw_cost(axes, each)
    limits(axes, points, horizontal=True)
    axes.set_xlim(0, 1.1 * max(tokens.values()))
    axes.set_ylim(0, 1.12 * max(point.size for point in points))
    unit = points[0].scheme.unit.name
    axes.set_xlabel("tokens of a clip in a training step", size=9)
    axes.set_ylabel(f"{memory_word(points)}, {unit} (down is better)", size=9)
    axes.set_title("memory of a step and of embedding", size=10, loc="left")


def draw_cost(axes: Axes, each: TokenCost) -> None:
    point = each.point
    if point.ending == "oom":
        cross(axes, each.tokens, point.size, point, each.aside)
        return
    shift = axes.transData + ScaledTranslation(each.aside / 72, 0, axes.figure.dpi_scale_trans)
    how = marker(point, point.score)
    (mark,) = axes.plot([each.tokens], [point.size], label=point.series, transform=shift, **how)
    tips_of_points(mark, [point])
    if each.embed:
        how |= {"marker": "s", "markersize": SIZE - 2, "markeredgewidth": 0, "alpha": 0.45}
        at, label = each.embed / point.scheme.unit.bytes, f"embedding: {point.series}"
        (pale,) = axes.plot([each.tokens], [at], label=label, transform=shift, **how)
        set_tips(pale, each.embed_mark)
