"""Figure 5 of the paper as plain data: which way of tuning on long clips fits a small card."""

from collections.abc import Sequence
from dataclasses import dataclass

from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.report.exhibits.words import listed, times
from vbench_mem.report.panels import at_a_load, is_ours, mask_of
from vbench_mem.report.series import NEAR, Point, memory_points, point_of

FRAMES = 128  # of the paper's figure
LINE = 16 * 2**30  # bytes; the paper writes 16 GB


@dataclass(frozen=True, kw_only=True)
class Length:
    """All rows of one number of frames, the leanest first."""

    frames: int
    points: list[Point]


@dataclass(frozen=True, kw_only=True)
class LongClips:
    """`lengths`: the paper's number of frames first, or the largest; `asked` is the column of the
    recall that the points have, where one is joined."""

    lengths: list[Length]
    asked: AnyScore | None

    @property
    def points(self) -> list[Point]:
        return [point for length in self.lengths for point in length.points]

    @property
    def has_line(self) -> bool:
        """Is the 16 GiB line near enough to what is drawn?"""
        return NEAR * max((point.memory or 0) for point in self.points) >= LINE


def long_clips(joined: Joined) -> LongClips | None:
    """None where no row has a memory."""
    asked = asked_most(joined)
    found: dict[int, list[Point]] = {}
    for plain in memory_points(joined):
        score = plain.row.scores.get(asked.column) if asked else None
        point = point_of(plain.row, joined, score)
        if point is not None and point.memory:
            found.setdefault(point.frames, []).append(point)
    if not found:
        return None
    first = FRAMES if FRAMES in found else max(found)
    order = [first, *(frames for frames in sorted(found) if frames != first)]
    return LongClips(
        lengths=[Length(frames=n, points=sorted(found[n], key=size_of)) for n in order],
        asked=asked,
    )


def size_of(point: Point) -> int:
    return point.memory or 0


def asked_most(joined: Joined) -> AnyScore | None:
    """One score of the text-to-video recall that most rows have; ours go before published ones."""
    found: dict[str, list[AnyScore]] = {}
    for row in joined.rows:
        for score in row.scores.values():
            if score.metric == RECALL and score.direction == "t2v":
                found.setdefault(score.column, []).append(score)
    some = sorted(found.values(), key=lambda each: (each[0].origin == "published", -len(each)))
    return some[0][0] if some else None


def scored(points: Sequence[Point]) -> list[Point]:
    """Those whose recall gives them a colour: ours, never a published one."""
    return [point for point in points if point.score is not None and is_ours(point)]


def answer(clips: LongClips) -> str:
    """Who fits, of the paper's number of frames."""
    first = clips.lengths[0]
    fits = [p.series for p in first.points if p.ending == "ok" and size_of(p) <= LINE]
    if len(fits) == len(first.points):
        said = [f"At {first.frames} frames all {len(fits)} fit 16 GiB here"]
    else:
        who = listed(fits) if fits else "none"
        said = [
            f"At {first.frames} frames {len(fits)} of {len(first.points)} fit 16 GiB here: {who}"
        ]
    ratios = [
        f"{other.series} takes {times(size_of(other), size_of(last))} times the memory of "
        f"{last.series}"
        for last, other in against_adapters(first.points)
    ]
    if ratios:
        said.append(listed(ratios))
    return f"{'; '.join(said)}."


def against_adapters(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    """Rows that train the last layers, each with one of the same encoder, mask and load that
    trains adapters."""
    ran = [point for point in points if point.ending == "ok"]
    return [
        (last, other)
        for last in ran
        for other in ran
        if (last.row.cell.recipe.train, other.row.cell.recipe.train) == ("last_k", "adapter")
        and (last.basis, mask_of(last)) == (other.basis, mask_of(other))
        and at_a_load(last.row) == at_a_load(other.row)
    ]
