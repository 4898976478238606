"""Runs a step on fake tensors, which have shapes and no data, and records its memory and FLOPs.

Fake tensors of the CPU, since that device keeps attention fused on any build of torch; a fake CUDA
device needs a CUDA build. Never computes a value: a value that a program reads is 1, and 0 where a
loss scaler reads whether gradients overflowed, so that every step updates the weights, or where 1
would be an error (see value_checks.py).
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import flop_registry

from vbench_mem.probes.corrections import corrected
from vbench_mem.probes.cuda.attention import NAMES, CudaRules
from vbench_mem.probes.cuda.dispatch import Replacements
from vbench_mem.probes.cuda.workspaces import (
    PRODUCTS,
    SizeChanges,
    is_dense_convolution,
    workspace_of,
)
from vbench_mem.probes.module_tracker import ModuleTracker
from vbench_mem.probes.storages import StorageTracker
from vbench_mem.probes.timeline import Timeline
from vbench_mem.probes.torch_count import FORMULAS, Formula
from vbench_mem.probes.trace import Trace
from vbench_mem.probes.value_checks import TruthReads
from vbench_mem.probes.values import ITEM

aten = torch.ops.aten
FORWARD = aten._scaled_dot_product_flash_attention_for_cpu.default
BACKWARD = aten._scaled_dot_product_flash_attention_for_cpu_backward.default
UNSCALE = aten._amp_foreach_non_finite_check_and_unscale_.default
DEVICE = torch.ops.prim.device.default
FRESH = aten.lift_fresh.default  # a view by its tag, but the first operation on a Python constant


@cache
def formula_of(operation: Any) -> Formula | None:
    """FLOPs of an operation from its arguments' shapes; None where no formula counts it."""
    if (own := FORMULAS.get(operation._overloadpacket.__name__)) is not None:
        return lambda *args, out_val=None, **kwargs: own(*map(shape_of, args), **kwargs)
    return flop_registry.get(operation._overloadpacket)


def placeholder(dtype: torch.dtype, value: bool) -> bool | int | float:
    """1 or 0 as a Python number of this type."""
    if dtype is torch.bool:
        return value
    return float(value) if dtype.is_floating_point else int(value)


def shape_of(value: Any) -> Any:
    return value.shape if isinstance(value, Tensor) else value


class FakeTracker(StorageTracker):
    """Records the storages that operations return, the active module, and FLOPs by module.

    owner_modules   by block, the module that made it, or whose weight it updates
    active_modules  by event of the timeline, the module that was running
    flops           by (number of the phase, module)
    rules           of a CUDA device, whose kernels take memory that the CPU's do not; None: the
                    CPU's own kernels. `kernels` are the blocks of that memory
    replaced        by composite operation, what a CUDA device does in its place
    """

    def __init__(
        self,
        modules: ModuleTracker,
        rules: CudaRules | None = None,
        replaced: Replacements | None = None,
    ) -> None:
        super().__init__()
        self.rules, self.replaced = rules, replaced or {}
        self.attends: dict[int, str] = {}  # the kernel of each attention, by its log-sum-exp
        self.kernels: set[int] = set()
        self.multiplying: set[int] = set()  # numbers of the phases that multiply matrices
        self.convolves = False
        self.modules, self.active_module, self.owner = modules, "", ""
        self.updating = False  # while an optimiser runs, its operands give the owner
        self.owner_modules: dict[int, str] = {}
        self.active_modules: list[str] = []
        self.flops: Counter[tuple[int, str]] = Counter()
        self.operations: set[Any] = set()
        self.reads = TruthReads()
        self.overflows: set[int] = set()  # blocks where loss scalers write whether there were any

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is DEVICE:  # called thousands of times, so returned at once
            return args[0].fake_device
        if func is ITEM:
            if self.block_of(args[0]) in self.overflows:
                return placeholder(args[0].dtype, False)
            return placeholder(args[0].dtype, self.reads.answer(True))
        parts = self.decomposed(func, args, kwargs)
        if parts is not NotImplemented:
            return parts
        self.active_module = self.owner = self.modules.active()
        if self.updating and args and isinstance(args[0], Tensor):
            self.active_module = self.owner = self.owner_of(args[0])
        result = corrected(func, args, func(*args, **kwargs))
        if self.rules is not None and func is FORWARD:
            result = self.attended(args, kwargs, result)
        if func is UNSCALE:
            self.overflows.add(self.block_of(args[1]))
        self.operations.add(func)
        if not func.is_view or func is FRESH:
            if (formula := formula_of(func)) is not None:
                phase = len(self.timeline.marks) - 1
                self.flops[phase, self.active_module] += formula(*args, **kwargs, out_val=result)
            self.follow_result(result, args)
            self.expect_reuse(func, args, result)
            if self.rules is None:
                self.record_attention(func)
            else:
                self.add_kernel(func, args, kwargs, result)
        return result

    def decomposed(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        if func in self.replaced:
            with self:
                return self.replaced[func](*args, **kwargs)
        return super().decomposed(func, args, kwargs)

    def attended(self, args: Any, kwargs: dict[str, Any], result: Any) -> Any:
        """With the output laid out as the card's kernel does: the efficient one by tokens."""
        assert self.rules is not None
        query, key, value = args[:3]
        mask = kwargs.get("attn_mask")
        kernel = self.rules.chosen or self.rules.kernel(query, key, value, mask)
        output, sums = result
        if kernel == "efficient":
            batch, heads, tokens, width = output.shape
            output = torch.empty(batch, tokens, heads, width, dtype=output.dtype).transpose(1, 2)
        self.block_of(output)  # before the sums, as on the card
        self.attends[self.block_of(sums)] = kernel
        return output, sums

    def add_kernel(self, func: Any, args: Any, kwargs: dict[str, Any], result: Any) -> None:
        """What the operation's kernel on a CUDA device takes that the CPU's does not."""
        assert self.rules is not None
        if func is FORWARD:
            sums = self.block_of(result[1])
            kernel = self.attends[sums]
            self.attention.add(NAMES[kernel])
            # lives as long as the log-sum-exp does
            self.timeline.enlarge(sums, self.rules.kept(kernel, args[0]))
        elif func is BACKWARD:
            kernel = self.attends[self.block_if_known(args[5]) or 0]
            self.attention.add(f"{NAMES[kernel]}_backward")
            self.add_workspaces(self.rules.workspace(kernel, args[1], args[2]))
        else:
            if func._overloadpacket in PRODUCTS:
                self.multiplying.add(len(self.timeline.marks) - 1)
            self.convolves |= is_dense_convolution(func, args)
            self.add_workspaces(workspace_of(func, args, kwargs, self.rules.chip))

    def add_workspaces(self, steps: SizeChanges) -> None:
        """Blocks that are allocated and freed while one operation runs."""
        taken: list[tuple[int, int]] = []
        for size in steps:
            if size > 0:
                self.blocks += 1
                taken.append((self.blocks, size))
                self.kernels.add(self.blocks)
                self.owner_modules[self.blocks] = self.active_module
                self.timeline.hold(self.blocks, size)
            elif size < 0:
                place = next(i for i, (_, held) in enumerate(taken) if held == -size)
                self.timeline.release(taken.pop(place)[0])
            self.record_active_module()

    def follow_result(self, result: Any, args: Any) -> None:
        if isinstance(result, Tensor):
            self.block_of(result)
            return
        if not isinstance(result, list | tuple):
            return
        for place, each in enumerate(result):
            if self.updating:  # one result for each weight of a list
                self.owner = self.owner_of(args[0][place])
            self.follow_result(each, args)

    def owner_of(self, tensor: Any) -> str:
        return self.owner_modules[self.block_of(tensor)] if isinstance(tensor, Tensor) else ""

    def block_of(self, tensor: Tensor) -> int:
        block = super().block_of(tensor)
        self.owner_modules.setdefault(block, self.owner)
        self.record_active_module()
        return block

    def released(self, address: int, reference: Any) -> None:
        super().released(address, reference)
        self.record_active_module()

    def take_place(self, block: int, address: int) -> None:
        self.owner_modules[block] = self.owner_modules[self.tracked[address][0]]
        super().take_place(block, address)
        self.active_modules.pop()

    def to_trace(
        self, timeline: Timeline, active_modules: list[str], steady: int, host: Iterable[int] = ()
    ) -> Trace:
        """The recorded run with this timeline (`self.timeline`, or one made from it)."""
        return Trace(
            timeline=timeline,
            steady=steady,
            owner_modules=self.owner_modules,
            active_modules=active_modules,
            tags=dict(self.tags),
            flops=self.flops,
            attention=tuple(sorted(self.attention)),
            operations=tuple(sorted(map(str, self.operations))),
            kernels=frozenset(self.kernels),
            host=frozenset(host),
            multiplying=frozenset(self.multiplying),
            convolves=self.convolves,
        )

    def record_active_module(self) -> None:
        if len(self.active_modules) < len(self.timeline.blocks):
            self.active_modules.append(self.active_module)
