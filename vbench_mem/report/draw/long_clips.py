"""Figure 5 of the paper: memory of tuning on long clips, a lane for each method."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from vbench_mem.report.draw.canvas import SIZE, WIDTH, Sheet, page, styled, track, track_points
from vbench_mem.report.draw.labels import width
from vbench_mem.report.draw.signs import Unit, cross, ending_handles, limits, origin_handles
from vbench_mem.report.draw.split import lanes, room, stacked
from vbench_mem.report.exhibits.long_clips import LINE, Length, LongClips, scored
from vbench_mem.report.panels import is_ours, value
from vbench_mem.report.series import Point, memory_word
from vbench_mem.report.style import LIMIT_COLOUR, colour, groups

FIRST, OTHER, GAP = 0.34, 0.25, 0.55  # inches
SHADES, BAR = "viridis", 0.1  # share of the page that the colours take


@styled
def draw_long_clips(clips: LongClips) -> Sheet:
    """The paper's number of frames large, the others smaller beneath it, on one axis."""
    unit = Unit.of(clips.points)
    heights = [
        (FIRST if place == 0 else OTHER) * len(length.points)
        for place, length in enumerate(clips.lengths)
    ]
    left = room(point.series for point in clips.points)
    total = sum(heights) + GAP * (len(heights) - 1)
    strange = [point for point in clips.points if not is_ours(point)]
    handles = [*origin_handles(strange), *ending_handles(clips.points)]
    sheet, (axes,) = page(1, 1, total, handles, left)
    shades = shades_of(clips)
    place = axes.get_position()
    if shades is not None:
        axes.set_position((place.x0, place.y0, place.width - BAR, place.height))
    boxes = stacked(axes, heights, GAP)
    if shades is not None and clips.asked is not None:
        aside = (place.x1 - 0.6 * BAR, place.y0, 0.02, place.height)
        bar = sheet.colorbar(shades, sheet.add_axes(aside))
        bar.set_label(f"{clips.asked.dataset} T2V R@1 ({clips.asked.origin}), %", size=9)
    for box, length in zip(boxes, clips.lengths, strict=True):
        draw_length(box, length, unit, shades)
    largest = max(unit.of_point(point) for point in clips.points)
    boxes[0].set_xlim(0, 1.12 * max(largest, LINE / unit.bytes if clips.has_line else 0))
    for box in boxes if clips.has_line else []:
        draw_line(box, unit, named=box is boxes[0])
    boxes[-1].set_xlabel(f"{memory_word(clips.points)}, {unit.name} (left is better)")
    return sheet


def shades_of(clips: LongClips) -> ScalarMappable | None:
    """From recall in percent to a colour; none where no recall is ours."""
    found = [100 * value(point) for point in scored(clips.points)]
    if not found:
        return None
    return ScalarMappable(Normalize(min(found), max(found)), colormaps[SHADES])


def draw_line(axes: Axes, unit: Unit, *, named: bool) -> None:
    at = LINE / unit.bytes
    axes.axvline(at, color=LIMIT_COLOUR, linewidth=1.2, linestyle="--", zorder=1, label="16 GiB")
    if named:
        name, wide = "16 GiB, the paper's device", 72 * WIDTH * axes.get_position().width
        has_room = wide * (1 - at / axes.get_xlim()[1]) > width(name, 8) + 4
        axes.annotate(
            name,
            (at, 1),
            (4 if has_room else -4, -9),
            ha="left" if has_room else "right",
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=LIMIT_COLOUR,
            size=8,
        )


def draw_length(axes: Axes, length: Length, unit: Unit, shades: ScalarMappable | None) -> None:
    for place, point in enumerate(length.points):
        at = unit.of_point(point)
        if point.ending == "oom":
            cross(axes, at, place, point)
            continue
        axes.plot([0, at], [place, place], color="#CCCCCC", linewidth=1, zorder=1, label="lane")
        track(axes.lines[-1], point.series, groups=groups(point))
        draw_mark(axes, point, at, place, shades)
        axes.annotate(
            f"{at:#.3g}",
            (at, place),
            (9, 0),
            textcoords="offset points",
            va="center",
            size=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
        )
    limits(axes, length.points, unit, horizontal=False)
    lanes(axes, [point.series for point in length.points], 9)
    axes.grid(axis="y", visible=False)
    axes.set_title(f"{length.frames} frames", size=10, loc="left", pad=3)


def draw_mark(
    axes: Axes, point: Point, at: float, place: int, shades: ScalarMappable | None
) -> None:
    """Shaded by a recall of ours, hollow with a published one, plain in its family's colour."""
    shade: Any = colour(point.row)
    ours = point.score is not None and is_ours(point)
    if ours and shades is not None:
        shade = shades.to_rgba(np.asarray(100 * value(point)))
    (mark,) = axes.plot(
        [at],
        [place],
        linestyle="",
        marker="o",
        markersize=SIZE + 1.5,
        markeredgewidth=1.4,
        markerfacecolor=shade if point.score is None or ours else "white",
        markeredgecolor=colour(point.row),
        label=point.series,
    )
    track_points(mark, [point])
