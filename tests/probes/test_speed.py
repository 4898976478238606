"""The time pass with a made-up clock, and the metrics against arithmetic by hand."""

from collections.abc import Callable, Iterator
from itertools import count, repeat

import pytest
import torch
from torch import Tensor

from vbench_mem.machine.nvml import Reading
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import energy
from vbench_mem.probes.batch import Batch
from vbench_mem.probes.energy import EnergyWindow
from vbench_mem.probes.feed import InputCost, TimedBatch
from vbench_mem.probes.measured import Measured
from vbench_mem.probes.speed import DeviceClock, HostClock, TimedSteps, time_pass
from vbench_mem.probes.speed_metrics import percentile, put_share_of_peak, speed_metrics

Make = Callable[..., Cell]


class Laps:
    """A clock that returns 1, 2, 3 ... ms and records the order of calls."""

    method = "made up"

    def __init__(self) -> None:
        self.calls: list[str] = []

    def begin(self) -> None:
        self.calls.append("begin")

    def end(self) -> None:
        self.calls.append("end")

    def wait(self) -> None:
        self.calls.append("wait")

    def laps_ms(self) -> list[float]:
        return [float(number) for number in range(1, self.calls.count("end") + 1)]


def batch() -> Batch:
    words = torch.ones(2, 4, dtype=torch.long)
    return Batch(clips_BTCHW=torch.zeros(2, 4, 3, 8, 8), ids_BL=words, mask_BL=words.bool())


def test_warm_up_is_not_timed_and_every_step_is() -> None:
    clock, numbers = Laps(), count(1)

    def step(_: Batch) -> Tensor:
        return torch.tensor(float(next(numbers)))

    timed = time_pass(
        step,
        repeat(TimedBatch(batch=batch())),
        clock,
        EnergyWindow(None, "none"),
        warmup=2,
        steps=3,
    )
    assert timed.step_ms == [1.0, 2.0, 3.0]
    assert timed.losses == [1.0, 2.0, 3.0, 4.0, 5.0], "of the warm-up too"
    assert clock.calls == ["wait", "wait", *["begin", "end"] * 3, "wait"]
    assert timed.energy == (None, "none") and timed.energy_steps == 3
    assert timed.first_step_s > 0


def test_decoding_is_outside_of_the_timed_step_and_takes_turns() -> None:
    clock, order = Laps(), []

    def fed() -> Iterator[TimedBatch]:
        for number in count(1):
            clock.calls.append("decode")
            cost = InputCost(decode_ms=10.0 * number, transfer_ms=1.0, normalise_ms=0.5)
            yield TimedBatch(batch=batch(), cost=cost)

    timed = time_pass(
        lambda _: order.append("step"),
        fed(),
        clock,
        EnergyWindow(None, "none"),
        warmup=1,
        steps=2,
    )
    turn = ["decode", "begin", "end", "wait"]
    assert clock.calls == ["decode", "wait", *turn, *turn, "wait"]
    assert [cost.decode_ms for cost in timed.costs] == [20.0, 30.0]
    assert timed.losses == [], "an embedding has none"


def test_steps_are_repeated_until_the_energy_counter_has_moved_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(energy, "MIN_WINDOW_S", 0.05)

    class Meter:
        joules = count(0, 30)

        def energy_j(self) -> Reading:
            return Reading(next(self.joules))

        def power_w(self) -> Reading:
            return Reading(1.0)

    fed = count()
    timed = time_pass(
        lambda _: torch.tensor(1.0),
        (TimedBatch(batch=batch()) for _ in fed),
        HostClock(),
        EnergyWindow(Meter(), None),
        warmup=1,
        steps=2,
    )
    assert len(timed.step_ms) == 2, "the extra steps are not timed"
    assert len(timed.losses) == 3 and next(fed) == 3, "and change no loss and no count of clips"
    assert timed.energy_steps > 2 and timed.energy_s >= 0.05
    assert timed.energy == (30 / (2 * timed.energy_steps), None)


def test_rates_follow_from_the_median_step(small_cell: Make) -> None:
    cell = small_cell(frames=16)
    timed = TimedSteps(step_ms=[10.0, 20.0, 30.0, 20.0], energy=(None, "no card"))
    found = speed_metrics(cell, timed, "made up")
    assert found.metrics["step_ms"] == 20.0
    assert found.metrics["step_p10_ms"] == pytest.approx(13.0)
    assert found.metrics["step_p90_ms"] == pytest.approx(27.0)
    assert found.metrics["clips_per_s"] == pytest.approx(2 / 0.020)
    assert found.metrics["frames_per_s"] == pytest.approx(16 * 2 / 0.020)
    assert found.metrics["tokens_per_s"] == pytest.approx(8 * 4 * 4 * 2 / 0.020)
    assert found.missing["energy_j_per_clip"] == "no card"
    assert found.metrics["decode_ms"] is None and "noise" in found.missing["decode_ms"]
    assert found.details["steps_ms"] == timed.step_ms


@pytest.mark.parametrize("transfer_ms", [None, 4.0])
def test_end_to_end_counts_decoding_and_transfer(
    small_cell: Make, transfer_ms: float | None
) -> None:
    cell = small_cell(input="clips", clips="captions.csv")
    cost = InputCost(decode_ms=50.0, transfer_ms=transfer_ms, normalise_ms=1.0)
    timed = TimedSteps(
        step_ms=[10.0, 10.0], costs=[cost, cost], wall_s=0.16, energy=(None, "no card")
    )
    found = speed_metrics(cell, timed, "made up")
    assert found.metrics["decode_ms"] == 50.0
    assert found.metrics["end_to_end_clips_per_s"] == pytest.approx(4 / 0.16)
    assert found.metrics["transfer_ms"] == transfer_ms
    assert ("transfer_ms" in found.missing) == (transfer_ms is None)


def counted(step_ms: float, recomputed: float = 0.0) -> Measured:
    found = Measured(details={"flops": {"recomputed_gflop": recomputed}})
    found.put(step_ms=step_ms, step_gflop=1000.0, embed_video_gflop=300.0, forward_text_gflop=20.0)
    return found


def test_the_share_of_the_peak_leaves_out_what_checkpointing_recomputes(small_cell: Make) -> None:
    found = counted(step_ms=20.0, recomputed=250.0)
    put_share_of_peak(found, small_cell(dtype="bfloat16"), "NVIDIA A100-SXM4-80GB")
    assert found.metrics["achieved_tflop_per_s"] == pytest.approx(100.0)  # 2 clips, 2 TFLOP, 20 ms
    assert found.metrics["mfu"] == pytest.approx(0.75 * 100.0 / 312)
    assert found.details["dense_peak"]["tflop_per_s"] == 312


def test_an_embedding_counts_one_forward_of_each_tower(small_cell: Make) -> None:
    found = counted(step_ms=20.0)
    put_share_of_peak(found, small_cell(mode="embed"), "cpu")
    assert found.metrics["achieved_tflop_per_s"] == pytest.approx(32.0)
    assert found.metrics["mfu"] is None and "cpu" in found.missing["mfu"]


def test_more_than_the_peak_is_an_error(small_cell: Make) -> None:
    with pytest.raises(ArithmeticError, match="is more than the device"):
        put_share_of_peak(counted(step_ms=2.0), small_cell(dtype="bfloat16"), "NVIDIA A10")


def test_a_missing_count_leaves_the_share_missing(small_cell: Make) -> None:
    found = counted(step_ms=20.0)
    found.lack("not counted", "step_gflop")
    put_share_of_peak(found, small_cell(), "NVIDIA A10")
    assert found.metrics["mfu"] is None and found.metrics["achieved_tflop_per_s"] is None


def test_percentiles_lie_between_their_neighbours() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.5
    assert percentile([7.0], 90) == 7.0


@pytest.mark.gpu
def test_device_events_time_what_the_device_does() -> None:
    clock = DeviceClock()
    x = torch.randn(4096, 4096, device="cuda")
    for repeats in (1, 8):
        clock.begin()
        for _ in range(repeats):
            x @ x
        clock.end()
    short, long = clock.laps_ms()
    assert 0 < short < long
