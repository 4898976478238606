"""Records every allocation and release of a tensor's storage, exactly, on any device.

Sees the arguments and results of operations; never what a kernel allocates inside one operation and
frees before it returns. Works the same on fake tensors, which have no data.
"""

import weakref
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, partial
from typing import Any, Self

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.timeline import Timeline
from vbench_mem.probes.values import tensors_in

NO_STORAGE = (
    "a tensor of the layout {layout} has no storage whose memory could be counted, and AdamW takes "
    "no sparse gradients; write sparse=False where an embedding is made"
)


@cache
def is_composite(operation: Any) -> bool:
    """Does torch define it by other operations alone?"""
    return operation.namespace != "prim" and operation._can_decompose()


class StorageTracker(TorchDispatchMode):
    """While entered, records each allocation and release of a storage in its timeline.

    Views share a storage and count once; a storage is released with its last owner, including
    autograd's graph and the autocast cache.
    Args:   `device` tracks only tensors on that type of device; None tracks all.
    Check:  equals torch.distributed._tools.mem_tracker on the peak of a training step.
    """

    def __init__(self, device: str | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.device = device
        self.timeline = Timeline()
        self.tags: dict[str, set[int]] = defaultdict(set)
        self.attention: set[str] = set()  # names of the attention kernels that were called
        self.blocks = 0
        self.entered = 0  # depth: entered again for the parts of a composite operation
        # by address, which another storage may use only after the callback has removed it
        self.tracked: dict[int, tuple[int, weakref.ref[Any]]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        parts = self.decomposed(func, args, kwargs or {})
        if parts is not NotImplemented:
            return parts
        result = func(*args, **(kwargs or {}))
        self.record_attention(func)
        # the arguments too: weights made before, tensors made outside of torch, resized ones
        self.track(tensors_in(args, kwargs, result))
        return result

    def decomposed(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """The result of a composite operation, run as its parts so that each is tracked; else
        `NotImplemented`. Without gradients torch does not decompose such operations."""
        if not is_composite(func):
            return NotImplemented
        with self:
            return func.decompose(*args, **kwargs)

    def record_attention(self, func: Any) -> None:
        if "attention" in func.__name__:
            self.attention.add(func.__name__.partition(".")[0])

    def __enter__(self) -> Self:
        self.entered += 1
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        self.entered -= 1
        if not self.entered:
            # later releases are not recorded: a dead weak reference calls nothing
            self.tracked.clear()

    def track(self, tensors: Iterable[Tensor]) -> list[int]:
        """The blocks of these tensors; new ones are tracked from now on until their release."""
        return [
            self.block_of(tensor)
            for tensor in tensors
            if self.device is None or tensor.device.type == self.device
        ]

    def tag(self, category: str, tensors: Iterable[Tensor]) -> None:
        """Record the category of these tensors' blocks, for the whole timeline."""
        self.tags[category].update(self.track(tensors))

    def block_of(self, tensor: Tensor) -> int:
        try:
            storage = tensor.untyped_storage()
        except NotImplementedError as error:
            raise Unsupported(NO_STORAGE.format(layout=tensor.layout)) from error
        address = storage._cdata
        known = self.tracked.get(address)
        if known is None:
            self.blocks += 1
            known = self.blocks, weakref.ref(storage, partial(self.released, address))
            self.tracked[address] = known
        self.timeline.hold(known[0], storage.nbytes())
        return known[0]

    def released(self, address: int, _: Any) -> None:
        block, _ = self.tracked.pop(address)
        self.timeline.release(block)
