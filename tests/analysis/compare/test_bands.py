"""Noise: bands against a slow and obvious reference, and who is judged at all."""

import itertools
import random
from pathlib import Path

import pytest

from tests.analysis.compare.made import compared, tenth, timed
from vbench_mem.analysis.compare.bands import Band, band_of
from vbench_mem.analysis.compare.differences import Difference, Matched
from vbench_mem.base.metrics import METRICS
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.record import Record


def step(tmp_path: Path, before: Record, after: Record) -> Difference:
    (row,) = compared(tmp_path, [before], [after]).rows
    found = row.metric("step_ms")
    assert found is not None
    return found


def judge(old: list[float], new: list[float]) -> str:
    """Word by word what the promise is: every place of one band against every place of the other,
    on a grid that both ends are on."""
    if min(len(old), len(new)) < 3:
        return "unjudged"
    ends = [(tenth(sorted(some), 0.1), tenth(sorted(some), 0.9)) for some in (old, new)]
    grid = sorted({end for band in ends for end in band})
    both = [at for at in grid if all(low <= at <= high for low, high in ends)]
    if both:
        return "noise"
    return "better" if max(ends[1]) < min(ends[0]) else "worse"


def test_verdicts_on_times_are_those_of_the_obvious_reference(
    tmp_path: Path, matrix: Matrix
) -> None:
    draw, cell = random.Random(3), matrix.cells[0]
    met = set()
    for number in range(60):
        count = draw.choice([2, 3, 4, 9])
        near = draw.choice([0.5, 2.0, 5.0])
        old, new = (
            [draw.gauss(mean, near) for _ in range(count)] for mean in draw.sample((30, 34), 2)
        )
        found = step(tmp_path / str(number), timed(cell, old), timed(cell, new))
        assert found.verdict == judge(old, new), (old, new)
        met.add(found.verdict)
    assert met == {"noise", "worse", "better", "unjudged"}


def test_bands_that_touch_are_noise_and_a_hair_between_them_is_not(
    tmp_path: Path, matrix: Matrix
) -> None:
    cell = matrix.cells[0]

    def banded(low: float, middle: float, high: float) -> Record:
        metrics = {"step_ms": middle, "step_p10_ms": low, "step_p90_ms": high}
        record = timed(cell, [low, middle, high])
        return record.model_copy(update={"metrics": record.metrics | metrics})

    old = banded(10, 11, 12)
    assert step(tmp_path / "a", old, banded(12, 13, 14)).verdict == "noise"
    assert step(tmp_path / "b", old, banded(12.000001, 13, 14)).verdict == "worse"
    assert step(tmp_path / "c", banded(12.000001, 13, 14), old).verdict == "better"
    assert step(tmp_path / "d", old, banded(9, 11.5, 20)).verdict == "noise"


@pytest.mark.parametrize("counts", [(1, 1), (2, 9), (9, 2)])
def test_fewer_than_three_steps_are_never_judged_however_far_apart(
    tmp_path: Path, matrix: Matrix, counts: tuple[int, int]
) -> None:
    old, new = (
        [base + n for n in range(count)] for base, count in zip((10.0, 99.0), counts, strict=True)
    )
    found = step(tmp_path, timed(matrix.cells[0], old), timed(matrix.cells[0], new))
    assert found.verdict == "unjudged" and "3 are needed" in str(found.why)


def test_speeds_follow_the_time_of_the_step(tmp_path: Path, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    slow, fast = timed(cell, [20.0, 21.0, 22.0]), timed(cell, [10.0, 10.5, 11.0])
    noisy = timed(cell, [9.0, 21.5, 30.0])

    def verdicts(old: Record, new: Record, name: str) -> tuple[str, str]:
        (row,) = compared(tmp_path / name, [old], [new]).rows
        found = [row.metric(metric) for metric in ("step_ms", "clips_per_s")]
        return tuple(each.verdict for each in found if each is not None)

    assert verdicts(slow, fast, "a") == ("better", "better")
    assert verdicts(fast, slow, "b") == ("worse", "worse")
    assert verdicts(slow, noisy, "c") == ("noise", "noise")


def test_a_share_of_the_peak_is_not_judged_where_the_work_is_another(
    tmp_path: Path, matrix: Matrix
) -> None:
    cell = matrix.cells[0]
    old = timed(cell, [10.0, 11.0, 12.0], step_gflop=4.0, mfu=0.4)
    new = timed(cell, [5.0, 5.5, 6.0], step_gflop=1.0, mfu=0.2)
    (row,) = compared(tmp_path, [old], [new]).rows
    mfu = row.metric("mfu")
    assert mfu is not None and mfu.verdict == "unjudged" and mfu.why == "the FLOPs of a step differ"
    gflop = row.metric("step_gflop")
    assert gflop is not None and gflop.verdict == "better"


def batches(record: Record, decode: list[float]) -> Record:
    fed = [{"decode_ms": each, "transfer_ms": None, "normalise_ms": 1.0} for each in decode]
    return record.model_copy(update={"details": record.details | {"input": {"batches": fed}}})


def test_decoding_and_end_to_end_have_bands_of_their_own(matrix: Matrix) -> None:
    cell, steps, decode = matrix.cells[0], [10.0, 12.0, 14.0], [5.0, 7.0, 9.0]
    record = batches(timed(cell, steps), decode)
    assert band_of(record, "decode_ms") == Band(low=5.4, high=8.6, count=3)
    speeds = sorted(1000 * 2 / (a + b + 1) for a, b in zip(steps, decode, strict=True))
    band = band_of(record, "end_to_end_clips_per_s")
    assert band is not None
    assert band.low == pytest.approx(tenth(speeds, 0.1))
    assert band.high == pytest.approx(tenth(speeds, 0.9))


@pytest.mark.parametrize(
    "details",
    [
        {"steps_ms": [1.0, "x"], "input": {"batches": [{"decode_ms": True}]}},
        {"steps_ms": {"a": 1}, "input": [1]},
        {"steps_ms": [1.0, float("inf"), 2.0], "input": {"batches": [3]}},
        {},
    ],
)
def test_rubbish_in_the_details_is_no_band_and_no_error(
    matrix: Matrix, details: dict[str, object]
) -> None:
    record = timed(matrix.cells[0], [1.0, 2.0, 3.0])
    bare = {name: value for name, value in record.metrics.items() if "_p" not in name}
    record = record.model_copy(update={"details": details, "metrics": bare})
    for name in ("step_ms", "decode_ms", "transfer_ms", "end_to_end_clips_per_s"):
        assert band_of(record, name) is None


def test_overlap_is_the_same_seen_from_either_side() -> None:
    ends = [0.0, 1.0, 2.0, 3.0]
    some = [Band(low=a, high=b, count=3) for a, b in itertools.combinations(ends, 2)]
    for one, other in itertools.product(some, some):
        assert one.overlaps(other) == other.overlaps(one)
        inside = any(
            one.low <= at / 4 <= one.high and other.low <= at / 4 <= other.high for at in range(13)
        )
        assert one.overlaps(other) == inside


def test_every_metric_has_one_way_of_being_judged(tmp_path: Path, matrix: Matrix) -> None:
    """A metric that is added is exact until somebody says otherwise: never left out."""
    cell = matrix.cells[0]
    names = [name for name in METRICS if name not in ("step_p10_ms", "step_p90_ms")]
    old, new = (
        timed(cell, [10.0, 11.0, 12.0]).model_copy(update={"metrics": dict.fromkeys(names, value)})
        for value in (1, 2)
    )
    (row,) = compared(tmp_path, [old], [new]).rows
    assert isinstance(row, Matched)
    assert [each.metric for each in row.differences] == names
    exact = [each for each in row.differences if METRICS[each.metric].unit in ("GFLOP", "tokens")]
    assert exact and {each.verdict for each in exact} == {"worse"}
    informational = {each.metric for each in row.differences if each.verdict == "informational"}
    assert {"host_rss_bytes", "device_bytes", "energy_j_per_clip"} <= informational
