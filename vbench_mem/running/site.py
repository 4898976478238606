"""This machine's environment for each device that the cells of a matrix name. No torch."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from vbench_mem.machine.environment import Environment, read_environment
from vbench_mem.matrix.cell import Cell
from vbench_mem.running.store import Store


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
