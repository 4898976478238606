"""Memory, FLOPs and time that each cell of a matrix would need on a card. Runs nothing.

Never imports torch. What is not known is None with the reason, never a guess.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vbench_mem.machine.cards import Card
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import (
    Hardware,
    Prediction,
    Target,
    Unpredicted,
    target_on,
)
from vbench_mem.running.eta import expected_seconds, gflop_of
from vbench_mem.running.memory_limit import Fit, MemoryLimit, fit, largest_peak
from vbench_mem.running.record import Record, Status

# Assumed share of the dense peak that a step reaches. Published training runs of large transformers
# reach 0.3 to 0.5; small encoders and float32 differ, so that the minutes are a rough estimate.
UTILISATION = 0.35
# Seconds of a cell besides its steps: 1 to 2 for the start of the child, the FLOP counts and the
# prediction (measured on 2 CPU cores); the rest, for a CUDA context and libraries that load on
# first use, is not yet validated on a GPU.
START_S = 5.0
MEASURED, RECORDS = "measured", "records of similar cells"  # where seconds are from
MEMORY_STEPS = 2  # of the memory pass, before the warm-up of the time pass


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """One cell on one device.

    fit           None where the prediction or the memory limit is not known
    why           why `fit` is None, or why the cell does not or may not fit
    seconds       of the whole cell, or None
    seconds_from  where the seconds are from, or why there are none
    """

    cell: Cell
    target: Target
    outcome: Prediction | Unpredicted
    memory_limit: MemoryLimit | None
    fit: Fit | None
    why: str | None
    seconds: float | None
    seconds_from: str

    @property
    def peak(self) -> tuple[int, str] | None:
        """The largest predicted peak and its phase."""
        return largest_peak(self.outcome) if isinstance(self.outcome, Prediction) else None

    @property
    def flop(self) -> int | None:
        """FLOPs of a step of the whole batch."""
        return self.outcome.flop if isinstance(self.outcome, Prediction) else None

    @property
    def times_out(self) -> bool:
        return self.seconds is not None and self.seconds > self.cell.protocol.timeout_s


def forecast(
    wanted: Mapping[str, tuple[Cell, Hardware]],
    outcomes: Mapping[str, Prediction | Unpredicted],
    card_of: Callable[[Cell], Card | None],
    memory_limit_of: Callable[[Cell], MemoryLimit | None],
    records: Mapping[str, Record],
) -> list[Forecast]:
    """A forecast for each of `wanted`; `records` are of the same kind of machine."""
    found = []
    expected = seconds_from_records([cell for cell, _ in wanted.values()], list(records.values()))
    for key, (cell, hardware) in wanted.items():
        outcome, memory_limit, target = outcomes[key], memory_limit_of(cell), target_on(hardware)
        fits, why = judge(outcome, memory_limit, target)
        card = card_of(cell) if target == "cuda" else None
        seconds, seconds_from = expected.get(key) or seconds_at_peak(cell, outcome, target, card)
        found.append(
            Forecast(
                cell=cell,
                target=target,
                outcome=outcome,
                memory_limit=memory_limit,
                fit=fits,
                why=why,
                seconds=seconds,
                seconds_from=seconds_from,
            )
        )
    return found


def judge(
    outcome: Prediction | Unpredicted, memory_limit: MemoryLimit | None, target: Target
) -> tuple[Fit | None, str | None]:
    if isinstance(outcome, Unpredicted):
        return None, outcome.reason
    if memory_limit is None:
        if target == "cuda":
            return None, "this machine has no card; name one with --card"
        return None, "the memory of this machine is not known"
    return fit(outcome, memory_limit)


def seconds_at_peak(
    cell: Cell, outcome: Prediction | Unpredicted, target: Target, card: Card | None
) -> tuple[float | None, str]:
    """Seconds of a cell from its FLOPs, at `UTILISATION` of the card's dense peak."""
    if isinstance(outcome, Unpredicted):
        return None, "not predicted"
    if target == "cpu":
        return None, "no dense peak is known for a CPU, and no similar cell was measured here"
    if card is None:
        return None, "no card, so no dense peak"
    peak, reason = card.peak(cell.runtime.dtype)
    if peak is None:
        return None, reason
    steps = MEMORY_STEPS + cell.protocol.warmup + cell.protocol.steps
    return START_S + steps * outcome.flop / (peak * 1e12 * UTILISATION), reason


def seconds_from_records(
    cells: Sequence[Cell], records: Iterable[Record]
) -> dict[str, tuple[float | None, str]]:
    """Seconds by cell id: the cell's own record, else fitted to records of similar cells of
    different sizes. No entry where there are none."""
    done = [r for r in records if r.status is Status.OK and r.wall_s is not None]
    own: dict[str, tuple[float | None, str]] = {r.cell_id: (r.wall_s, MEASURED) for r in done}
    found: dict[str, tuple[float | None, str]] = {}
    for key in {timing_key(cell) for cell in cells}:
        same = [record for record in done if timing_key(record.cell) == key]
        if len({gflop_of(record.cell) for record in same} - {None}) > 1:
            some = expected_seconds([cell for cell in cells if timing_key(cell) == key], same)
            found |= {cell_id: (seconds, RECORDS) for cell_id, seconds in some.items()}
    return found | own


def timing_key(cell: Cell) -> tuple[object, ...]:
    """What must be equal in two cells for the time of one to predict that of the other."""
    runtime = cell.runtime
    return (
        cell.load.mode,
        cell.load.input,
        *(getattr(runtime, name) for name in ("device", "dtype", "compile", "threads")),
    )
