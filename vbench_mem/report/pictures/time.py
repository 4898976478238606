"""Step time: against frames where frames vary, else a bar for each row. Measured rows alone."""

from collections.abc import Iterable

from vbench_mem.analysis.join import Joined
from vbench_mem.report.facets import bars, facets
from vbench_mem.report.plan import Plan, drawn_as
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import ValuePoint, step_word

TIME, LOW, HIGH = "step_ms", "step_p10_ms", "step_p90_ms"


def time_points(joined: Joined) -> list[ValuePoint]:
    """Frames and milliseconds of every row that has both, in the matrix's order."""
    scheme = scheme_of(joined)
    return [
        ValuePoint(
            row=row,
            series=row.cell.variant,
            scheme=scheme,
            x=row.cell.load.frames,
            y=time,
            low=row.metric(LOW),
            high=row.metric(HIGH),
        )
        for row in joined.rows
        if row.is_ok and (time := row.metric(TIME))
    ]


def plans(joined: Joined) -> list[Plan]:
    points = time_points(joined)
    name, title = "time_frames", "Step time against frames"
    if not points:
        return [Plan(name=name, title=title, skipped="no row has a measured step time")]

    frames = sorted({point.frames for point in points})
    if len(frames) > 1:
        shown = facets(points, joined)
        caption = (
            f"Time of {step_word(shown.points)} on the device against the frames of a clip, both "
            f"on log axes: the median{spans(shown.points)}. A slope of 1 is linear."
        )
        return [drawn_as("time_frames", title, (shown,), caption, shown.left_out)]
    chosen, left_out = bars(points, joined)
    caption = (
        f"Time of {step_word(chosen)} at {frames[0]} frames, rows in the matrix's order: "
        f"the median{spans(chosen)}."
    )
    return [
        Plan(name=name, title=title, skipped=f"all rows have {frames[0]} frames"),
        drawn_as("time_variants", "Step time of each variant", (chosen,), caption, left_out),
    ]


def spans(points: Iterable[ValuePoint]) -> str:
    known = any(point.low is not None and point.high is not None for point in points)
    return ", thin bars from the 10th to the 90th percentile of its steps" if known else ""
