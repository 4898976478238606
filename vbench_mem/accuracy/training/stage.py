"""One stage of a training from its first step, or from a snapshot, to its last.

The result does not depend on kills and resumes: a step depends on the weights, the optimiser and
its own number alone.
"""

import math
import time
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from vbench_mem.accuracy.training.curve import CurveWriter
from vbench_mem.accuracy.training.feed import PairFeed
from vbench_mem.accuracy.training.snapshot import Snapshots
from vbench_mem.accuracy.training.step import Stepper
from vbench_mem.accuracy.training.trained import StageResult
from vbench_mem.data.benchmark import Dropped
from vbench_mem.matrix.training import Stage
from vbench_mem.probes.train_step import Enter, quiet

REPORT_EVERY_S = 2.0
READ_EVERY = 20  # steps after which a card is synchronised; on a CPU every step is read


class Diverged(FloatingPointError):
    """A loss or a gradient is not a finite number; later steps would be meaningless."""


@dataclass
class Progress:
    """Counters of a running stage, named as in `StageResult`; plain data, saved with a snapshot."""

    steps: int = 0
    seconds: float = 0.0
    clips_seen: int = 0
    repeated: int = 0
    skipped: int = 0
    resumed: tuple[int, ...] = ()


class StageRun:
    """A running stage."""

    def __init__(
        self,
        stage: Stage,
        stepper: Stepper,
        feed: PairFeed,
        snapshots: Snapshots,
        enter: Enter = quiet,
    ) -> None:
        self.stage, self.stepper, self.feed = stage, stepper, feed
        self.snapshots, self.enter = snapshots, enter
        self.progress = Progress()
        self.curve = CurveWriter(stage.steps)
        self.unread: list[tuple[Tensor, Tensor]] = []
        self.notes: list[str] = []
        self.time_mark = self.last_report = time.monotonic()

    def run(self) -> StageResult:
        """Train for `stage.steps` steps, from the snapshot where there is one.

        Raises `Diverged` that names the step, and `UsageError` for a file that cannot be decoded or
        written.
        Check:  killed anywhere and run again, the weights are the same bytes (on a CPU).
        """
        self.resume()
        read_every = READ_EVERY if self.stepper.device.type == "cuda" else 1
        for batches in self.feed.batches(self.progress.steps, self.stage.steps):
            self.report()
            self.unread.append(self.stepper.step(batches, self.progress.steps))
            self.progress.steps += 1
            for part in batches.parts:
                self.progress.clips_seen += len(part.frames)
                self.progress.repeated += part.repeated
            if len(self.unread) >= read_every:
                self.read()
            if self.snapshots.is_due:
                self.save()
        self.read()
        return self.result()

    def resume(self) -> None:
        """Load the snapshot, if there is one of this training."""
        state, note = self.snapshots.load()
        if note is not None:
            self.notes.append(note)
        if state is None:
            return
        self.stepper.load_state(state["stepper"])
        self.progress = Progress(**state["progress"])
        self.progress.resumed += (self.progress.steps,)
        self.curve = CurveWriter(**state["curve"])
        self.feed.broken = {number: Dropped(**each) for number, each in state["broken"].items()}

    def save(self) -> None:
        self.read()
        self.take_time()
        self.snapshots.save(
            {
                "stepper": self.stepper.state(),
                "progress": asdict(self.progress),
                "curve": asdict(self.curve),
                "broken": {number: asdict(each) for number, each in self.feed.broken.items()},
            }
        )

    def read(self) -> None:
        """The losses and norms of the steps since the last call; raises `Diverged` at the first
        that is not finite."""
        if not self.unread:
            return
        losses, norms = (torch.stack(side).tolist() for side in zip(*self.unread, strict=True))
        first = self.progress.steps - len(self.unread) + 1
        self.unread.clear()
        for number, (loss, norm) in enumerate(zip(losses, norms, strict=True), start=first):
            is_scaled = self.stepper.scaler.is_enabled()
            if not math.isfinite(loss) or not (math.isfinite(norm) or is_scaled):
                what = "gradient" if math.isfinite(loss) else "loss"
                raise Diverged(
                    f"stage {self.stage.name}: the {what} of step {number} of {self.stage.steps} "
                    "is not a finite number; use a lower learning_rate or a longer warmup"
                )
            self.progress.skipped += not math.isfinite(norm)
            self.curve.add(loss, norm if math.isfinite(norm) else None)

    def report(self) -> None:
        now = time.monotonic()
        if self.progress.steps == 0 or now - self.last_report >= REPORT_EVERY_S:
            self.last_report = now
            step = self.progress.steps + 1
            self.enter(f"stage {self.stage.name}, step {step} of {self.stage.steps}")

    def take_time(self) -> None:
        now = time.monotonic()
        self.progress.seconds += now - self.time_mark
        self.time_mark = now

    def result(self) -> StageResult:
        self.take_time()
        return StageResult(
            curve=self.curve.curve(),
            truncated=self.feed.pool.truncated,
            broken=tuple(self.feed.broken.values()),
            notes=tuple(self.notes),
            **asdict(self.progress),
        )
