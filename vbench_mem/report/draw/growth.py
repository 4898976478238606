"""Figure 4 of the paper: growth in memory and loss in recall, a lane for each method."""

from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes

from vbench_mem.base.metrics import MEMORY, show
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.report.draw.canvas import SIZE, Sheet, page, styled, track
from vbench_mem.report.draw.many import bar_text
from vbench_mem.report.draw.signs import FILL, grey
from vbench_mem.report.draw.split import beside, lanes, room
from vbench_mem.report.exhibits.growth import Drop, Method
from vbench_mem.report.exhibits.words import NO_RECALL
from vbench_mem.report.marks import Mark, mark_of
from vbench_mem.report.series import memory_word
from vbench_mem.report.style import MARKERS, colour

PITCH, GAP = 0.32, 0.25  # inches
BAR, ASIDE = 0.7, 0.16  # of a lane: what is published lies below what is ours


@styled
def draw_growth(methods: Sequence[Method], sizes: tuple[str, str]) -> Sheet:
    """Bars of the increase in memory; beside them what is lost in recall, at both sizes."""
    names = [each.name for each in methods]
    every = [drop for each in methods for some in each.drops.values() for drop in some]
    shapes = dict(zip(sorted({d.score.dataset for d in every}), cycle(MARKERS), strict=False))
    handles = [grey(shape, dataset) for dataset, shape in shapes.items()]
    handles += [
        grey("o", f"{origin}: {source}" if source else origin, FILL[origin])
        for origin, source in sorted(
            {(d.score.origin, d.score.source if is_published(d) else "") for d in every}
        )
    ]
    left = room(names)
    sheet, (axes,) = page(1, 1, 0.25 + PITCH * len(names), handles, left)
    first, *others = beside(axes, (1.5, 1, 1), GAP)
    lanes(first, names, 9, left)
    draw_increase(first, methods, sizes)
    for place, (size, panel) in enumerate(zip(sizes, others, strict=True)):
        panel.set_title(f"loss of recall, {size}", size=10, loc="left")
        some = [each.drops.get(size, []) for each in methods]
        draw_drops(panel, methods, some, shapes, gap_of(methods, place))
    return sheet


def is_published(drop: Drop) -> bool:
    return drop.score.origin == "published"


def draw_increase(axes: Axes, methods: Sequence[Method], sizes: tuple[str, str]) -> None:
    points = [p for each in methods for p in (each.small, each.large) if p is not None]
    for place, each in enumerate(methods):
        if each.increase is None or each.small is None or each.large is None:
            axes.annotate(
                why_none(each), (0, place), (4, 0), textcoords="offset points", va="center", size=8
            )
            continue
        percent = 100 * each.increase
        (bar,) = axes.barh(place, percent, height=BAR, color=colour(each.small.row))
        pair = zip(sizes, (each.small, each.large), strict=True)
        facts = [(size, show(MEMORY, point.memory)) for size, point in pair]
        track(bar, each.name, [Mark(label=each.name, facts=(*facts, ("more", f"{percent:.0f} %")))])
        bar_text(axes, percent, place, f"{percent:+.0f} %")
    most = max((100 * each.increase for each in methods if each.increase is not None), default=1.0)
    axes.set_xlim(min(0.0, axes.get_xlim()[0]), 1.3 * max(most, 1.0))
    axes.grid(axis="y", visible=False)
    head = f"more memory, {sizes[0]} to {sizes[1]}"
    axes.set_title(head, size=10, loc="left")
    axes.set_xlabel(f"increase of {memory_word(points)}, %", size=9)


def gap_of(methods: Sequence[Method], place: int) -> str:
    """Why there is no loss at one of the sizes, in a few words."""
    scores = [score for each in methods for score in each.rows[place].scores.values()]
    known = any(score.metric == RECALL and score.direction == "t2v" for score in scores)
    return "no recipe has a recall\nbeside its full recipe's" if known else NO_RECALL


def why_none(method: Method) -> str:
    pair = [point for point in (method.small, method.large) if point is not None]
    if any(point.ending == "oom" for point in pair):
        return "out of memory"
    both = len({point.basis for point in pair}) > 1
    return "one is measured, one predicted" if both else "one of the two has no memory"


def draw_drops(
    axes: Axes,
    methods: Sequence[Method],
    drops: Sequence[list[Drop]],
    shapes: dict[str, str],
    gap: str,
) -> None:
    """A mark for each data set, and a bar to the mean of those that are ours; `gap` is why there
    is none."""
    axes.grid(axis="y", visible=False)
    axes.tick_params(left=False)
    if not any(drops):
        axes.annotate(gap, (0.5, 0.5), xycoords="axes fraction", ha="center", size=9)
        axes.set_xticks([])
        return
    axes.axvline(0, color="#555555", linewidth=0.8)
    for place, (method, some) in enumerate(zip(methods, drops, strict=True)):
        ours = [drop for drop in some if not is_published(drop)]
        if ours:
            mean = 100 * sum(drop.share for drop in ours) / len(ours)
            (bar,) = axes.barh(place, mean, height=BAR, color=colour(ours[0].row), alpha=0.35)
            track(bar, method.name, [Mark(label=method.name, facts=(("mean", f"{mean:.1f} %"),))])
        for drop in some:
            draw_drop(axes, drop, place, method.name, shapes[drop.score.dataset])
    axes.margins(x=0.12)
    axes.set_xlabel("of the full recipe's R@1, %", size=9)


def draw_drop(axes: Axes, drop: Drop, place: float, name: str, shape: str) -> None:
    (mark,) = axes.plot(
        [100 * drop.share],
        [place + (ASIDE if is_published(drop) else -ASIDE)],
        linestyle="",
        marker=shape,
        markersize=SIZE - 1,
        markeredgewidth=1.4,
        fillstyle=FILL[drop.score.origin],
        markerfacecoloralt="white",
        color=colour(drop.row),
        label=f"loss: {name} {drop.score.dataset}",
    )
    scores = ((drop.full.value, "full recipe"), (drop.score.value, "this recipe"))
    facts = [(f"{drop.score.dataset} T2V R@1, {who}", f"{100 * v:.1f} %") for v, who in scores]
    track(mark, name, [mark_of(drop.row, [("loss", f"{100 * drop.share:.1f} %"), *facts])])
