"""The result of a probe: numbers by metric name, reasons for missing ones, and details.

No torch. A number that could not be measured is None with a reason, never 0 and never left out.
"""

from dataclasses import dataclass, field
from typing import Any

from vbench_mem.base.metrics import METRICS

Number = int | float | None
NO_STEP = "an embedding run has no training step"
NO_ALLOCATOR = "a cpu has no caching allocator"


@dataclass(kw_only=True)
class Measured:
    """`metrics` has only names from `metrics.METRICS`; a None has its reason in `missing`."""

    metrics: dict[str, Number] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def put(self, **numbers: int | float) -> None:
        """Numbers that were measured."""
        for name, value in numbers.items():
            assert name in METRICS, name
            self.metrics[name] = value

    def lack(self, reason: str, *names: str) -> None:
        """Metrics that apply to the cell and could not be measured, all for the same reason."""
        for name in names:
            assert name in METRICS, name
            self.metrics[name] = None
            self.missing[name] = reason

    def take(self, name: str, value: int | float | None, reason: str | None) -> None:
        """A reading: its value, or None and the reason."""
        if value is None:
            assert reason, f"{name} is missing without a reason"
            self.lack(reason, name)
        else:
            self.put(**{name: value})

    def merge(self, other: "Measured") -> None:
        """Add the result of another part; two parts never measure the same metric."""
        twice = self.metrics.keys() & other.metrics.keys()
        assert not twice, f"measured twice: {sorted(twice)}"
        self.metrics.update(other.metrics)
        self.missing.update(other.missing)
        self.details.update(other.details)
