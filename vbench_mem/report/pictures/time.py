"""Step time: against frames where frames vary, else a bar for each row. Measured rows alone."""

from collections.abc import Iterable

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.report.facets import bars, facets
from vbench_mem.report.pictures.plan import Plan, sentences
from vbench_mem.report.series import Spot, step_word

TIME, LOW, HIGH = "step_ms", "step_p10_ms", "step_p90_ms"


def time_spots(joined: Joined) -> list[Spot]:
    """Frames and milliseconds of every row that has both, in the matrix's order."""
    found = (spot_of(row) for row in joined.rows)
    return [spot for spot in found if spot is not None]


def spot_of(row: Row) -> Spot | None:
    time = row.metric(TIME)
    if not row.is_ok or not time:
        return None
    return Spot(
        row=row,
        series=row.cell.variant,
        x=row.cell.load.frames,
        y=time,
        low=row.metric(LOW),
        high=row.metric(HIGH),
    )


def plans(joined: Joined) -> list[Plan]:
    spots = time_spots(joined)
    name, title = "time_frames", "Step time against frames"
    if not spots:
        return [Plan(name=name, title=title, skipped="no row has a measured step time")]

    from vbench_mem.report.draw import time

    frames = sorted({spot.row.cell.load.frames for spot in spots})
    if len(frames) > 1:
        drawn = facets(spots, joined)
        said = sentences(
            f"Time of {step_word(drawn.places)} on the device against the frames of a clip, both "
            f"on log axes: the median{spans(drawn.places)}. A slope of 1 is linear.",
            drawn.left_out,
        )
        return [
            Plan(name=name, title=title, caption=said, draw=lambda: time.draw_time_frames(drawn))
        ]
    chosen, left_out = bars(spots, joined)
    return [
        Plan(name=name, title=title, skipped=f"all rows have {frames[0]} frames"),
        Plan(
            name="time_variants",
            title="Step time of each variant",
            caption=sentences(
                f"Time of {step_word(chosen.places)} at {frames[0]} frames, rows in the matrix's "
                f"order: the median{spans(chosen.places)}.",
                left_out,
            ),
            draw=lambda: time.draw_time_variants(chosen.places),
        ),
    ]


def spans(spots: Iterable[Spot]) -> str:
    known = any(spot.low is not None and spot.high is not None for spot in spots)
    return ", thin bars from the 10th to the 90th percentile of its steps" if known else ""
