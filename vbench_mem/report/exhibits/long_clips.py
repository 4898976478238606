"""Figure 5 of the paper: which way of tuning on long clips fits a small card."""

from collections.abc import Sequence

from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.base.units import significant
from vbench_mem.report.exhibits.plot import ExhibitFigure, ExhibitMark, ExhibitPanel
from vbench_mem.report.exhibits.words import NO_MEMORY, exhibit, listed, skipped, times, whose
from vbench_mem.report.panels import at_a_load, is_ours, mask_of, value
from vbench_mem.report.plan import Plan
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import NEAR, PlotPoint, memory_word, point_of

FRAMES = 128  # of the paper's figure
LINE = 16 * 2**30  # bytes; the paper writes 16 GB
NO_TUNING = (
    "memory of video-to-text tuning, the paper's second axis, since nothing here tunes a language "
    "model"
)
Lengths = dict[int, list[PlotPoint]]


def plan(joined: Joined) -> Plan:
    lengths = lengths_of(joined)
    if not lengths:
        return skipped("figure5", NO_MEMORY)
    points = [point for some in lengths.values() for point in some]
    scored = [point for point in points if point.score is not None and is_ours(point)]
    recall = scored[0].score if scored else None
    return exhibit(
        "figure5",
        figure_of(lengths),
        len(points),
        answer(lengths),
        whose(points),
        f"The percentage at a mark is its {recall.dataset} T2V R@1 ({recall.origin})."
        if recall
        else "",
        missing=[
            NO_TUNING,
            "" if recall else "recall",
            "" if has_line(points) else "the 16 GiB line, far above all that is drawn",
        ],
    )


def lengths_of(joined: Joined) -> Lengths:
    """Rows with a memory by frames, the smallest first: the paper's number of frames, or the
    largest, then the others. Points have the one recall that most rows have."""
    chosen, scheme = most_common_recall(joined), scheme_of(joined)
    found: Lengths = {}
    for row in joined.rows:
        score = row.scores.get(chosen.column) if chosen else None
        point = point_of(row, scheme, score)
        if point.memory:
            found.setdefault(point.frames, []).append(point)
    first = FRAMES if FRAMES in found else max(found, default=0)
    order = sorted(found, key=lambda frames: (frames != first, frames))
    return {frames: sorted(found[frames], key=lambda point: point.size) for frames in order}


def most_common_recall(joined: Joined) -> AnyScore | None:
    """One score of the text-to-video recall that most rows have; ours go before published ones."""
    found: dict[str, list[AnyScore]] = {}
    for row in joined.rows:
        for score in row.scores.values():
            if score.metric == RECALL and score.direction == "t2v":
                found.setdefault(score.column, []).append(score)
    some = sorted(found.values(), key=lambda each: (each[0].origin == "published", -len(each)))
    return some[0][0] if some else None


def figure_of(lengths: Lengths) -> ExhibitFigure:
    """The paper's number of frames with wide lanes, the others below it, on one axis."""
    points = [point for some in lengths.values() for point in some]
    unit = points[0].scheme.unit
    axis = f"{memory_word(points)}, {unit.name} (left is better)"
    level = (LINE / unit.bytes, "16 GiB", "16 GiB, the paper's device")
    rows = [
        [
            ExhibitPanel(
                title=f"{frames} frames",
                x_label=axis if frames == [*lengths][-1] else "",
                marks=[mark_of(number, point) for number, point in enumerate(some)],
                names=[point.series for point in some],
                memory="x",
                level=level if has_line(points) else None,
            )
        ]
        for frames, some in lengths.items()
    ]
    return ExhibitFigure(rows=rows, pitch=(0.32, 0.25))


def mark_of(place: int, point: PlotPoint) -> ExhibitMark:
    """Memory, and the recall where it is ours."""
    ours = point.score is not None and is_ours(point)
    return ExhibitMark(
        x=point.size,
        y=place,
        point=point,
        label=point.series,
        text=significant(point.size) + (f" · {100 * value(point):.1f} %" if ours else ""),
        score=point.score,
    )


def has_line(points: Sequence[PlotPoint]) -> bool:
    """Is the 16 GiB line near enough to what is drawn?"""
    return NEAR * max(point.bytes for point in points) >= LINE


def answer(lengths: Lengths) -> str:
    """Which rows fit, at the first number of frames; and how rows that train the last layers
    compare with adapters of the same encoder, mask and load."""
    frames, points = next(iter(lengths.items()))
    fits = [p.series for p in points if not p.row.is_out_of_memory and p.bytes <= LINE]
    if len(fits) == len(points):
        texts = [f"At {frames} frames all {len(fits)} fit 16 GiB here"]
    else:
        names = listed(fits) if fits else "none"
        texts = [f"At {frames} frames {len(fits)} of {len(points)} fit 16 GiB here: {names}"]
    ran = [point for point in points if not point.row.is_out_of_memory]
    ratios = [
        f"{other.series} takes {times(other.size, last.size)} times the memory of {last.series}"
        for last in ran
        for other in ran
        if (last.row.cell.recipe.train, other.row.cell.recipe.train) == ("last_k", "adapter")
        and (last.basis, mask_of(last)) == (other.basis, mask_of(other))
        and at_a_load(last.row) == at_a_load(other.row)
    ]
    return f"{'; '.join([*texts, *([listed(ratios)] if ratios else [])])}."
