"""The phases of anybody's step, found without their help.

A phase lasts until another begins: backward with the first thing that autograd runs, the optimiser
with its `step`, forward with a module that is called or an operation on what asks for a gradient.
So clipping is part of backward, and an average of weights part of the optimiser.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
from vbench_mem.probes.answers import AnsweringTracker
from vbench_mem.probes.belongings import Belongings
from vbench_mem.probes.cuda_rules import CudaRules
from vbench_mem.probes.fake import ITEM
from vbench_mem.probes.on_card import take_foreach
from vbench_mem.probes.prediction import Target
from vbench_mem.probes.sites import NO_BACKWARD, Sites
from vbench_mem.probes.values import tensors_in


class PhaseTracker(AnsweringTracker):
    """Begins a phase of its timeline where the step does; between `start` and `finish` only."""

    def __init__(self, sites: Sites, mode: FakeTensorMode, target: Target) -> None:
        super().__init__(sites, mode, CudaRules("auto") if target == "cuda" else None)
        self.belongings = Belongings(self)
        self.phase, self.step = "", 0
        self.runs: set[int] = set()  # of autograd, by their numbers
        self.stepping: list[int] = []  # in which run of autograd each optimiser is at work

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self.step and func.namespace != "prim":
            self.enter(self.phase_of(func, args))
        return super().__torch_dispatch__(func, types, args, kwargs)

    def phase_of(self, func: Any, args: Any) -> str:
        at_work, run = self.optimizer_at_work(), torch._C._current_graph_task_id()
        if run != NO_BACKWARD and not at_work:
            return "backward"
        looks_only = func.is_view or func is ITEM  # at a loss, say, when all is done
        builds_graph = torch.is_grad_enabled() and any(t.requires_grad for t in tensors_in(args))
        if builds_graph and not looks_only:
            return "forward"
        return "optimizer" if at_work else self.phase

    def optimizer_at_work(self) -> bool:
        """Itself, not the closure that it was given."""
        return bool(self.stepping) and self.stepping[-1] == torch._C._current_graph_task_id()

    def enter(self, phase: str) -> None:
        if phase == "backward":
            self.await_end()
        if phase == self.phase:
            return
        self.phase = phase
        self.updating = phase == "optimizer"
        self.timeline.begin(phase, self.step)

    def await_end(self) -> None:
        """Gradients are known once a run of autograd is over, and may be gone soon after."""
        run = torch._C._current_graph_task_id()
        if run != NO_BACKWARD and run not in self.runs:
            self.runs.add(run)
            Variable._execution_engine.queue_callback(self.belongings.settle)

    def start(self, step: int) -> None:
        self.step = step
        self.enter("forward")

    def finish(self) -> None:
        self.belongings.settle()
        self.phase, self.updating = "", False
        self.timeline.begin("between", self.step)
        self.step = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While entered, modules and optimisers tell when they begin."""
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
                "a compiled module is not predicted: its kernels allocate out of sight; "
                "give the step the module that was compiled"
            )
        in_backward = torch._C._current_graph_task_id() != NO_BACKWARD  # it computes again
        if self.step and not in_backward:
            self.enter("forward")

    def optimizer_begins(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self.belongings.settle_optimizer(optimizer)
        if self.rules is not None:
            take_foreach(optimizer)
        self.stepping.append(torch._C._current_graph_task_id())
        if self.step:
            self.enter("optimizer")

    def optimizer_ends(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self.stepping.pop()
        self.belongings.settle_optimizer(optimizer)
