"""The paper's figures, redrawn from the rows of a matrix that names them under `exhibits`.

Every caption says what is ours, what is published, what the paper found, and what is missing.
"""

from collections.abc import Callable

from vbench_mem.analysis.join import Joined
from vbench_mem.matrix.exhibits import EXHIBITS, Name
from vbench_mem.report.exhibits import backbones, growth, long_clips, patches
from vbench_mem.report.exhibits.words import NO_MEMORY, crowded, paper, whose
from vbench_mem.report.panels import is_ours
from vbench_mem.report.pictures.plan import Plan


def plans(joined: Joined) -> list[Plan]:
    """One for each figure that the matrix names, in its order; tables are `exhibits.tables`."""
    return [MAKERS[name](joined) for name in joined.matrix.exhibits if name in MAKERS]


def skipped(name: Name, why: str) -> Plan:
    return Plan(name=f"exhibit_{name}", title=EXHIBITS[name].title, skipped=why)


def caption(name: Name, *said: str, missing: str = "") -> str:
    """Ours first, then the paper's, then what is not there."""
    words = [*said, paper(name), f"Missing: {missing}." if missing else ""]
    return " ".join(word for word in words if word)


def figure2(joined: Joined) -> Plan:
    boards, lanes = backbones.boards(joined), backbones.lanes_of(joined)
    if not lanes:
        return skipped("figure2", NO_MEMORY)
    if why := crowded(sum(len(lane.points) for lane in lanes)):
        return skipped("figure2", why)
    points = [p for board in boards if board.panel for p in board.panel.points if p.memory]
    every = [point for lane in lanes for point in lane.points] + points
    how = []
    if any(lane.lines for lane in lanes):
        how.append("A thin line joins rows that differ in their mask alone.")
    if any(board.lanes for board in boards):
        how.append("The lanes keep the memory of rows whose recall is not known.")
    missing = ""
    if not any(is_ours(point) for point in points):
        missing = (
            "recall of masked and of parameter-efficient encoders, which the paper draws without "
            "numbers and which was not measured here"
        )

    from vbench_mem.report.draw.backbones import draw_backbones

    return Plan(
        name="exhibit_figure2",
        title=EXHIBITS["figure2"].title,
        caption=caption("figure2", backbones.answer(lanes), whose(every), *how, missing=missing),
        draw=lambda: draw_backbones(boards),
    )


def figure3(joined: Joined) -> Plan:
    rows = patches.spent(joined)
    if not rows:
        return skipped("figure3", "no row has both a peak and a number of tokens")
    if why := crowded(len(rows)):
        return skipped("figure3", why)
    panels = patches.own_panels(joined)
    points = [each.point for each in rows] + [p for panel in panels for p in panel.points]
    how = "Marks on one spot are set beside each other."
    if any(each.embed for each in rows):
        how += (
            " In embedding a masked encoder sees all its tokens again, so that its pale square "
            "stays where it is."
        )
    missing = "" if panels else "recall, which the paper draws without numbers"

    from vbench_mem.report.draw.patches import draw_patches

    return Plan(
        name="exhibit_figure3",
        title=EXHIBITS["figure3"].title,
        caption=caption("figure3", patches.answer(rows), whose(points), how, missing=missing),
        draw=lambda: draw_patches(rows, panels),
    )


def figure4(joined: Joined) -> Plan:
    sizes = growth.sizes_of(joined)
    found = growth.methods(joined, sizes) if sizes else []
    if sizes is None or not found:
        return skipped("figure4", "no row is there in two sizes; write encoders of size B and L")
    if all(each.increase is None for each in found):
        return skipped("figure4", NO_MEMORY)
    if why := crowded(len(found)):
        return skipped("figure4", why)
    points = [p for each in found for p in (each.small, each.large) if p is not None]
    drops = [drop for each in found for some in each.drops.values() for drop in some]
    how = (
        "A loss is the share of the full recipe's text-to-video R@1 that a recipe lacks, below 0 "
        "where it gains."
    )
    sources = dict.fromkeys(d.score.source for d in drops if d.score.origin == "published")
    if sources:
        how += f" Hollow marks are computed from published recalls ({', '.join(sources)})."
    lacking = [size for size in sizes if not any(each.drops.get(size) for each in found)]
    missing = [f"recall of a recipe and of its full recipe at {size}" for size in lacking]
    if not any(drop.score.origin != "published" for drop in drops):
        missing.append("recall of ours")

    from vbench_mem.report.draw.growth import draw_growth

    return Plan(
        name="exhibit_figure4",
        title=EXHIBITS["figure4"].title,
        caption=caption(
            "figure4", growth.answer(found, sizes), whose(points), how, missing="; ".join(missing)
        ),
        draw=lambda: draw_growth(found, sizes),
    )


def figure5(joined: Joined) -> Plan:
    clips = long_clips.long_clips(joined)
    if clips is None:
        return skipped("figure5", NO_MEMORY)
    if why := crowded(len(clips.points)):
        return skipped("figure5", why)
    missing = [
        "memory of video-to-text tuning, the paper's second axis, since nothing here tunes a "
        "language model"
    ]
    if not long_clips.scored(clips.points):
        missing.append("recall, so that marks have the colour of their family")
    if not clips.has_line:
        missing.append("the 16 GiB line, far above all that is drawn")

    from vbench_mem.report.draw.long_clips import draw_long_clips

    return Plan(
        name="exhibit_figure5",
        title=EXHIBITS["figure5"].title,
        caption=caption(
            "figure5",
            long_clips.answer(clips),
            whose(clips.points),
            missing="; ".join(missing),
        ),
        draw=lambda: draw_long_clips(clips),
    )


MAKERS: dict[Name, Callable[[Joined], Plan]] = {
    "figure2": figure2,
    "figure3": figure3,
    "figure4": figure4,
    "figure5": figure5,
}
