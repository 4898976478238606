"""The picture of a fit: memory against frames, a line for each variant, and the card's line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.analysis.fit.solve import FitAnswer
from vbench_mem.analysis.fit.variants import FitLine
from vbench_mem.analysis.join import Row
from vbench_mem.report.draw.canvas import SIZE, Sheet, styled
from vbench_mem.report.draw.many import log_page, plot, series_handles
from vbench_mem.report.draw.signs import GREY, LIMIT, grey
from vbench_mem.report.facets import Facet
from vbench_mem.report.scheme import Scheme, scheme_of_rows
from vbench_mem.report.series import PlotPoint
from vbench_mem.running.record import RowState

DRAWN = 40  # places of a curve: what is straight on plain axes bends on these
Sizes = dict[int, int]


@dataclass(frozen=True)
class FitCurve:
    """Bytes by frames of one line at one batch; `most` frames fit, None where nothing does."""

    line: FitLine
    most: int | None
    sizes: Sizes = field(default_factory=dict)

    @property
    def shown(self) -> Sizes:
        """At the frames of the matrix, the most that fit, and what lies between."""
        ends = (self.line.frames[0], self.line.frames[-1], self.most or self.line.frames[0])
        known = sorted(self.sizes.items())
        return {frames: size for frames, size in known if min(ends) <= frames <= max(ends)}


@dataclass(frozen=True, kw_only=True)
class FitPoint(PlotPoint):
    """A curve in the looks of its row."""

    curve: FitCurve


@styled
def draw_fit(answers: Sequence[FitAnswer], limit_name: str, what: str) -> Sheet:
    """A panel for each batch. Marks are the frames of the matrix and, larger, the most that fit.

    `what` names the bytes of the axis; between predictions a curve is drawn straight in bytes.
    """
    found = curves_of(answers)
    every = [curve for curves in found.values() for curve in curves]
    largest = max(size for curve in every for size in curve.shown.values())
    scheme = scheme_of_rows([row_of(curve.line) for curve in every], (), largest)
    panels = [
        Facet(title=f"batch {batch}", points=[point_of(curve, scheme) for curve in curves])
        for batch, curves in sorted(found.items())
    ]
    limit = answers[0].limit_bytes / scheme.unit.bytes

    def draw(axes: Axes, points: Sequence[FitPoint]) -> None:
        for point in points:
            draw_line(axes, point)
        axes.axhline(limit, label="limit", **LIMIT)

    frames = sorted({number for curve in every for number in curve.shown})
    doubled = [2**power for power in range(frames[-1].bit_length()) if 2**power >= frames[0]]
    handles = series_handles(point for panel in panels for point in panel.points)
    names = "frames of a clip (right is better)", f"{what}, {scheme.unit.name}"
    ticks = doubled or frames[:1]
    return log_page(panels, handles + style_handles(limit_name), draw, names, frames=ticks)


def curves_of(answers: Sequence[FitAnswer]) -> dict[int, list[FitCurve]]:
    """By batch, each line with the bytes that were predicted at each frame count."""
    most = {(a.given, a.line.key): a.largest for a in answers if a.sought == "frames"}
    found: dict[tuple[int, str], FitCurve] = {}
    for answer in answers:
        line, given = answer.line, answer.given
        for value, size in answer.sizes.items():
            frames, batch = (value, given) if answer.sought == "frames" else (given, value)
            if batch in line.batches:
                key = batch, line.key
                found.setdefault(key, FitCurve(line, most.get(key))).sizes[frames] = size
    batches = dict.fromkeys(batch for batch, _ in found)
    return {batch: [curve for key, curve in found.items() if key[0] == batch] for batch in batches}


def row_of(line: FitLine) -> Row:
    return Row(
        cell=line.cell, label=line.label, state=RowState.OK, reason=None, by_rule=False, record=None
    )


def point_of(curve: FitCurve, scheme: Scheme) -> FitPoint:
    row = row_of(curve.line)
    return FitPoint(row=row, series=row.label, scheme=scheme, curve=curve)


def draw_line(axes: Axes, point: FitPoint) -> None:
    line, sizes, unit = point.curve.line, point.curve.shown, point.scheme.unit.bytes
    places = {frames: size / unit for frames, size in sizes.items()}
    through = [(frames, size / unit) for frames, size in curve_of(sizes)]
    given = [(frames, size) for frames, size in places.items() if frames in line.frames]
    most = [(frames, size) for frames, size in places.items() if frames == point.curve.most]
    fill, style, edge, width = point.colour, "-", "black", 0.8
    if line.checkpoint:
        fill, style, edge, width = "white", "--", point.colour, 1.4
    marks: dict[str, Any] = {"linestyle": "", "markerfacecolor": fill}
    plot(axes, point, through, marker="", linestyle=style, label=line.key)
    plot(axes, point, given, markersize=SIZE - 3, label=f"frames: {line.key}", **marks)
    if most:
        marks |= {"markeredgecolor": edge, "markeredgewidth": width, "zorder": 4}
        plot(axes, point, most, markersize=SIZE + 1, label=f"most: {line.key}", **marks)


def curve_of(sizes: Sizes) -> list[tuple[float, float]]:
    """Evenly spaced on a log axis, each between the two predictions around it."""
    frames = sorted(sizes)
    spaced = np.geomspace(frames[0], frames[-1], DRAWN + 1)[1:-1].round(6)
    places = np.unique([*spaced, *frames])
    bytes_of = np.interp(places, frames, [sizes[known] for known in frames])
    return list(zip(places.tolist(), bytes_of.tolist(), strict=True))


def style_handles(limit_name: str) -> list[Line2D]:
    """What dashes, large marks and the limit's line mean; beside the line its name would be in the
    way of others."""
    return [
        Line2D([], [], color=GREY, linestyle="-", label="activations kept"),
        Line2D([], [], color=GREY, linestyle="--", label="layers recomputed (checkpoint)"),
        grey("o", "the most frames that fit", markersize=SIZE, markeredgecolor="black"),
        Line2D([], [], label=limit_name, **LIMIT),
    ]
