"""The picture of a fit: memory against frames, a line for each variant, and the card's line."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.analysis.fit.solve import FitAnswer
from vbench_mem.analysis.fit.variants import FitLine
from vbench_mem.analysis.join import Row
from vbench_mem.report.draw.canvas import SIZE, Sheet, frames_axis, log_ticks, page, styled
from vbench_mem.report.draw.signs import GREY, grey, handle
from vbench_mem.report.scheme import scheme_of_rows
from vbench_mem.report.series import PlotPoint
from vbench_mem.report.style import LIMIT_COLOUR
from vbench_mem.running.record import RowState

DRAWN = 40  # places of a curve: what is straight on plain axes bends on these
LIMIT: dict[str, Any] = {"color": LIMIT_COLOUR, "linewidth": 1.2, "linestyle": ":"}
Sizes = dict[int, int]


def known_sizes(answers: Sequence[FitAnswer]) -> dict[int, dict[str, tuple[FitLine, Sizes]]]:
    """By batch and line, the bytes that were predicted at each frame count."""
    found: dict[int, dict[str, tuple[FitLine, Sizes]]] = {}
    for answer in answers:
        for value, size in answer.sizes.items():
            given = answer.given
            frames, batch = (value, given) if answer.sought == "frames" else (given, value)
            if batch in answer.line.batches:
                some = found.setdefault(batch, {})
                some.setdefault(answer.line.key, (answer.line, {}))[1][frames] = size
    return {batch: found[batch] for batch in sorted(found)}


def row_of(line: FitLine) -> Row:
    return Row(
        cell=line.cell, label=line.label, state=RowState.OK, reason=None, by_rule=False, record=None
    )


@styled
def draw_fit(answers: Sequence[FitAnswer], limit_name: str, what: str) -> Sheet:
    """A panel for each batch. Marks are the frames of the matrix and, larger, the most that fit.

    `what` names the bytes of the axis; between predictions a curve is drawn straight in bytes.
    """
    known = known_sizes(answers)
    edges = {(a.line.key, a.given): a for a in answers if a.sought == "frames"}
    limit_bytes = answers[0].limit_bytes
    found = [(batch, line, sizes) for batch, some in known.items() for line, sizes in some.values()]
    largest = max(
        size
        for batch, line, sizes in found
        for size in within(line, sizes, edges.get((line.key, batch))).values()
    )
    rows = [row_of(line) for _, line, _ in found]
    scheme = scheme_of_rows(rows, (), largest)
    unit = scheme.unit
    points = {row.label: PlotPoint(row=row, series=row.label, scheme=scheme) for row in rows}
    handles = [handle(name, point) for name, point in points.items()]
    figure, boxes = page(len(known), 1, 4.2, [*handles, *style_handles(limit_name)])
    for axes, (batch, some) in zip(boxes, known.items(), strict=True):
        shown: list[int] = []
        for key, (line, sizes) in some.items():
            edge = edges.get((key, batch))
            seen = within(line, sizes, edge)
            shown += seen
            draw_line(axes, line, seen, edge, points[line.label])
        axes.axhline(limit_bytes / unit.bytes, label="limit", **LIMIT)
        low, high = min(shown), max(shown)
        doubled = [2**power for power in range(high.bit_length()) if low <= 2**power <= high]
        frames_axis(axes, doubled or [low])
        log_ticks(axes)
        axes.set_title(f"batch {batch}", size=10, loc="left")
        axes.set_xlabel("frames of a clip (right is better)")
        axes.set_ylabel(f"{what}, {unit.name}")
    return figure


def within(line: FitLine, sizes: Sizes, edge: FitAnswer | None) -> Sizes:
    """What is shown: the frames of the matrix, the most that fit, and what lies between."""
    most = edge.largest if edge and edge.largest is not None else line.frames[0]
    first, last = min(line.frames[0], most), max(line.frames[-1], most)
    return {frames: size for frames, size in sorted(sizes.items()) if first <= frames <= last}


def draw_line(
    axes: Axes, line: FitLine, sizes: Sizes, edge: FitAnswer | None, point: PlotPoint
) -> None:
    unit = point.scheme.unit
    marks = [frames for frames in sizes if frames in line.frames]
    look_of: dict[str, Any] = {
        "color": point.colour,
        "marker": point.marker,
        "markerfacecolor": "white" if line.checkpoint else point.colour,
    }
    curve = curve_of(sizes)
    axes.plot(
        [frames for frames, _ in curve],
        [size / unit.bytes for _, size in curve],
        color=point.colour,
        linestyle="--" if line.checkpoint else "-",
        linewidth=1.2,
        label=line.key,
    )
    axes.plot(
        marks,
        [sizes[frames] / unit.bytes for frames in marks],
        linestyle="",
        markersize=SIZE - 3,
        label=f"frames: {line.key}",
        **look_of,
    )
    if edge is not None and edge.largest is not None and edge.largest in sizes:
        axes.plot(
            [edge.largest],
            [edge.sizes[edge.largest] / unit.bytes],
            linestyle="",
            markersize=SIZE + 1,
            markeredgecolor=point.colour if line.checkpoint else "black",
            markeredgewidth=1.4 if line.checkpoint else 0.8,
            label=f"most: {line.key}",
            zorder=4,
            **look_of,
        )


def curve_of(sizes: Sizes) -> list[tuple[float, float]]:
    """Evenly spaced on a log axis, each between the two predictions around it."""
    frames = sorted(sizes)
    first, last = frames[0], frames[-1]
    places = [first * (last / first) ** (step / DRAWN) for step in range(DRAWN + 1)]
    places = sorted({*places[1:-1], *map(float, frames)})
    curve = []
    for place in places:
        after = min(bisect_right(frames, place), len(frames) - 1)
        left, right = frames[max(after - 1, 0)], frames[after]
        share = (place - left) / (right - left) if right > left else 0.0
        curve.append((place, sizes[left] + share * (sizes[right] - sizes[left])))
    return curve


def style_handles(limit_name: str) -> list[Line2D]:
    """What dashes, large marks and the limit's line mean; beside the line its name would be in the
    way of others."""
    return [
        Line2D([], [], color=GREY, linestyle="-", label="activations kept"),
        Line2D([], [], color=GREY, linestyle="--", label="layers recomputed (checkpoint)"),
        grey("o", "the most frames that fit", markersize=SIZE, markeredgecolor="black"),
        Line2D([], [], label=limit_name, **LIMIT),
    ]
