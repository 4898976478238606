"""What a matrix would need on a card, cell by cell, before anything is run: memory, work, minutes.

Never imports torch and never guesses: a time without a known dense peak is None with the reason.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vbench_mem.machine.cards import Card
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Prediction, Target, Unpredicted
from vbench_mem.running.eta import expect, work_of
from vbench_mem.running.memory_limit import Fit, MemoryLimit, fit, needed
from vbench_mem.running.record import Record, Status

# Share of the dense peak that a step is taken to reach. Published training runs of large
# transformers reach 0.3 to 0.5 of it; the small ones here, and float32, come out elsewhere, so that
# the minutes are good for planning an evening and for nothing finer.
UTILISATION = 0.35
# Seconds of a cell beside its steps. The child's start, the FLOP counts and the prediction were
# seen to take 1 to 2 on 2 CPU cores; the rest allows for a card's context and for libraries that
# load on first use, which nobody has measured yet.
START_S = 5.0
MEASURED, RECORDS = "measured", "records of cells that ran alike"  # where seconds are from
MEMORY_STEPS = 2  # of the memory pass, before the warm-up of the time pass


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """One cell on one device.

    fit      None where there is no prediction or where nobody knows the memory; `why` says which,
             and otherwise why the cell may not fit
    seconds  of the whole cell; None with the reason in `clock`, which else says where they are from
    """

    cell: Cell
    target: Target
    outcome: Prediction | Unpredicted
    memory_limit: MemoryLimit | None
    fit: Fit | None
    why: str | None
    seconds: float | None
    clock: str

    @property
    def peak(self) -> tuple[int, str] | None:
        """The largest predicted peak and its phase."""
        return needed(self.outcome) if isinstance(self.outcome, Prediction) else None

    @property
    def flop(self) -> int | None:
        """Of a step of the whole batch."""
        return self.outcome.flop if isinstance(self.outcome, Prediction) else None

    @property
    def times_out(self) -> bool:
        return self.seconds is not None and self.seconds > self.cell.protocol.timeout_s


def forecast(
    wanted: Mapping[str, tuple[Cell, Target]],
    outcomes: Mapping[str, Prediction | Unpredicted],
    card_of: Callable[[Cell], Card | None],
    memory_limit_of: Callable[[Cell], MemoryLimit | None],
    records: Mapping[str, Record],
) -> list[Forecast]:
    """A forecast for each of `wanted`; `records` are of the same kind of machine."""
    found = []
    expected = expect_like([cell for cell, _ in wanted.values()], list(records.values()))
    for key, (cell, target) in wanted.items():
        outcome, memory_limit = outcomes[key], memory_limit_of(cell)
        fits, why = judge(outcome, memory_limit, target)
        card = card_of(cell) if target == "cuda" else None
        seconds, clock = expected.get(key) or at_peak(cell, outcome, target, card)
        found.append(
            Forecast(
                cell=cell,
                target=target,
                outcome=outcome,
                memory_limit=memory_limit,
                fit=fits,
                why=why,
                seconds=seconds,
                clock=clock,
            )
        )
    return found


def judge(
    outcome: Prediction | Unpredicted, memory_limit: MemoryLimit | None, target: Target
) -> tuple[Fit | None, str | None]:
    if isinstance(outcome, Unpredicted):
        return None, outcome.reason
    if memory_limit is None:
        whose = "there is no card here; name one with --card" if target == "cuda" else "host"
        return None, f"no memory to hold it against: {whose}"
    return fit(outcome, memory_limit)


def at_peak(
    cell: Cell, outcome: Prediction | Unpredicted, target: Target, card: Card | None
) -> tuple[float | None, str]:
    """Seconds of a cell from its FLOPs at `UTILISATION` of the card's dense peak."""
    if isinstance(outcome, Unpredicted):
        return None, "not predicted"
    if target == "cpu":
        return None, "no dense peak is known for a cpu, and no records of this machine tell"
    if card is None:
        return None, "no card to take the dense peak of"
    peak, reason = card.peak(cell.runtime.dtype)
    if peak is None:
        return None, reason
    steps = MEMORY_STEPS + cell.protocol.warmup + cell.protocol.steps
    return START_S + steps * outcome.flop / (peak * 1e12 * UTILISATION), reason


def expect_like(
    cells: Sequence[Cell], records: Iterable[Record]
) -> dict[str, tuple[float | None, str]]:
    """Seconds by cell id from what was measured: a cell's own, else a line through those that ran
    alike, where they differ in their work. No entry where nothing tells."""
    done = [r for r in records if r.status is Status.OK and r.wall_s is not None]
    own: dict[str, tuple[float | None, str]] = {r.cell_id: (r.wall_s, MEASURED) for r in done}
    found: dict[str, tuple[float | None, str]] = {}
    for key in {alike(cell) for cell in cells}:
        same = [record for record in done if alike(record.cell) == key]
        if len({work_of(record.cell) for record in same} - {None}) > 1:
            some = expect([cell for cell in cells if alike(cell) == key], same)
            found |= {cell_id: (seconds, RECORDS) for cell_id, seconds in some.items()}
    return found | own


def alike(cell: Cell) -> tuple[object, ...]:
    """What must be equal for one cell's time to tell of another's."""
    runtime = cell.runtime
    return (
        cell.load.mode,
        cell.load.input,
        *(getattr(runtime, name) for name in ("device", "dtype", "compile", "threads")),
    )
