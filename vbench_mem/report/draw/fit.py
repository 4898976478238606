"""The picture of a fit: memory against frames, a line for each variant, and the card's line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.analysis.fit.solve import FitAnswer
from vbench_mem.analysis.fit.variants import FitLine
from vbench_mem.analysis.join import Row
from vbench_mem.report.draw.canvas import SIZE, Sheet, styled
from vbench_mem.report.draw.many import log_page, plot
from vbench_mem.report.draw.signs import GREY, grey, handle
from vbench_mem.report.facets import Facet
from vbench_mem.report.scheme import scheme_of_rows
from vbench_mem.report.series import PlotPoint
from vbench_mem.report.style import LIMIT_COLOUR
from vbench_mem.running.record import RowState

DRAWN = 40  # places of a curve: what is straight on plain axes bends on these
LIMIT: dict[str, Any] = {"color": LIMIT_COLOUR, "linewidth": 1.2, "linestyle": ":"}
Sizes = dict[int, int]


@dataclass(frozen=True, kw_only=True)
class FitCurve(PlotPoint):
    """Bytes by frames of one line at one batch; `most` frames fit, None where nothing does."""

    line: FitLine
    sizes: Sizes
    most: int | None


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
    most = {(a.line.key, a.given): a.largest for a in answers if a.sought == "frames"}
    found = [
        (batch, line, within(line, sizes, most.get((line.key, batch))))
        for batch, some in known_sizes(answers).items()
        for line, sizes in some.values()
    ]
    rows = [row_of(line) for _, line, _ in found]
    scheme = scheme_of_rows(rows, (), max(max(sizes.values()) for _, _, sizes in found))
    panels: dict[int, Facet[FitCurve]] = {}
    for (batch, line, sizes), row in zip(found, rows, strict=True):
        panel = panels.setdefault(batch, Facet(title=f"batch {batch}", points=[]))
        fitting = most.get((line.key, batch))
        curve = FitCurve(
            row=row, series=row.label, scheme=scheme, line=line, sizes=sizes, most=fitting
        )
        panel.points.append(curve)
    curves = {curve.series: curve for panel in panels.values() for curve in panel.points}
    handles = [handle(name, curve) for name, curve in curves.items()]
    limit = answers[0].limit_bytes / scheme.unit.bytes

    def draw(axes: Axes, points: Sequence[FitCurve]) -> None:
        for curve in points:
            draw_line(axes, curve)
        axes.axhline(limit, label="limit", **LIMIT)

    shown = [frames for _, _, sizes in found for frames in sizes]
    doubled = [2**power for power in range(13) if min(shown) <= 2**power <= max(shown)]
    return log_page(
        list(panels.values()),
        [*handles, *style_handles(limit_name)],
        draw,
        ("frames of a clip (right is better)", f"{what}, {scheme.unit.name}"),
        frames=doubled or shown[:1],
    )


def within(line: FitLine, sizes: Sizes, most: int | None) -> Sizes:
    """What is shown: the frames of the matrix, the most that fit, and what lies between."""
    ends = (line.frames[0], line.frames[-1], most or line.frames[0])
    return {size: sizes[size] for size in sorted(sizes) if min(ends) <= size <= max(ends)}


def draw_line(axes: Axes, curve: FitCurve) -> None:
    line, sizes, unit = curve.line, curve.sizes, curve.scheme.unit
    places = {frames: size / unit.bytes for frames, size in sizes.items()}
    through = [(frames, size / unit.bytes) for frames, size in curve_of(sizes)]
    style = "--" if line.checkpoint else "-"
    plot(axes, curve, through, marker="", linestyle=style, label=line.key)
    marks: dict[str, Any] = {
        "linestyle": "",
        "markerfacecolor": "white" if line.checkpoint else curve.colour,
    }
    given = [(frames, places[frames]) for frames in places if frames in line.frames]
    plot(axes, curve, given, markersize=SIZE - 3, label=f"frames: {line.key}", **marks)
    if curve.most in places:
        plot(
            axes,
            curve,
            [(curve.most, places[curve.most])],
            markersize=SIZE + 1,
            markeredgecolor=curve.colour if line.checkpoint else "black",
            markeredgewidth=1.4 if line.checkpoint else 0.8,
            label=f"most: {line.key}",
            zorder=4,
            **marks,
        )


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
