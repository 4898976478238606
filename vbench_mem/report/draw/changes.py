"""Draws the change of peak memory and step time between two runs: a dot for each row."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.analysis.compare.differences import TIME_WORDS, WORDS, Judgement
from vbench_mem.report.draw.canvas import SIZE, WIDTH, PageRow, Sheet, page_of, set_tips, styled
from vbench_mem.report.draw.many import BAR, left_of, name_lanes
from vbench_mem.report.draw.signs import grey
from vbench_mem.report.pictures.changes import Dot, Strip
from vbench_mem.report.style import CHANGED_COLOUR, LIMIT_COLOUR

WORSE, BETTER, QUIET = LIMIT_COLOUR, "#0072B2", "#777777"
COLOURS = {Judgement.WORSE: WORSE, Judgement.BETTER: BETTER, Judgement.CHANGED: CHANGED_COLOUR}
SHAPES = {Judgement.WORSE: "^", Judgement.BETTER: "v", Judgement.CHANGED: "D"}
HEADS = {"memory": "peak memory", "time": "step time"}
ROW = 0.24  # inches
MOST_LEFT = 0.45 * WIDTH
NARROWEST = 0.001  # of an axis: a share to each side of 0
SPAN = "#D0D0D0"
GAP = 0.3  # inches between the two halves


@styled
def draw_changes(strips: Sequence[Strip], sides: Sequence[str]) -> Sheet:
    """The first row at the top; `sides` are those of memory and time that something moved in."""
    names = [strip.label for strip in strips]
    dots = [getattr(strip, side) for side in sides for strip in strips]
    left = min(MOST_LEFT, left_of(names, 9))
    row = PageRow(ROW * max(3, len(strips)), (1.0,) * len(sides), left, between=GAP)
    sheet, (boxes,) = page_of([row], handles([dot for dot in dots if dot is not None]))
    for axes, side in zip(boxes, sides, strict=True):
        draw_side(axes, HEADS[side], [getattr(strip, side) for strip in strips])
        name_lanes(axes, names, 9, MOST_LEFT)
        axes.tick_params(axis="y", length=0, labelleft=axes is boxes[0])
        for place, strip in enumerate(strips):
            if strip.ending is not None:
                draw_ending(axes, place, strip.ending)
    return sheet


def draw_side(axes: Axes, name: str, dots: Sequence[Dot | None]) -> None:
    for place, dot in enumerate(dots):
        if dot is not None:
            draw_dot(axes, place, dot)
    axes.axvline(0, color="#444444", linewidth=0.9, zorder=1)
    ends = (end for dot in dots if dot for end in (dot.share, *(dot.old or ()), *(dot.new or ())))
    reach = 112 * max(NARROWEST, *map(abs, ends), 0.0)
    axes.set_xlim(-reach, reach)
    axes.grid(False, axis="y")
    axes.set_xlabel(f"{name}, % of A (left is better)", size=9)


def draw_ending(axes: Axes, place: int, text: str) -> None:
    """In the place of a dot, on a background that hides the line at 0."""
    colour = WORSE if text.startswith("ok") else CHANGED_COLOUR
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.annotate(text, (0, place), color=colour, size=9, ha="center", va="center", bbox=ground)


def draw_dot(axes: Axes, place: int, dot: Dot) -> None:
    shape, colour, fill = "o", QUIET, "none"
    if dot.verdict in SHAPES:
        shape, colour, fill = SHAPES[dot.verdict], COLOURS[dot.verdict], "full"
    if dot.old is not None:
        low, high = (100 * end for end in dot.old)
        axes.barh(place, high - low, left=low, height=BAR, color=SPAN, zorder=1.5)
    if dot.new is not None:
        ends = [100 * end for end in dot.new]
        axes.plot(ends, [place, place], color=colour, linewidth=2, zorder=2)
    how: dict[str, Any] = {"linestyle": "", "markersize": SIZE, "fillstyle": fill, "zorder": 3}
    (line,) = axes.plot(100 * dot.share, place, shape, color=colour, label=dot.mark.label, **how)
    set_tips(line, dot.mark)


def handles(dots: Sequence[Dot]) -> list[Line2D]:
    """Of the markers that are drawn."""
    drawn = {dot.verdict for dot in dots}
    names = {each: ", ".join(dict.fromkeys((WORDS[each], TIME_WORDS[each]))) for each in SHAPES}
    shown = [each for each in SHAPES if each in drawn]
    found = [grey(SHAPES[each], names[each], color=COLOURS[each]) for each in shown]
    if drawn - {*SHAPES}:
        found.append(grey("o", "the same, within noise, or not judged", "none", color=QUIET))
    if any(dot.old is not None for dot in dots):
        line = partial(Line2D, [], [], solid_capstyle="butt")
        found.append(line(linewidth=7, color=SPAN, label=" timed steps of A"))
        found.append(line(linewidth=2, color=QUIET, label=" timed steps of B"))
    return found
