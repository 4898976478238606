"""Where cells would run: on this machine's devices, or on a card that the user names. No torch."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from vbench_mem.machine.cards import Card, present_card
from vbench_mem.machine.environment import Environment, read_environment
from vbench_mem.machine.host import host_bytes
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Hardware, Target, target_of
from vbench_mem.running.memory_limit import MemoryLimit, memory_limit_of
from vbench_mem.running.record import Record
from vbench_mem.running.store import Store, find_stores


@dataclass
class Site:
    """`main` gives the store its fingerprint: the environment of the only device, or of `auto`
    where a matrix has several, so that its records are in one folder."""

    main: Environment
    others: dict[str, Environment] = field(default_factory=dict)

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> Self:
        devices = {cell.runtime.device for cell in cells}
        device = devices.pop() if len(devices) == 1 else "auto"
        main = read_environment(device)
        return cls(main, {device: main})

    def environment(self, device: str) -> Environment:
        """Read once for each device; the child reads again what changes from minute to minute."""
        if device not in self.others:
            found = read_environment(device)
            self.others[device] = found.model_copy(update={"fingerprint": self.main.fingerprint})
        return self.others[device]

    def store(self, root: Path, matrix_name: str) -> Store:
        return Store(root / matrix_name / self.main.fingerprint)


@dataclass(frozen=True)
class ExecutionTarget:
    """`named` is a card that replaces every device except the CPU."""

    site: Site
    named: Card | None
    host_memory: int | None

    @classmethod
    def of(cls, cells: Iterable[Cell], named: Card | None = None) -> Self:
        return cls(Site.of(cells), named, host_bytes())

    def target(self, cell: Cell) -> Target:
        if self.named is not None and cell.runtime.device != "cpu":
            return "cuda"
        return target_of(cell.runtime.device, self.environment(cell).shows_gpu)

    def hardware(self, cell: Cell) -> Hardware:
        """What to predict for: the cpu, or the card, if it is known."""
        target = self.target(cell)
        return target if target == "cpu" else self.card(cell) or target

    def hardware_here(self, cell: Cell) -> Hardware | None:
        """None for a cell that needs a card where the driver shows none: running it says why."""
        hardware = self.hardware(cell)
        return None if hardware == "cuda" else hardware

    def card(self, cell: Cell) -> Card | None:
        return self.named or present_card(self.environment(cell))

    def memory_limit(self, cell: Cell) -> MemoryLimit | None:
        target = self.target(cell)
        card = self.card(cell) if target == "cuda" else None
        return memory_limit_of(cell, target, card, self.host_memory)

    def environment(self, cell: Cell) -> Environment:
        return self.site.environment(cell.runtime.device)

    def records(self, root: Path, matrix_name: str) -> dict[str, Record]:
        """What was measured on this machine, or on machines with the named card."""
        if self.named is None:
            return self.site.store(root, matrix_name).records()
        found: dict[str, Record] = {}
        for store in find_stores(root, matrix_name):
            found |= {
                key: record
                for key, record in store.records().items()
                if record.environment is not None and self.has_named_card(record.environment)
            }
        return found

    def has_named_card(self, environment: Environment) -> bool:
        present = present_card(environment)
        named = self.named.drivers if self.named else ()
        return present is not None and not set(present.drivers).isdisjoint(named)
