"""The loss and the gradient norm of all steps, in at most `POINTS` points for a record.

No torch. Every step counts: in a long stage each point is the mean of equally many steps.
"""

from dataclasses import dataclass, field
from statistics import fmean

POINTS = 1000


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Point i is the mean over steps i * every + 1 to (i + 1) * every; the last may have fewer.

    The norm is that of all gradients before the update, or None where a loss scaler skipped it.
    """

    every: int
    losses: tuple[float, ...]
    gradient_norms: tuple[float | None, ...]


@dataclass
class CurveWriter:
    """Collects the steps of a stage; plain numbers, so that it can be saved."""

    steps: int
    losses: list[float] = field(default_factory=list)
    norms: list[float | None] = field(default_factory=list)
    pending: list[tuple[float, float | None]] = field(default_factory=list)

    @property
    def every(self) -> int:
        return -(-self.steps // POINTS)

    def add(self, loss: float, norm: float | None) -> None:
        self.pending.append((loss, norm))
        if len(self.pending) == self.every:
            self.close_point()

    def close_point(self) -> None:
        self.losses.append(fmean(loss for loss, _ in self.pending))
        known = [norm for _, norm in self.pending if norm is not None]
        self.norms.append(fmean(known) if known else None)
        self.pending.clear()

    def curve(self) -> Curve:
        """All steps so far."""
        whole = CurveWriter(self.steps, [*self.losses], [*self.norms], [*self.pending])
        if whole.pending:
            whole.close_point()
        losses, norms = tuple(whole.losses), tuple(whole.norms)
        return Curve(every=self.every, losses=losses, gradient_norms=norms)
