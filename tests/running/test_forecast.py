"""Minutes of a matrix: from FLOPs and a share of the peak, or from records."""

from collections.abc import Callable

import pytest

from tests.predictions import GIB, predicted
from vbench_mem.base.load import Runtime
from vbench_mem.machine.cards import Card, parse_card
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.probes.prediction import Prediction, Target, Unpredicted
from vbench_mem.running.eta import gflop_of
from vbench_mem.running.forecast import MEASURED, RECORDS, Forecast, forecast
from vbench_mem.running.memory_limit import memory_limit_of
from vbench_mem.running.record import Record, Status

Maker = Callable[..., Cell]
MakeRecord = Callable[..., Record]
A100 = parse_card("a100-40")


def one(
    cell: Cell,
    outcome: Prediction | Unpredicted,
    *records: Record,
    card: Card | None = A100,
    target: Target = "cuda",
) -> Forecast:
    (found,) = forecast(
        {cell.id: (cell, target)},
        {cell.id: outcome},
        lambda _: card,
        lambda cell: memory_limit_of(cell, target, card, 4 * GIB),
        {record.cell_id: record for record in records},
    )
    return found


def gpu_cell(make_cell: Maker, dtype: str = "bfloat16", **fields: object) -> Cell:
    protocol = Protocol(warmup=3, steps=5, **fields)
    return make_cell(runtime=Runtime(device="cuda", dtype=dtype), protocol=protocol)


def test_ten_steps_of_a_hundredth_of_the_peak_take_the_start_and_ten_over_35_seconds(
    make_cell: Maker,
) -> None:
    # 312 TFLOP/s of bfloat16: a step of 3.12 TFLOP takes 1/35 s at 35 %; two are the memory pass's
    found = one(gpu_cell(make_cell), predicted(GIB, flop=3_120_000_000_000))
    assert found.seconds == pytest.approx(5 + 10 / 35)
    assert found.seconds_from == "NVIDIA A100 Tensor Core GPU datasheet, 2022"
    assert (found.fit, found.peak, found.flop) == ("fits", (GIB, "backward"), 3_120_000_000_000)
    # float32 has a sixteenth of that peak: 19.5 TFLOP/s
    slow = one(gpu_cell(make_cell, "float32"), predicted(GIB, flop=3_120_000_000_000))
    assert slow.seconds == pytest.approx(5 + 16 * 10 / 35)


@pytest.mark.parametrize(
    ("card", "dtype", "target", "message"),
    [
        ("16GiB", "float32", "cuda", "no dense peak is known for a card of 16.00 GiB"),
        ("t4", "bfloat16", "cuda", "the tensor cores of 'Tesla T4' do not have bfloat16"),
        ("t4", "bfloat16", "cuda", "the tensor cores of 'Tesla T4' do not have bfloat16"),
        ("a100-40", "float32", "cpu", "no dense peak is known for a CPU"),
    ],
)
def test_an_unknown_peak_is_no_minutes_and_the_reason(
    make_cell: Maker, card: str, dtype: str, target: Target, message: str
) -> None:
    cell = gpu_cell(make_cell, dtype)
    found = one(cell, predicted(GIB, flop=10**12), card=parse_card(card), target=target)
    assert found.seconds is None and message in found.seconds_from
    assert found.fit == "fits"


def test_without_a_card_there_is_no_verdict(make_cell: Maker) -> None:
    found = one(gpu_cell(make_cell), predicted(GIB, flop=10**12), card=None)
    assert (found.fit, found.seconds) == (None, None)
    assert "name one with --card" in str(found.why) and "no card" in found.seconds_from


def test_what_is_not_predicted_has_neither_fit_nor_minutes(make_cell: Maker) -> None:
    found = one(gpu_cell(make_cell), Unpredicted(reason="a compiled step is not predicted"))
    assert (found.fit, found.why) == (None, "a compiled step is not predicted")
    assert (found.peak, found.flop, found.seconds) == (None, None, None)


def test_a_cell_that_takes_longer_than_its_timeout_says_so(make_cell: Maker) -> None:
    work = predicted(GIB, flop=312 * 10**12)  # a step of 1 / 0.35 s
    assert one(gpu_cell(make_cell, timeout_s=33), work).times_out
    assert not one(gpu_cell(make_cell, timeout_s=34), work).times_out


def test_records_of_cells_that_ran_alike_go_before_the_peak(
    make_cell: Maker, make_record: MakeRecord
) -> None:
    small, middle, large = (make_cell(frames=frames) for frames in (4, 8, 16))
    a, b, c = (gflop_of(cell) for cell in (small, middle, large))
    assert a is not None and b is not None and c is not None
    records = [make_record(small, wall_s=10.0), make_record(middle, wall_s=20.0)]
    found = one(large, predicted(GIB, flop=10**12), *records, target="cpu")
    assert found.seconds_from == RECORDS
    assert found.seconds == pytest.approx(10 + 10 * (c - a) / (b - a))
    own = one(large, predicted(GIB), make_record(large, wall_s=7.5), *records, target="cpu")
    assert (own.seconds, own.seconds_from) == (7.5, MEASURED)


@pytest.mark.parametrize("what", ["one record", "failures", "errors", "another dtype"])
def test_records_of_other_kinds_leave_the_time_unknown(
    make_cell: Maker, make_record: MakeRecord, what: str
) -> None:
    cell = make_cell(frames=16)
    runtime = Runtime(device="cpu", dtype="bfloat16" if what == "another dtype" else "float32")
    status = {"failures": Status.TIMEOUT, "errors": Status.ERROR}.get(what, Status.OK)
    frames = (4,) if what == "one record" else (4, 8)
    records = [
        make_record(make_cell(frames=each, runtime=runtime), wall_s=each, status=status)
        for each in frames
    ]
    assert one(cell, predicted(GIB), *records, target="cpu").seconds is None
