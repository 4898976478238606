"""The values of small tensors beside fake ones, which have none: masks, token ids, counters.

Programs read them: how many patches a mask keeps, whether a row is padded. Values that depend on
something large, such as the pixels of a clip or a weight, are unknown, and nothing here guesses.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._mode_utils import no_dispatch

aten = torch.ops.aten
LARGEST = 2**18  # bytes; a bool for each of 8 x 1568 patches and 512 ids for each of 64 texts fit
UNWRITTEN = {aten.empty, aten.empty_like, aten.new_empty, aten.empty_strided, aten.empty_permuted}
ITEM = aten._local_scalar_dense.default
OVERFLOWS = {aten.isnan, aten.isinf}


class Values:
    """Known values by storage.

    Uninitialised memory reads as 0, and so does a check whether unknown values overflowed.
    """

    def __init__(self) -> None:
        self.storages: dict[int, torch.UntypedStorage] = {}
        self.zeros: set[int] = set()  # storages that are all zeros, of any size

    def forget(self, block: int | None) -> None:
        if block is not None:
            self.storages.pop(block, None)
            self.zeros.discard(block)

    def of(self, tensor: Tensor, block: int) -> Tensor | None:
        """A real tensor for the fake one; what is written into it is known from then on."""
        with no_dispatch():
            if block in self.zeros:
                return torch.zeros((), dtype=tensor.dtype).expand(tensor.shape)
            storage = self.storages.get(block)
            if storage is None or tensor.is_conj() or tensor.is_neg():
                return None
            empty = torch.empty(0, dtype=tensor.dtype)
            return empty.set_(storage, tensor.storage_offset(), tensor.shape, tensor.stride())

    def learn(self, block: int, tensor: Tensor, value: Tensor) -> None:
        """Keep the value of a new fake tensor, with the same strides."""
        with no_dispatch():
            if value.stride() != tensor.stride() or value.storage_offset():
                value = torch.empty_strided(
                    tensor.shape, tensor.stride(), dtype=tensor.dtype
                ).copy_(value)
            self.storages[block] = value.untyped_storage()


def is_small(result: Any) -> bool:
    return all(each.nbytes <= LARGEST for each in tensors_in(result))


def compute(func: Any, args: Any, kwargs: Any) -> Any:
    """The operation on real tensors, without any tracking."""
    with no_dispatch(), torch._C._DisableAutocast(), torch.no_grad():
        result = func(*args, **kwargs)
        if func._overloadpacket in UNWRITTEN:
            result.zero_()
        return result


def count(mask: Tensor) -> int:
    """The number of elements of a mask that are set."""
    return int(compute(ITEM, (compute(aten.count_nonzero.default, (mask,), {}),), {}))


def written_tensors(func: Any, args: Any, kwargs: dict[str, Any]) -> Iterator[Tensor]:
    """The arguments that the operation writes into."""
    for place, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = args[place] if place < len(args) else kwargs.get(argument.name)
            yield from tensors_in(value)


def is_overflow_check(func: Any, args: Any) -> bool:
    """`isnan`, `isinf`, and `x != x`, which is how torch writes the first of them."""
    if func is aten.ne.Tensor:
        return args[0] is args[1]
    return func._overloadpacket in OVERFLOWS


def tensors_in(*values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors_in(*value)
        elif isinstance(value, dict):
            yield from tensors_in(*value.values())
