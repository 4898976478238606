"""What the tensors of anybody's step are for: weights, gradients, the optimisers' state, inputs.

Finds modules and optimisers in whatever the user's state is, and those that only show at work.
"""

import weakref
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._pytree import tree_leaves

from vbench_mem.probes.fake import FakeTracker


class Belongings:
    """Tags the blocks of a tracker; to be asked again whenever new ones may be there."""

    def __init__(self, tracker: FakeTracker) -> None:
        self.tracker = tracker
        self.optimizers: weakref.WeakSet[Optimizer] = weakref.WeakSet()
        self.host: set[int] = set()  # blocks that stay on the host, whatever the device

    def know(self, state: Any) -> None:
        """What the user built; whatever else is there by now is an input."""
        tensors = []
        for each in found_in(state, set()):
            if isinstance(each, nn.Module):
                self.tracker.sites.know(each)
            elif isinstance(each, Optimizer):
                self.optimizers.add(each)
            else:
                tensors.append(each)
        self.tracker.tag("input", tensors)
        self.tracker.tags["input"].update(self.tracker.timeline.live)
        self.settle()

    def settle(self) -> None:
        """Weights, gradients and state as they are now, each at home where its weight is."""
        owner_modules, block_of = self.tracker.owner_modules, self.tracker.block_of
        for path, weight in self.of_modules():
            owner_modules[block_of(weight)] = path
            self.tracker.tag("parameter", [weight])
            self.settle_gradient(weight)
        for optimizer in list(self.optimizers):
            self.settle_optimizer(optimizer)

    def settle_optimizer(self, optimizer: Optimizer) -> None:
        self.optimizers.add(optimizer)
        for group in optimizer.param_groups:
            for weight in group["params"]:
                self.tracker.tag("parameter", [weight])
                self.settle_gradient(weight)
                self.settle_count(group, optimizer.state.get(weight, {}).get("step"))
        for weight, state in list(optimizer.state.items()):
            tensors = [each for each in tree_leaves(state) if isinstance(each, Tensor)]
            self.tracker.tag("optimizer", tensors)
            if isinstance(weight, Tensor):
                self.bring_home(weight, tensors)

    def settle_count(self, group: dict[str, Any], count: Any) -> None:
        """The number of steps: the optimisers of torch keep it where they can ask for it."""
        on_device = group.get("fused") or group.get("capturable")
        if isinstance(count, Tensor) and not count.dim() and not on_device:
            self.host.add(self.tracker.block_of(count))

    def settle_gradient(self, weight: Tensor) -> None:
        if weight.grad is not None:
            self.tracker.tag("gradient", [weight.grad])
            self.bring_home(weight, [weight.grad])

    def bring_home(self, weight: Tensor, tensors: list[Tensor]) -> None:
        owner_modules, block_of = self.tracker.owner_modules, self.tracker.block_of
        for each in tensors:
            owner_modules[block_of(each)] = owner_modules[block_of(weight)]

    def of_modules(self) -> Iterator[tuple[str, Tensor]]:
        """Parameters and buffers of every module that was met, with the module's path."""
        sites = self.tracker.sites
        for root in sites.roots:
            for module in root.modules():
                path = sites.paths.get(id(module), "")
                for weight in [*module._parameters.values(), *module._buffers.values()]:
                    if weight is not None:
                        yield path, weight


def found_in(state: Any, seen: set[int]) -> Iterator[nn.Module | Optimizer | Tensor]:
    """Modules, optimisers and tensors in containers and in the attributes of objects."""
    if id(state) in seen or isinstance(state, type | ModuleType | FunctionType | str | bytes):
        return
    seen.add(id(state))
    if isinstance(state, nn.Module | Optimizer | Tensor):
        yield state
    elif isinstance(state, Mapping):
        for value in state.values():
            yield from found_in(value, seen)
    elif isinstance(state, list | tuple | set | frozenset):
        for value in state:
            yield from found_in(value, seen)
    elif isinstance(getattr(state, "__dict__", None), dict):
        for value in list(vars(state).values()):
            yield from found_in(value, seen)
    elif hasattr(type(state), "__slots__"):
        names = [name for kind in type(state).__mro__ for name in getattr(kind, "__slots__", ())]
        for name in names:
            yield from found_in(getattr(state, name, None), seen)
