"""Energy from a made-up counter, and a reason wherever there is no number."""

from collections.abc import Iterator

import pytest

from vbench_mem.machine.nvml import Reading
from vbench_mem.probes import energy
from vbench_mem.probes.energy import EnergyWindow, idle_power


class Meter:
    """Returns its readings in turn, and then the last one."""

    def __init__(self, *joules: Reading, watts: Reading = Reading(60.0)) -> None:  # noqa: B008
        self.joules, self.watts = list(joules), watts

    def energy_j(self) -> Reading:
        return self.joules.pop(0) if len(self.joules) > 1 else self.joules[0]

    def power_w(self) -> Reading:
        return self.watts


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(energy, "IDLE_PAUSE_S", 0.0)
    yield


def test_joules_are_shared_among_the_clips_of_the_window() -> None:
    window = EnergyWindow(Meter(Reading(1000.0), Reading(1060.0)), None)
    window.begin()
    assert window.end(clips=24) == (2.5, None)
    assert window.seconds > 0


def test_a_window_is_repeated_until_it_is_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    window = EnergyWindow(Meter(Reading(1.0)), None)
    window.begin()
    assert window.too_short()
    monkeypatch.setattr(energy, "MIN_WINDOW_S", 0.0)
    assert not window.too_short()


def test_a_counter_that_does_not_move_is_no_zero() -> None:
    window = EnergyWindow(Meter(Reading(5.0)), None)
    window.begin()
    value, reason = window.end(clips=1)
    assert value is None and "did not move" in str(reason)


@pytest.mark.parametrize(
    ("meter", "expected"),
    [
        (None, "a cpu"),
        (Meter(Reading(None, "NVML: not supported")), "NVML: not supported"),
        (Meter(Reading(5.0), Reading(None, "NVML: lost")), "NVML: lost"),
    ],
)
def test_no_counter_is_null_with_its_reason(meter: Meter | None, expected: str) -> None:
    window = EnergyWindow(meter, "a cpu")
    window.begin()
    assert window.too_short() == (window.start_j is not None), "else nothing to wait for"
    assert window.end(clips=1) == (None, expected)


def test_idle_power_is_a_mean_of_readings_or_a_reason() -> None:
    assert idle_power(Meter(Reading(0.0), watts=Reading(61.5)), None) == (61.5, None)
    assert idle_power(Meter(Reading(0.0), watts=Reading(None, "a MIG")), None) == (None, "a MIG")
    assert idle_power(None, "a cpu") == (None, "a cpu")
