"""Draws the change of peak memory and step time between two runs: a dot for each row."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.analysis.compare.differences import TIME_WORDS, WORDS, Judgement
from vbench_mem.report.draw.canvas import SIZE, WIDTH, Sheet, page, styled, track
from vbench_mem.report.pictures.changes import Dot, Strip
from vbench_mem.report.style import CHANGED_COLOUR, LIMIT_COLOUR

WORSE, BETTER, QUIET = LIMIT_COLOUR, "#0072B2", "#777777"
COLOURS = {Judgement.WORSE: WORSE, Judgement.BETTER: BETTER, Judgement.CHANGED: CHANGED_COLOUR}
SHAPES = {Judgement.WORSE: "^", Judgement.BETTER: "v", Judgement.CHANGED: "D"}
HEADS = {"memory": "peak memory", "time": "step time"}
ROW, LETTER = 0.24, 0.083  # inches: of a row, and of a letter of its label
NARROWEST = 0.001  # of an axis: a share to each side of 0
MOST_LEFT = 0.45 * WIDTH
SPAN = "#D0D0D0"
GAP = 0.3  # inches between the two halves


@styled
def draw_changes(strips: Sequence[Strip], sides: Sequence[str]) -> Sheet:
    """The first row at the top; `sides` are those of memory and time that something moved in."""
    drawn = [(HEADS[side], [getattr(strip, side) for strip in strips]) for side in sides]
    height = max(3 * ROW, ROW * len(strips))
    wanted = LETTER * max(len(strip.label) for strip in strips)
    left = min(MOST_LEFT, wanted + 0.3)
    size = 10 * min(1.0, (left - 0.3) / wanted)  # long labels are small rather than cut
    dots_drawn = [dot for _, dots in drawn for dot in dots if dot is not None]
    sheet, (first,) = page(1, 1, height, handles(dots_drawn), left=left)
    for axes, (name, dots) in zip(split(sheet, first, len(drawn)), drawn, strict=True):
        draw_side(axes, name, dots)
        axes.set_yticks(range(len(strips)), [""] * len(strips))
        for place, strip in enumerate(strips):
            if strip.ending is not None:
                draw_ending(axes, place, strip.ending)
    first.set_yticks(range(len(strips)), [strip.label for strip in strips], fontsize=size)
    return sheet


def split(sheet: Sheet, first: Axes, count: int) -> list[Axes]:
    """`count` axes side by side in the place of one."""
    box = first.get_position()
    gap = GAP / WIDTH
    width = (box.width - (count - 1) * gap) / count
    first.set_position((box.x0, box.y0, width, box.height))
    places = [box.x0 + number * (width + gap) for number in range(1, count)]
    return [first, *(sheet.add_axes((x, box.y0, width, box.height)) for x in places)]


def draw_side(axes: Axes, name: str, dots: Sequence[Dot | None]) -> None:
    for place, dot in enumerate(dots):
        if dot is not None:
            draw_dot(axes, place, dot)
    axes.axvline(0, color="#444444", linewidth=0.9, zorder=1)
    reach = 1.12 * max((NARROWEST, *(abs(at) for dot in dots if dot for at in ends(dot))))
    axes.set_xlim(-100 * reach, 100 * reach)
    axes.set_ylim(len(dots) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"{name}, % of A (left is better)")


def draw_ending(axes: Axes, place: int, text: str) -> None:
    """In the place of a dot, on a background that hides the line at 0."""
    axes.annotate(
        text,
        (0, place),
        color=WORSE if text.startswith("ok") else CHANGED_COLOUR,
        size=9,
        ha="center",
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


def draw_dot(axes: Axes, place: int, dot: Dot) -> None:
    verdict = dot.verdict or Judgement.NOISE
    colour = COLOURS.get(verdict, QUIET)
    if dot.old is not None:
        axes.barh(
            place,
            100 * (dot.old[1] - dot.old[0]),
            left=100 * dot.old[0],
            height=0.7,
            color=SPAN,
            zorder=1.5,
        )
    if dot.new is not None:
        ends = [100 * end for end in dot.new]
        axes.plot(ends, [place, place], color=colour, linewidth=2, zorder=2)
    (line,) = axes.plot(
        [100 * dot.share],
        [place],
        linestyle="",
        marker=SHAPES.get(verdict, "o"),
        markersize=SIZE,
        color=colour,
        fillstyle="full" if verdict in SHAPES else "none",
        label=dot.mark.label,
        zorder=3,
    )
    track(line, dot.mark.label, [dot.mark])


def ends(dot: Dot) -> list[float]:
    return [dot.share, *(dot.old or ()), *(dot.new or ())]


def handles(dots: Sequence[Dot]) -> list[Line2D]:
    """Of the markers that are drawn."""
    drawn = {dot.verdict for dot in dots}
    found = [
        Line2D([], [], linestyle="", marker=SHAPES[each], color=COLOURS[each], label=text)
        for each in SHAPES
        if each in drawn
        for text in (", ".join(dict.fromkeys((WORDS[each], TIME_WORDS[each]))),)
    ]
    if drawn - {*SHAPES}:
        label = "the same, within noise, or not judged"
        found.append(
            Line2D([], [], linestyle="", marker="o", fillstyle="none", color=QUIET, label=label)
        )
    if any(dot.old is not None for dot in dots):
        for width, colour, text in ((7, SPAN, "timed steps of A"), (2, QUIET, "timed steps of B")):
            found.append(
                Line2D(
                    [], [], linewidth=width, color=colour, solid_capstyle="butt", label=f" {text}"
                )
            )
    return found
