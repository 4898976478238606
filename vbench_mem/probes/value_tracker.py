"""Fake tensors with known values where these are small: masks, token ids, counters.

A read of a known value (see values.py) returns it. Any other read returns 1, as in fake.py, and a
shape that depends on unknown values is refused: any guess would be a wrong prediction.
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
from vbench_mem.probes.composites import is_composite
from vbench_mem.probes.cuda.attention import CudaRules
from vbench_mem.probes.cuda.dispatch import Replacements
from vbench_mem.probes.fake import FRESH, UNSCALE, FakeTracker
from vbench_mem.probes.module_tracker import ModuleTracker
from vbench_mem.probes.values import (
    ITEM,
    Values,
    compute,
    count,
    is_overflow_check,
    is_small,
    tensors_in,
    written_tensors,
)

aten = torch.ops.aten
BY_STORAGE = {aten.set_.source_Storage, aten.set_.source_Storage_storage_offset}
BY_MASK = {aten.index.Tensor, aten._unsafe_index.Tensor}
UNKNOWN = (
    "the shape of what {operation} returns depends on values, which a prediction does not compute "
    "for tensors that follow from a large one; make the mask or the count from something small"
)


class ValueTracker(FakeTracker):
    """A tracker for any program, including one that reads values of its tensors."""

    def __init__(
        self,
        modules: ModuleTracker,
        mode: FakeTensorMode,
        rules: CudaRules | None,
        replaced: Replacements,
    ) -> None:
        super().__init__(modules, rules, replaced)
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
        if is_composite(func) or func in self.replaced:
            return super().__torch_dispatch__(func, types, args, kwargs)
        shaped = (args[0], self.mask_indices(func, args[1])) if func in BY_MASK else args
        # torch's cache would keep a storage among its keys, and so alive
        self.mode.cache_enabled = func not in BY_STORAGE
        try:
            result = super().__torch_dispatch__(func, types, shaped, kwargs)
        except (DataDependentOutputException, DynamicOutputShapeException):
            result = self.computed_from_values(func, args, kwargs)
            self.follow_result(result, args)
        self.learn(func, args, kwargs, result)
        return result

    def follow_result(self, result: Any, args: Any) -> None:
        """Also of optimisers whose list of results is not one result for each weight."""
        lists = bool(args) and isinstance(args[0], list | tuple)
        if isinstance(result, list | tuple) and not (
            self.updating and lists and len(args[0]) == len(result)
        ):
            for each in tensors_in(result):
                self.block_of(each)
        else:
            super().follow_result(result, args)

    def owner_of(self, tensor: Any) -> str:
        return super().owner_of(tensor) if isinstance(tensor, FakeTensor) else ""

    def as_fake(self, tensor: Tensor) -> Tensor:
        """The fake tensor for a real one, made by numpy or before tracking began."""
        if isinstance(tensor, FakeTensor):
            return tensor
        fake = self.mode.from_tensor(tensor)
        if tensor.device.type == "cpu":
            self.values.storages[self.block_of(fake)] = tensor.untyped_storage()
        return fake

    def item(self, types: Any, tensor: Tensor) -> bool | int | float:
        value = self.value_of(tensor)
        if value is not None and self.block_if_known(tensor) not in self.overflows:
            return compute(ITEM, (value,), {})
        replacement: bool | int | float = super().__torch_dispatch__(ITEM, types, (tensor,))
        return replacement

    def resized(self, storage: torch.UntypedStorage) -> None:
        """After a program resized a storage by itself, without any operation."""
        known = self.tracked.get(storage._cdata)
        if known is not None:
            self.values.forget(known[0])
            self.timeline.hold(known[0], storage.nbytes())
            self.record_active_module()

    def value_of(self, tensor: Tensor) -> Tensor | None:
        block = self.block_if_known(tensor)
        return None if block is None else self.values.of(tensor, block)

    def mask_indices(self, func: Any, indices: list[Any]) -> list[Any]:
        """Indices with each mask replaced by the positions where it is set, which fix the shape."""
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

    def computed_from_values(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The result of an operation whose shape or value depends on values, as fake tensors."""
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
        """Apply the operation to the known values, where all of its inputs are known."""
        if func is FRESH:
            if not isinstance(args[0], FakeTensor) and is_small(args[0]):
                self.values.learn(self.block_of(result), result, args[0])
            return
        if func.is_view:
            return
        changed = {self.block_if_known(each) for each in written_tensors(func, args, kwargs)}
        given = list(tensors_in(args, kwargs))
        known = {id(each): self.value_of(each) for each in given}
        if (
            any(value is None for value in known.values())
            or func is UNSCALE
            or changed & self.values.zeros
            or not is_small(result)
            or any(each.device.type != "cpu" for each in tensors_in(result))
        ):
            for block in changed:
                self.values.forget(block)
            if is_overflow_check(func, args):
                self.values.zeros.add(self.block_of(result))
            return
        before = {self.block_if_known(each) for each in given}
        args, kwargs = tree_map_only(Tensor, lambda each: known[id(each)], (args, kwargs))
        real = compute(func, args, kwargs)
        for fake, value in pairs(result, real):
            block = self.block_if_known(fake)
            if block is not None and block not in before:
                self.values.learn(block, fake, value)

    def released(self, address: int, reference: Any) -> None:
        self.values.forget(self.tracked[address][0])
        super().released(address, reference)


def pairs(fakes: Any, reals: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """Each fake tensor of a result with its real one."""
    if isinstance(fakes, Tensor) and isinstance(reals, Tensor):
        yield fakes, reals
    elif isinstance(fakes, list | tuple) and isinstance(reals, list | tuple):
        for fake, real in zip(fakes, reals, strict=True):
            yield from pairs(fake, real)
