"""Fake tensors that can be asked: for a value, for the places where a mask is set, for a count.

Answers truly where the values are small and known (see values.py). Elsewhere a value is 1, as in
fake.py, and a shape that depends on values is refused: any guess would be a wrong prediction.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
)
from torch.utils._pytree import tree_map_only

from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.cuda_rules import CudaRules
from vbench_mem.probes.fake import FRESH, ITEM, UNSCALE, FakeTracker
from vbench_mem.probes.sites import Sites
from vbench_mem.probes.storages import is_composite
from vbench_mem.probes.values import (
    Values,
    asks_for_overflow,
    compute,
    count,
    small,
    tensors_in,
    written,
)

aten = torch.ops.aten
BY_MASK = {aten.index.Tensor, aten._unsafe_index.Tensor}
UNKNOWN = (
    "the shape of what {operation} returns depends on values, which a prediction does not compute "
    "for tensors that follow from a large one; make the mask or the count from something small"
)


class AnsweringTracker(FakeTracker):
    """A tracker of any program, not only of one that is known to ask for no values."""

    def __init__(self, sites: Sites, mode: FakeTensorMode, rules: CudaRules | None) -> None:
        super().__init__(sites, rules)
        self.mode = mode
        self.values = Values()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.namespace == "prim":
            return super().__torch_dispatch__(func, types, args, kwargs)
        if func is not FRESH and not all(isinstance(t, FakeTensor) for t in tensors_in(args)):
            args = tree_map_only(Tensor, self.as_fake, args)
        if func is ITEM:
            return self.item(types, args[0])
        if is_composite(func):
            return super().__torch_dispatch__(func, types, args, kwargs)
        shaped = (args[0], self.places(func, args[1])) if func in BY_MASK else args
        try:
            result = super().__torch_dispatch__(func, types, shaped, kwargs)
        except (DataDependentOutputException, DynamicOutputShapeException):
            result = self.by_value(func, args, kwargs)
            self.follow_result(result, args)
        self.learn(func, args, kwargs, result)
        return result

    def follow_result(self, result: Any, args: Any) -> None:
        """Any optimiser's: a list of results for a list of weights, or something else."""
        lists = bool(args) and isinstance(args[0], list | tuple)
        if isinstance(result, list | tuple) and not (
            self.updating and lists and len(args[0]) == len(result)
        ):
            for each in tensors_in(result):
                self.block_of(each)
        else:
            super().follow_result(result, args)

    def home_of(self, tensor: Any) -> str:
        return super().home_of(tensor) if isinstance(tensor, FakeTensor) else ""

    def as_fake(self, tensor: Tensor) -> Tensor:
        """The stand-in of a tensor that was made out of sight, by numpy or before all this."""
        if isinstance(tensor, FakeTensor):
            return tensor
        fake = self.mode.from_tensor(tensor)
        if tensor.device.type == "cpu":
            self.values.storages[self.block_of(fake)] = tensor.untyped_storage()
        return fake

    def item(self, types: Any, tensor: Tensor) -> bool | int | float:
        value = self.value_of(tensor)
        told: Any = super().__torch_dispatch__(ITEM, types, (tensor,))
        if value is not None and self.known_block(tensor) not in self.overflows:
            return compute(ITEM, (value,), {})
        if tensor.dtype is torch.bool:
            return bool(told)
        return float(told) if tensor.dtype.is_floating_point else int(told)

    def value_of(self, tensor: Tensor) -> Tensor | None:
        block = self.known_block(tensor)
        return None if block is None else self.values.of(tensor, block)

    def known_block(self, tensor: Tensor) -> int | None:
        """Without a look at its size, which a kernel's rules may have set."""
        known = self.following.get(tensor.untyped_storage()._cdata)
        return known and known[0]

    def places(self, func: Any, indices: list[Any]) -> list[Any]:
        """With the places of each mask instead of the mask, whose values decide on the shape."""
        found: list[Any] = []
        for index in indices:
            if isinstance(index, Tensor) and index.dtype in (torch.bool, torch.uint8):
                value = self.value_of(index)
                if value is None:
                    raise Unsupported(UNKNOWN.format(operation=func))
                places = count(value)
                found += [torch.empty(places, dtype=torch.int64) for _ in range(index.dim())]
            else:
                found.append(index)
        return found

    def by_value(self, func: Any, args: Any, kwargs: Any) -> Any:
        """What only values can say: computed from them, and turned into fake tensors."""
        known = {id(each): self.value_of(each) for each in tensors_in(args, kwargs)}
        if func is aten.masked_select.default and known[id(args[1])] is not None:
            mask = compute(aten.broadcast_to.default, (known[id(args[1])], args[0].shape), {})
            return torch.empty(count(mask), dtype=args[0].dtype)
        if any(value is None for value in known.values()):
            if func is aten.equal.default:
                return True
            raise Unsupported(UNKNOWN.format(operation=func))
        args, kwargs = tree_map_only(Tensor, lambda each: known[id(each)], (args, kwargs))
        return tree_map_only(
            Tensor,
            lambda real: torch.empty_strided(real.shape, real.stride(), dtype=real.dtype),
            compute(func, args, kwargs),
        )

    def learn(self, func: Any, args: Any, kwargs: dict[str, Any], result: Any) -> None:
        """Do the same to the values, where all that it needs is known."""
        if func is FRESH:
            if not isinstance(args[0], FakeTensor) and small(args[0]):
                self.values.learn(self.block_of(result), result, args[0])
            return
        if func.is_view:
            return
        changed = {self.known_block(each) for each in written(func, args, kwargs)}
        given = list(tensors_in(args, kwargs))
        known = {id(each): self.value_of(each) for each in given}
        if (
            any(value is None for value in known.values())
            or func is UNSCALE
            or changed & self.values.zeros
            or not small(result)
            or any(each.device.type != "cpu" for each in tensors_in(result))
        ):
            for block in changed:
                self.values.forget(block)
            if asks_for_overflow(func, args):
                self.values.zeros.add(self.block_of(result))
            return
        before = {self.known_block(each) for each in given}
        args, kwargs = tree_map_only(Tensor, lambda each: known[id(each)], (args, kwargs))
        real = compute(func, args, kwargs)
        for fake, value in pairs(result, real):
            block = self.known_block(fake)
            if block is not None and block not in before:
                self.values.learn(block, fake, value)

    def gone(self, address: int, reference: Any) -> None:
        self.values.forget(self.following[address][0])
        super().gone(address, reference)


def pairs(fakes: Any, reals: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """Each tensor of a result with its real one; some kernels leave out what others return."""
    if isinstance(fakes, Tensor) and isinstance(reals, Tensor):
        yield fakes, reals
    elif isinstance(fakes, list | tuple) and isinstance(reals, list | tuple):
        for fake, real in zip(fakes, reals, strict=True):
            yield from pairs(fake, real)
