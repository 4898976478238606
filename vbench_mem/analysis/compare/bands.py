"""Bands of timed steps, which decide whether a difference of times is more than noise.

A band is the 10th to 90th percentile of the steps of one process: runs may differ by more.
"""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vbench_mem.running.record import Record

FEWEST = 3  # timed steps; with fewer the 10th and 90th percentile mean nothing
TIMES = ("step_ms", "decode_ms", "transfer_ms", "end_to_end_clips_per_s")
# Computed from the step time and exact numbers, so judged like the step time.
OF_STEP = ("clips_per_s", "frames_per_s", "tokens_per_s", "achieved_tflop_per_s", "mfu")
OF_FLOP = ("achieved_tflop_per_s", "mfu")


@dataclass(frozen=True, kw_only=True)
class Band:
    """In the metric's unit, of `count` timed steps."""

    low: float
    high: float
    count: int

    def overlaps(self, other: "Band") -> bool:
        """True also for bands that touch."""
        return self.low <= other.high and other.low <= self.high


def band_of(record: Record | None, name: str) -> Band | None:
    """None if the record has no times of single steps. Of the step time the recorded percentiles,
    else those of the recorded steps."""
    if record is None:
        return None
    values = values_of(record, name)
    low, high = (record.metrics.get(f"step_{each}_ms") for each in ("p10", "p90"))
    if name == "step_ms" and low is not None and high is not None:
        return Band(low=low, high=high, count=len(values) or record.cell.protocol.steps)
    return spread(values) if values else None


def spread(values: Sequence[float]) -> Band:
    if len(values) < 2:
        return Band(low=values[0], high=values[0], count=1)
    tenths = statistics.quantiles(values, n=10, method="inclusive")
    return Band(low=tenths[0], high=tenths[-1], count=len(values))


def values_of(record: Record, name: str) -> list[float]:
    """One value for each timed step; empty if any is missing."""
    steps = numbers(record.details.get("steps_ms"))
    if name == "step_ms":
        return steps
    source = record.details.get("input")
    batches = source.get("batches") if isinstance(source, dict) else None
    if not isinstance(batches, list) or not all(isinstance(each, dict) for each in batches):
        return []
    if name != "end_to_end_clips_per_s":
        return numbers([each.get(name) for each in batches])
    if len(steps) != len(batches):
        return []
    parts = ("decode_ms", "transfer_ms", "normalise_ms")
    whole = [
        [step, *(each[part] for part in parts if each.get(part) is not None)]
        for step, each in zip(steps, batches, strict=True)
    ]
    if not all(numbers(each) for each in whole):
        return []
    return [1000 * record.cell.load.batch / sum(each) for each in whole]


def numbers(values: Any) -> list[float]:
    """The values as floats if all are positive numbers, else empty: records come from files."""
    if not isinstance(values, list) or not all(map(is_time, values)):
        return []
    return [float(value) for value in values]


def is_time(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 < value <= sys.float_info.max  # nor is NaN
