"""Which module is at work, in forward and in backward, so that memory can be laid at its door.

In forward the modules say it themselves. In backward autograd runs nodes, and the nodes of a thread
are numbered as they are made: a node belongs to the module that was at work at its number.
"""

from bisect import bisect_right
from types import TracebackType
from typing import Any, Self

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils.hooks import RemovableHandle

NO_NUMBER = 2**63  # nodes that no forward made, but that add up gradients, have more than this
NO_BACKWARD = -1


class Sites:
    """While entered, `here()` is the path of the module at work; `` is outside of every module."""

    def __init__(self) -> None:
        self.paths: dict[int, str] = {}
        self.roots: list[nn.Module] = []
        self.stack: list[str] = []
        self.last = ""
        self.numbers: list[int] = []  # from this node on ...
        self.owners: list[str] = []  # ... this module was at work
        self.handles: list[RemovableHandle] = []

    def know(self, root: nn.Module) -> None:
        """Give the modules below `root` their paths, once; a second root's begin with its class."""
        if any(root is known for known in self.roots):
            return
        above = f"{type(root).__name__}." if self.roots else ""
        self.roots.append(root)
        for path, module in root.named_modules():
            self.paths.setdefault(id(module), f"{above}{path}".rstrip("."))

    def here(self) -> str:
        if self.stack:
            return self.stack[-1]
        if torch._C._current_graph_task_id() == NO_BACKWARD:
            self.last = ""
            return ""
        node = torch._C._current_autograd_node()
        if node is not None and (number := node._sequence_nr()) < NO_NUMBER:
            self.last = self.owner_of(number)
        return self.last  # what adds up gradients between two nodes belongs to the node before

    def owner_of(self, number: int) -> str:
        place = bisect_right(self.numbers, number) - 1
        return self.owners[place] if place >= 0 else ""

    def __enter__(self) -> Self:
        self.handles = [
            register_module_forward_pre_hook(self.begin),
            register_module_forward_hook(self.end, always_call=True),
        ]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for handle in self.handles:
            handle.remove()

    def begin(self, module: nn.Module, _: Any) -> None:
        if id(module) not in self.paths:
            self.know(module)
        self.stack.append(self.paths[id(module)])
        self.note(self.stack[-1])

    def end(self, module: nn.Module, _: Any, __: Any) -> None:
        self.stack.pop()
        self.note(self.stack[-1] if self.stack else "")

    def note(self, path: str) -> None:
        self.numbers.append(torch._C._autograd._get_sequence_nr())
        self.owners.append(path)
