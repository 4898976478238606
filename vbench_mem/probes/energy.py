"""Energy of the timed steps from NVML's counter, and the power of the idle device before them.

No torch. The counter is the device's: it includes idle power and every other program on it.
"""

from time import perf_counter, sleep

from vbench_mem.machine.nvml import Gpu

MIN_WINDOW_S = 1.0  # the counter moves every 20 to 100 ms: shorter windows are mostly rounding
IDLE_READINGS, IDLE_PAUSE_S = 5, 0.1


def idle_power(meter: Gpu | None, reason: str | None) -> tuple[float | None, str | None]:
    """Mean of a few readings, to be taken before this process touches the device; watts."""
    if meter is None:
        return None, reason
    total_w = 0.0
    for _ in range(IDLE_READINGS):
        reading = meter.power_w()
        if reading.number is None:
            return None, reading.reason
        total_w += reading.number
        sleep(IDLE_PAUSE_S)
    return total_w / IDLE_READINGS, None


class EnergyWindow:
    """From `begin` to `end`; the time pass repeats steps while it is `too_short`."""

    def __init__(self, meter: Gpu | None, reason: str | None) -> None:
        self.meter, self.reason = meter, reason
        self.start_j: float | None = None
        self.start_s = self.seconds = 0.0

    def begin(self) -> None:
        if self.meter is not None:
            reading = self.meter.energy_j()
            self.start_j, self.reason = reading.number, reading.reason
        self.start_s = perf_counter()

    def too_short(self) -> bool:
        return self.start_j is not None and perf_counter() - self.start_s < MIN_WINDOW_S

    def end(self, clips: int) -> tuple[float | None, str | None]:
        """Joules per clip over the window, or None and the reason."""
        self.seconds = perf_counter() - self.start_s
        if self.meter is None or self.start_j is None:
            return None, self.reason
        reading = self.meter.energy_j()
        if reading.number is None:
            return None, reading.reason
        used_j = reading.number - self.start_j
        if used_j <= 0:
            return None, f"NVML's energy counter did not move in {self.seconds:.2f} s"
        return used_j / clips, None
