"""Tags the tensors of any step: weights, gradients, the optimisers' state, inputs.

Finds modules and optimisers in the user's state, and those that only appear when they run.
"""

import weakref
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from vbench_mem.probes.fake import FakeTracker
from vbench_mem.probes.values import tensors_in


class TensorTagger:
    """Tags the blocks of a tracker; `update` does it again once there may be new ones."""

    def __init__(self, tracker: FakeTracker) -> None:
        self.tracker = tracker
        self.optimizers: weakref.WeakSet[Optimizer] = weakref.WeakSet()
        self.host: set[int] = set()  # blocks that stay on the host, whatever the device

    def register(self, state: Any) -> None:
        """Tag the tensors in what was built: beside modules and optimisers they are inputs."""
        for each in find_tensors(state, set()):
            if isinstance(each, nn.Module):
                self.tracker.modules.register(each)
            elif isinstance(each, Optimizer):
                self.optimizers.add(each)
            else:
                self.tracker.tag("input", [each])
        self.update()

    def update(self) -> None:
        """Tag weights, gradients and state as they are now; each belongs to its weight's module."""
        owner_modules, block_of = self.tracker.owner_modules, self.tracker.block_of
        for path, weight in self.module_tensors():
            owner_modules[block_of(weight)] = path
            self.tracker.tag("parameter", [weight])
            self.tag_gradient(weight)
        for optimizer in list(self.optimizers):
            self.tag_optimizer(optimizer)

    def tag_optimizer(self, optimizer: Optimizer) -> None:
        self.optimizers.add(optimizer)
        for group in optimizer.param_groups:
            for weight in group["params"]:
                self.tracker.tag("parameter", [weight])
                self.tag_gradient(weight)
                # torch's optimisers keep the number of steps on the host, where they read it
                count = optimizer.state.get(weight, {}).get("step")
                on_device = group.get("fused") or group.get("capturable")
                if isinstance(count, Tensor) and not count.dim() and not on_device:
                    self.host.add(self.tracker.block_of(count))
        for weight, state in list(optimizer.state.items()):
            tensors = list(tensors_in(state))
            self.tracker.tag("optimizer", tensors)
            if isinstance(weight, Tensor):
                self.assign_owner(weight, tensors)

    def tag_gradient(self, weight: Tensor) -> None:
        if weight.grad is not None:
            self.tracker.tag("gradient", [weight.grad])
            self.assign_owner(weight, [weight.grad])

    def assign_owner(self, weight: Tensor, tensors: list[Tensor]) -> None:
        owner_modules, block_of = self.tracker.owner_modules, self.tracker.block_of
        for each in tensors:
            owner_modules[block_of(each)] = owner_modules[block_of(weight)]

    def module_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Parameters and buffers of every registered module, with the module's path."""
        modules = self.tracker.modules
        for root in modules.roots:
            for module in root.modules():
                path = modules.paths.get(id(module), "")
                for weight in [*module._parameters.values(), *module._buffers.values()]:
                    if weight is not None:
                        yield path, weight


def find_tensors(state: Any, seen: set[int]) -> Iterator[nn.Module | Optimizer | Tensor]:
    """Modules, optimisers and tensors in containers and in the attributes of objects."""
    if id(state) in seen or isinstance(state, type | ModuleType | FunctionType | str | bytes):
        return
    seen.add(id(state))
    if isinstance(state, nn.Module | Optimizer | Tensor):
        yield state
    elif isinstance(state, Mapping):
        for value in state.values():
            yield from find_tensors(value, seen)
    elif isinstance(state, list | tuple | set | frozenset):
        for value in state:
            yield from find_tensors(value, seen)
    elif isinstance(getattr(state, "__dict__", None), dict):
        for value in list(vars(state).values()):
            yield from find_tensors(value, seen)
    elif hasattr(type(state), "__slots__"):
        names = [name for kind in type(state).__mro__ for name in getattr(kind, "__slots__", ())]
        for name in names:
            yield from find_tensors(getattr(state, name, None), seen)
