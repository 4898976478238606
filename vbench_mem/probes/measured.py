"""What a probe found: numbers by metric name, reasons for those it lacks, and how it was done.

No torch. A number that could not be had is None with a reason, never 0 and never left out.
"""

from dataclasses import dataclass, field
from typing import Any

from vbench_mem.base.metrics import METRICS

Number = int | float | None


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
        """Metrics that apply to the cell and could not be had, all for the same reason."""
        for name in names:
            assert name in METRICS, name
            self.metrics[name] = None
            self.missing[name] = reason

    def take(self, name: str, value: int | float | None, reason: str | None) -> None:
        """A reading that comes as (value, why there is none)."""
        if value is None:
            assert reason, f"{name} is missing without a reason"
            self.lack(reason, name)
        else:
            self.put(**{name: value})

    def merge(self, other: "Measured") -> None:
        """Take over what another part found; two parts never measure the same metric."""
        twice = self.metrics.keys() & other.metrics.keys()
        assert not twice, f"measured twice: {sorted(twice)}"
        self.metrics.update(other.metrics)
        self.missing.update(other.missing)
        self.details.update(other.details)
