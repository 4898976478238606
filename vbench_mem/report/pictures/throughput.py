"""Work against speed: GFLOP of a clip and clips per second, measured rows alone."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.report.facets import facets, spread
from vbench_mem.report.plan import Plan, drawn_as
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import ValuePoint

WORK, SPEED = "step_gflop", "clips_per_s"
ROUND = (1, 2, 5)
MOST_LEVELS = 5
SAME = 1.02  # peaks are of one device and dtype within this, as shares are rounded


def throughput_points(joined: Joined) -> list[ValuePoint]:
    """GFLOP of a clip and clips per second of every row that has both."""
    scheme = scheme_of(joined)
    return [
        ValuePoint(row=row, series=row.cell.variant, scheme=scheme, x=work, y=speed)
        for row in joined.rows
        if row.is_ok and (work := row.metric(WORK)) and (speed := row.metric(SPEED))
    ]


def levels(points: Iterable[ValuePoint]) -> list[float]:
    """Round TFLOP/s around those achieved: GFLOP/clip times clips/s over 1000."""
    achieved = [point.x * point.y / 1000 for point in points]
    low, high = min(achieved), max(achieved)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    every = [digit * 10.0**power for power in powers for digit in ROUND]
    around = every[bisect_right(every, low) - 1 : bisect_left(every, high) + 1]
    return spread(around, MOST_LEVELS)


def peak_of(rows: Iterable[Row]) -> float | None:
    """The device's dense peak in TFLOP/s, where all rows say it and agree on it."""
    found = []
    for row in rows:
        mfu, achieved = row.metric("mfu"), row.metric("achieved_tflop_per_s")
        if not mfu or not achieved:
            return None
        found.append(achieved / mfu)
    return found[0] if found and max(found) <= SAME * min(found) else None


def level_text(level: float, peak: float | None) -> str:
    """`2 TFLOP/s, MFU 0.6 %`."""
    speed = f"{level:g} TFLOP/s" if level >= 1 else f"{1000 * level:g} GFLOP/s"
    return speed if peak is None else f"{speed}, MFU {100 * level / peak:.2g} %"


def plans(joined: Joined) -> list[Plan]:
    points = throughput_points(joined)
    title = "Throughput against FLOPs"
    if not points:
        why = "no row has both measured clips/s and its GFLOP per clip"
        return [Plan(name="throughput", title=title, skipped=why)]

    shown = facets(points, joined)
    peak = peak_of(point.row for point in shown.points)
    lines = [(level, level_text(level, peak)) for level in levels(shown.points)]
    frames = sorted({point.frames for point in shown.points})
    captions = (
        "Clips per second against the FLOPs that a clip costs in a training step, on log axes.",
        "Along a dashed line the FLOPs per second are the same; a higher one is better use.",
        "MFU is the share of the device's dense peak." if peak is not None else "",
        f"A line joins a variant's frame counts, from {frames[0]} to {frames[-1]}."
        if len(frames) > 1
        else "",
        shown.left_out,
    )
    return [drawn_as("throughput", title, (shown, lines), *captions)]
