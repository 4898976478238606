"""Records every allocation and release of a tensor's storage, exactly, on any device.

Sees the arguments and results of operations; never what a kernel allocates inside one operation and
frees before it returns. Works the same on fake tensors, which have no data.
"""

import weakref
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any, Self

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.composites import casts_inside, is_composite
from vbench_mem.probes.reuse import may_reuse
from vbench_mem.probes.timeline import Timeline
from vbench_mem.probes.values import tensors_in

NO_STORAGE = (
    "a tensor of the layout {layout} has no storage whose memory could be counted, and AdamW takes "
    "no sparse gradients; write sparse=False where an embedding is made"
)


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
        self.contexts = ExitStack()
        # by address, which another storage may use only after the callback has removed it
        self.tracked: dict[int, tuple[int, weakref.ref[Any]]] = {}
        # a block, the address of the storage that takes its place if it is released next, and the
        # number of events until then
        self.reuse: tuple[int, int, int] | None = None

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
        self.expect_reuse(func, args, result)
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
        if self.entered == 1:
            self.contexts.enter_context(casts_inside())
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        self.entered -= 1
        if not self.entered:
            self.contexts.close()
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

    def expect_reuse(self, func: Any, args: Any, result: Any) -> None:
        """Note that torch would have written the result into its first argument."""
        if not may_reuse(func, args, result) or not self.timeline.blocks:
            return
        given, made = self.block_if_known(args[0]), self.block_if_known(result)
        if given is None or made is None or self.timeline.blocks[-1] != made:
            return
        if given != made and self.timeline.live.get(given) == self.timeline.live.get(made):
            address = result.untyped_storage()._cdata
            self.reuse = given, address, len(self.timeline.blocks)

    def released(self, address: int, _: Any) -> None:
        block, _ = self.tracked.pop(address)
        if self.reuse is not None and self.reuse[::2] == (block, len(self.timeline.blocks)):
            self.take_place(block, self.reuse[1])
        else:
            self.timeline.release(block)

    def take_place(self, block: int, address: int) -> None:
        """The storage at this address, allocated last, is in the block's own memory."""
        made, reference = self.tracked[address]
        self.timeline.forget_last(made)
        self.tracked[address] = block, reference
        self.reuse = None

    def block_if_known(self, tensor: Tensor) -> int | None:
        """The block, without updating its size, which a kernel's rules may have set."""
        known = self.tracked.get(tensor.untyped_storage()._cdata)
        return known and known[0]
