"""A step on tensors that hold nothing: followed, counted and answered for, at no cost in memory.

Fake tensors of the CPU, since that device keeps attention fused on any build of torch; a fake CUDA
device needs a CUDA build. Never computes a value: where a program asks for one, it is told 1, and 0
where a loss scaler asks whether gradients overflowed, so that every step updates the weights.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from logging import getLogger
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import flop_registry

from vbench_mem.probes.corrections import corrected
from vbench_mem.probes.cuda_rules import (
    BACKWARD,
    FORWARD,
    NAMES,
    CudaRules,
    Steps,
    borrowed_by,
)
from vbench_mem.probes.sites import Sites
from vbench_mem.probes.storages import StorageTracker
from vbench_mem.probes.timeline import Timeline
from vbench_mem.probes.torch_count import FORMULAS, Formula
from vbench_mem.probes.trace import Trace

aten = torch.ops.aten
ITEM = aten._local_scalar_dense.default
UNSCALE = aten._amp_foreach_non_finite_check_and_unscale_.default
DEVICE = torch.ops.prim.device.default
FRESH = aten.lift_fresh.default  # called a view, and yet the first sight of a tensor from Python
# Torch remembers what operations return for fake tensors, by their shapes and for the life of the
# process; a search over hundreds of loads would fill gigabytes. Units: operations, of about 2 KB.
REMEMBERED = 20_000


@cache
def formula_of(operation: Any) -> Formula | None:
    """FLOPs of an operation from its arguments' shapes; None for what multiplies no matrices."""
    if (own := FORMULAS.get(operation._overloadpacket.__name__)) is not None:
        return lambda *args, out_val=None, **kwargs: own(*map(shape_of, args), **kwargs)
    return flop_registry.get(operation._overloadpacket)


def one_of(dtype: torch.dtype, told: bool) -> bool | int | float:
    """1, or 0 where not `told`, as Python has a number of this type."""
    if dtype is torch.bool:
        return told
    return float(told) if dtype.is_floating_point else int(told)


def shape_of(value: Any) -> Any:
    return value.shape if isinstance(value, Tensor) else value


class FakeTracker(StorageTracker):
    """Follows what operations return, who was at work then, and the FLOPs of each module.

    homes       by block, the module that made it, or whose weight it updates
    active_modules by event of the timeline, the module that was at work
    flops       by (number of the phase, module)
    rules       of a CUDA device, whose kernels take memory that the CPU's do not; none follows the
                CPU's own. `kernels` are the blocks that stand for it
    """

    def __init__(self, sites: Sites, rules: CudaRules | None = None) -> None:
        super().__init__()
        self.rules = rules
        self.kernels: set[int] = set()
        self.sites, self.here, self.home = sites, "", ""
        self.updating = False  # is an optimiser at work? Then it is its operands that say for whom
        self.owner_modules: dict[int, str] = {}
        self.active_modules: list[str] = []
        self.flops: Counter[tuple[int, str]] = Counter()
        self.met: set[Any] = set()
        self.overflows: set[int] = set()  # where loss scalers note what they found

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is DEVICE:  # asked thousands of times, so answered without further ado
            return args[0].fake_device
        if func is ITEM:
            return one_of(args[0].dtype, self.block_of(args[0]) not in self.overflows)
        parts = self.parts(func, args, kwargs)
        if parts is not NotImplemented:
            return parts
        self.here = self.home = self.sites.here()
        if self.updating and args and isinstance(args[0], Tensor):
            self.here = self.home = self.home_of(args[0])
        result = corrected(func, args, func(*args, **kwargs))
        if func is UNSCALE:
            self.overflows.add(self.block_of(args[1]))
        self.met.add(func)
        if not func.is_view or func is FRESH:
            self.notice(func)
            self.count(func, args, kwargs, result)
            self.follow_result(result, args)
            if self.rules is not None:
                self.add_kernel(func, args, kwargs.get("attn_mask"), result)
        return result

    def notice(self, func: Any) -> None:
        if self.rules is None:  # else the kernel's name there is told by `add_kernel`
            super().notice(func)

    def add_kernel(self, func: Any, args: Any, mask: Tensor | None, result: Any) -> None:
        """What the operation's kernel on a CUDA device takes that the CPU's does not."""
        assert self.rules is not None
        name = func.__name__
        packet = name.partition(".")[0]
        if packet == FORWARD:
            kernel = self.rules.kernel(args[0], mask)
            self.attention.add(NAMES[kernel])
            # lives as long as the log-sum-exp does
            self.timeline.enlarge(self.block_of(result[1]), self.rules.kept(kernel, args[0]))
        elif packet == BACKWARD:
            kernel = self.rules.kernel(args[1], mask)
            self.attention.add(f"{NAMES[kernel]}_backward")
            self.borrow(self.rules.workspace(kernel, args[1]))
        else:
            self.borrow(borrowed_by(name, args))

    def borrow(self, steps: Steps) -> None:
        """Blocks that come and go while one operation runs."""
        taken: list[tuple[int, int]] = []
        for size in steps:
            if size > 0:
                self.blocks += 1
                taken.append((self.blocks, size))
                self.kernels.add(self.blocks)
                self.owner_modules[self.blocks] = self.here
                self.timeline.hold(self.blocks, size)
            elif size < 0:
                place = next(i for i, (_, held) in enumerate(taken) if held == -size)
                self.timeline.release(taken.pop(place)[0])
            self.place()

    def follow_result(self, result: Any, args: Any) -> None:
        if isinstance(result, Tensor):
            self.block_of(result)
            return
        if not isinstance(result, list | tuple):
            return
        for place, each in enumerate(result):
            if self.updating:  # one result for each weight of a list
                self.home = self.home_of(args[0][place])
            self.follow_result(each, args)

    def home_of(self, tensor: Any) -> str:
        known = isinstance(tensor, Tensor)
        return self.owner_modules.get(self.block_of(tensor), "") if known else ""

    def count(self, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        formula = formula_of(func)
        if formula is not None:
            phase = len(self.timeline.marks) - 1
            self.flops[phase, self.here] += formula(*args, **kwargs, out_val=result)

    def block_of(self, tensor: Tensor) -> int:
        block = super().block_of(tensor)
        self.owner_modules.setdefault(block, self.home)
        self.place()
        return block

    def gone(self, address: int, reference: Any) -> None:
        super().gone(address, reference)
        self.place()

    def written(
        self, timeline: Timeline, active_modules: list[str], steady: int, host: Iterable[int] = ()
    ) -> Trace:
        """What was followed, as this timeline has it (`self.timeline`, or made from it)."""
        return Trace(
            timeline=timeline,
            steady=steady,
            owner_modules=self.owner_modules,
            active_modules=active_modules,
            tags=dict(self.tags),
            flops=self.flops,
            attention=tuple(sorted(self.attention)),
            operations=tuple(sorted(map(str, self.met))),
            kernels=frozenset(self.kernels),
            host=frozenset(host),
        )

    def place(self) -> None:
        if len(self.active_modules) < len(self.timeline.blocks):
            self.active_modules.append(self.here)


@contextmanager
def pretending(mode: FakeTensorMode | None = None) -> Iterator[None]:
    """Tensors made here hold nothing; modules made before are moved in by `to_empty`."""
    fast = torch.backends.mha.get_fastpath_enabled()
    # the fast path of nn.MultiheadAttention is one operation, and no training step takes it
    torch.backends.mha.set_fastpath_enabled(False)
    # it writes a trace of its own for every error of a user's, which is told by whoever catches it
    log = getLogger("torch._subclasses.fake_tensor")
    was_disabled, log.disabled = log.disabled, True
    try:
        with mode or FakeTensorMode(allow_non_fake_inputs=True):
            yield
    finally:
        log.disabled = was_disabled
        torch.backends.mha.set_fastpath_enabled(fast)
        if len(FakeTensorMode.cache) > REMEMBERED:
            FakeTensorMode.cache_clear()
