"""Tracks which module is running, in forward and in backward, to attribute memory to modules.

In forward hooks report it. In backward autograd runs nodes, and the nodes of a thread are numbered
as they are made: a node belongs to the module that was running at its number.
"""

from bisect import bisect_right
from typing import Any, Self

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils.hooks import RemovableHandle

from vbench_mem.encoders.similarity import Similarity

NO_NUMBER = 2**63  # nodes that accumulate gradients have at least this
NO_BACKWARD = -1


class ModuleTracker:
    """While entered, `active()` is the path of the running module, `` outside of every module."""

    def __init__(self) -> None:
        self.paths: dict[int, str] = {}
        self.roots: list[nn.Module] = []
        self.stack: list[str] = []
        self.similarities: set[str] = set()  # what they call belongs to them, whoever owns it
        self.last = ""
        self.numbers: list[int] = []  # from this node number on ...
        self.owners: list[str] = []  # ... this module was running
        self.handles: list[RemovableHandle] = []

    def register(self, root: nn.Module) -> None:
        """Give the modules below `root` their paths, once; a second root's begin with its class."""
        if any(root is known for known in self.roots):
            return
        above = f"{type(root).__name__}." if self.roots else ""
        self.roots.append(root)
        for path, module in root.named_modules():
            self.paths.setdefault(id(module), f"{above}{path}".rstrip("."))

    def active(self) -> str:
        if self.stack:
            return self.stack[-1]
        if torch._C._current_graph_task_id() == NO_BACKWARD:
            self.last = ""
            return ""
        node = torch._C._current_autograd_node()
        if node is not None and (number := node._sequence_nr()) < NO_NUMBER:
            place = bisect_right(self.numbers, number) - 1
            self.last = self.owners[place] if place >= 0 else ""
        return self.last  # accumulation between two nodes belongs to the first of them

    def __enter__(self) -> Self:
        self.handles = [
            register_module_forward_pre_hook(self.begin),
            register_module_forward_hook(self.end, always_call=True),
        ]
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self.handles:
            handle.remove()

    def begin(self, module: nn.Module, _: Any) -> None:
        if id(module) not in self.paths:
            self.register(module)
        path, above = self.paths[id(module)], self.stack[-1] if self.stack else ""
        if isinstance(module, Similarity):
            self.similarities.add(path)
        self.stack.append(above if above in self.similarities else path)
        self.record(self.stack[-1])

    def end(self, module: nn.Module, _: Any, __: Any) -> None:
        self.stack.pop()
        self.record(self.stack[-1] if self.stack else "")

    def record(self, path: str) -> None:
        self.numbers.append(torch._C._autograd._get_sequence_nr())
        self.owners.append(path)
