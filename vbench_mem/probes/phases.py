"""Detects the phases of any training step.

A phase lasts until another begins: backward with the first node that autograd runs, the optimiser
with its `step`, forward with a call of a module or an operation on a tensor that requires a
gradient. So clipping is part of backward, and averaging weights part of the optimiser.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import Any

import torch
from torch import nn
from torch._dynamo.eval_frame import OptimizedModule
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import Variable
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.card_calls import CardCalls
from vbench_mem.probes.cuda.attention import CudaRules
from vbench_mem.probes.cuda.dispatch import Replacements, default_to_foreach
from vbench_mem.probes.module_tracker import NO_BACKWARD, ModuleTracker
from vbench_mem.probes.packed import PACK, pack
from vbench_mem.probes.refused import refuse_collective, refuse_module, refuse_weights
from vbench_mem.probes.sparse_gradients import SparseTracker
from vbench_mem.probes.tensor_tagger import TensorTagger
from vbench_mem.probes.values import ITEM, tensors_in


class PhaseTracker(SparseTracker):
    """Begins the phases of its timeline, between `start` and `finish` only."""

    def __init__(
        self,
        modules: ModuleTracker,
        mode: FakeTensorMode,
        rules: CudaRules | None,
        replaced: Replacements,
    ) -> None:
        super().__init__(modules, mode, rules, replaced)
        self.tagger = TensorTagger(self)
        self.calls = CardCalls(self, "cpu" if rules is None else "cuda")
        self.lock = RLock()
        self.phase, self.step = "", 0
        self.runs: set[int] = set()  # of autograd, by their numbers
        self.stepping: list[int] = []  # the run of autograd of each running optimiser

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        with self.lock:  # the program may have threads
            return self.dispatch(func, types, args, kwargs)

    def dispatch(self, func: Any, types: Any, args: Any, kwargs: dict[str, Any] | None) -> Any:
        refuse_collective(func)
        if self.step and func.namespace != "prim":
            self.enter(self.phase_of(func, args))
        if func is PACK:
            result = pack(self, *args)
            self.follow_result(result, args)
        else:
            result = super().__torch_dispatch__(func, types, args, kwargs)
        self.calls.follow(args, result)
        return result

    def released(self, address: int, reference: Any) -> None:
        with self.lock:
            super().released(address, reference)

    def phase_of(self, func: Any, args: Any) -> str:
        run = torch._C._current_graph_task_id()
        # of an optimiser itself, and not of the closure that it was given
        at_work = bool(self.stepping) and self.stepping[-1] == run
        if run != NO_BACKWARD and not at_work:
            return "backward"
        looks_only = func.is_view or func is ITEM  # as a read of the loss after the step is
        builds_graph = torch.is_grad_enabled() and any(t.requires_grad for t in tensors_in(args))
        if builds_graph and not looks_only:
            return "forward"
        return "optimizer" if at_work else self.phase

    def enter(self, phase: str) -> None:
        if phase == "backward":
            self.tag_gradients_at_end()
        if phase == self.phase:
            return
        self.phase = phase
        self.updating = phase == "optimizer"
        self.timeline.begin(phase, self.step)

    def tag_gradients_at_end(self) -> None:
        """Gradients exist once a run of autograd is over, and may be freed soon after."""
        run = torch._C._current_graph_task_id()
        if run != NO_BACKWARD and run not in self.runs:
            self.runs.add(run)
            Variable._execution_engine.queue_callback(self.tagger.update)

    def start(self, step: int) -> None:
        self.step = step
        self.enter("forward")

    def finish(self) -> None:
        self.tagger.update()
        self.phase, self.updating = "", False
        self.timeline.begin("between", self.step)
        self.step = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within it, hooks report when modules and optimisers begin."""
        with ExitStack() as hooks, self:
            for handle in (
                register_module_forward_pre_hook(self.module_begins),
                register_optimizer_step_pre_hook(self.optimizer_begins),
                register_optimizer_step_post_hook(self.optimizer_ends),
            ):
                hooks.callback(handle.remove)
            yield

    def module_begins(self, module: nn.Module, _: Any) -> None:
        if isinstance(module, OptimizedModule):
            raise Unsupported(
                "a compiled module is not predicted: its allocations cannot be seen; "
                "give the step the module that was compiled"
            )
        refuse_module(module)
        in_backward = torch._C._current_graph_task_id() != NO_BACKWARD  # it recomputes
        if self.step and not in_backward:
            self.enter("forward")

    def optimizer_begins(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        for group in optimizer.param_groups:
            refuse_weights(type(optimizer).__name__, group["params"])
        self.tagger.tag_optimizer(optimizer)
        if self.rules is not None:
            default_to_foreach(optimizer)
        self.stepping.append(torch._C._current_graph_task_id())
        if self.step:
            self.enter("optimizer")

    def optimizer_ends(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self.stepping.pop()
        self.tagger.tag_optimizer(optimizer)
