"""Every tensor's memory followed from allocation to release, exactly, on whatever device it lies.

Sees what operations return and what they are given; never what a kernel allocates inside one
operation and gives back before it returns. Works the same on fake tensors, which hold nothing.
"""

import weakref
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, partial
from types import TracebackType
from typing import Any, Self

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from vbench_mem.probes.timeline import Timeline


@cache
def is_composite(operation: Any) -> bool:
    """Does torch have it as nothing but other operations?"""
    return operation.namespace != "prim" and operation._can_decompose()


class StorageTracker(TorchDispatchMode):
    """While entered, writes each storage that comes or goes into its timeline.

    Views share a storage and count once; a storage is gone when its last owner is, autograd's graph
    and the autocast cache included.
    Args:   `device` follows only tensors of that type of device; none follows all.
    Check:  equals torch.distributed._tools.mem_tracker on the peak of a training step.
    """

    def __init__(self, device: str | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.device = device
        self.timeline = Timeline()
        self.tags: dict[str, set[int]] = defaultdict(set)
        self.attention: set[str] = set()  # names of the attention kernels that were called
        self.blocks = 0
        self.entered = 0  # entered anew for the parts of a composite operation
        # by address, which is free for the next storage only after the callback has removed it
        self.following: dict[int, tuple[int, weakref.ref[Any]]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        parts = self.parts(func, args, kwargs or {})
        if parts is not NotImplemented:
            return parts
        result = func(*args, **(kwargs or {}))
        self.notice(func)
        # the arguments too: weights made before, tensors made outside of torch, resized ones
        self.follow(
            leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)
        )
        return result

    def parts(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """The result by the operations that a composite one consists of, each followed; else
        `NotImplemented`. Without gradients torch hands such operations over whole."""
        if not is_composite(func):
            return NotImplemented
        with self:
            return func.decompose(*args, **kwargs)

    def notice(self, func: Any) -> None:
        if "attention" in func.__name__:
            self.attention.add(func.__name__.partition(".")[0])

    def __enter__(self) -> Self:
        self.entered += 1
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)  # type: ignore[no-untyped-call]
        self.entered -= 1
        if not self.entered:
            # releases after this are no event; a dead reference calls nobody
            self.following.clear()

    def follow(self, tensors: Iterable[Tensor]) -> list[int]:
        """The blocks of these tensors, new ones from now on followed until their release."""
        return [
            self.block_of(tensor)
            for tensor in tensors
            if self.device is None or tensor.device.type == self.device
        ]

    def tag(self, category: str, tensors: Iterable[Tensor]) -> None:
        """Say what the blocks of these tensors are for, for the timeline as a whole."""
        self.tags[category].update(self.follow(tensors))

    def block_of(self, tensor: Tensor) -> int:
        storage = tensor.untyped_storage()
        address = storage._cdata
        known = self.following.get(address)
        if known is None:
            self.blocks += 1
            known = self.blocks, weakref.ref(storage, partial(self.gone, address))
            self.following[address] = known
        self.timeline.hold(known[0], storage.nbytes())
        return known[0]

    def gone(self, address: int, _: Any) -> None:
        block, _ = self.following.pop(address)
        self.timeline.release(block)
