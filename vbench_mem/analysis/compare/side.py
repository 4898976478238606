"""One of the two sides of a comparison as plain data: its rows by cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vbench_mem.analysis.budgets.baseline import Entry
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Target, target_of
from vbench_mem.running.record import Record, RowState


@dataclass(frozen=True, kw_only=True)
class Item:
    """One row: a variant at one load.

    key      the cell's id, in a baseline its name
    state    a `Status`, or `RowState.PREDICTED`
    metrics  by name of the metric table; null is left out
    entry    what was predicted, by module
    """

    key: str
    cell: Cell | None = None
    state: str = RowState.PREDICTED
    reason: str | None = None
    metrics: Mapping[str, int | float]
    record: Record | None = None
    entry: Entry | None = None


@dataclass(frozen=True, kw_only=True)
class Side:
    """`name` as typed, `commit` the revision it was read from.

    items     by key
    torch     version that predicted a baseline
    problems  files that were not used, each with the reason
    """

    name: str
    items: Mapping[str, Item]
    commit: str | None = None
    torch: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        if self.commit is None or self.name.startswith(self.commit):
            return self.name
        return f"{self.name} ({self.commit})"

    @property
    def is_baseline(self) -> bool:
        return self.torch is not None

    def environments(self) -> Iterator[Environment]:
        for item in self.items.values():
            if item.record is not None and item.record.environment is not None:
                yield item.record.environment

    @property
    def fingerprint(self) -> str | None:
        """Of the machine that measured; all records of a side are of one. None without records."""
        return next((each.fingerprint for each in self.environments()), None)

    @property
    def kinds(self) -> frozenset[Target]:
        """Kinds of device that were measured; they determine how memory is counted."""
        found = {
            target_of(item.cell.runtime.device, environment.shows_gpu)
            for item in self.items.values()
            if item.cell is not None
            and item.record is not None
            and (environment := item.record.environment) is not None
        }
        return frozenset(found)
