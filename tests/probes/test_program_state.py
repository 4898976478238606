"""What a prediction refuses, what it leaves behind, and what it says of memory that grows."""

import os
import random
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    _global_forward_hooks,
    register_module_forward_hook,
)

from tests.probes.forms import same, train, with_adam
from tests.probes.models import mlp, vectors
from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.any_step import predict_step
from vbench_mem.probes.value_checks import raises


def state() -> dict[str, Any]:
    """What code can change for the whole process."""
    return {
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "warn_only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "benchmark": torch.backends.cudnn.benchmark,
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        "precision": torch.get_float32_matmul_precision(),
        "anomaly": torch.is_anomaly_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "autocast_dtype": torch.get_autocast_dtype("cpu"),
        "flash": torch.backends.cuda.flash_sdp_enabled(),
        "threads": torch.get_num_threads(),
        "torch": torch.get_rng_state().tolist(),
        "python": random.getstate(),
        "numpy": np.random.get_state()[1].tolist(),  # type: ignore[index]
        "folder": Path.cwd(),
        "environment": dict(os.environ),
        "path": list(sys.path),
        "hooks": dict(_global_forward_hooks),
        "save": torch.save,
        "load": torch.load,
        "thread": threading.Thread.start,
        "filters": list(warnings.filters),
    }


CHANGES: dict[str, Callable[[], Any]] = {
    "dtype": lambda: torch.set_default_dtype(torch.float64),
    "device": lambda: torch.set_default_device("meta"),
    "grad": lambda: torch.set_grad_enabled(False),
    "deterministic": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "benchmark": lambda: setattr(torch.backends.cudnn, "benchmark", True),
    "tf32": lambda: setattr(torch.backends.cuda.matmul, "allow_tf32", True),
    "precision": lambda: torch.set_float32_matmul_precision("medium"),
    "anomaly": lambda: torch.autograd.set_detect_anomaly(True),
    "autocast": lambda: torch.set_autocast_enabled("cpu", True),
    "autocast_dtype": lambda: torch.set_autocast_dtype("cpu", torch.float16),
    "flash": lambda: torch.backends.cuda.enable_flash_sdp(False),
    "threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "torch": lambda: torch.manual_seed(99),
    "python": lambda: random.seed(99),
    "numpy": lambda: np.random.seed(99),
    "folder": lambda: os.chdir("/"),
    "environment": lambda: os.environ.update(VBENCH_TEST="1"),
    "path": lambda: sys.path.append("/nowhere"),
    "hooks": lambda: register_module_forward_hook(lambda *_: None),
    "filters": lambda: warnings.simplefilter("ignore"),
}


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.parametrize("where", ["build", "step", "error"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_prediction_leaves_no_trace(name: str, where: str) -> None:
    def build() -> None:
        if where == "build":
            CHANGES[name]()

    def step(_: None) -> None:
        if where != "build":
            CHANGES[name]()
        if where == "error":
            raise KeyError

    before = state()
    if where == "error":
        with pytest.raises(KeyError):
            predict_step(build, step)
    else:
        predict_step(build, step)
    assert state() == before


def test_a_module_made_outside_of_build_is_refused_and_left_alone() -> None:
    outside, optimizer, x = with_adam(mlp)()
    sentence = "was made outside of `build`, .*; make modules, optimisers and batches in `build`"
    for build, step in (
        (lambda: (outside, optimizer, x), train),
        (lambda: None, lambda _: outside(x)),
        (lambda: None, lambda _: optimizer.step()),
    ):
        with pytest.raises(Unsupported, match=sentence):
            predict_step(build, step)
    assert not optimizer.state
    assert all(type(each.data) is Tensor and each.grad is None for each in outside.parameters())


RANKS = """
import torch, torch.distributed as dist
from torch import nn
from torch.testing._internal.distributed.fake_pg import FakeStore
from vbench_mem import predict_step
from vbench_mem.base.errors import Unsupported
dist.init_process_group("fake", rank=0, world_size=4, store=FakeStore())
def step(m): m(torch.randn(8, 64)).sum().backward()
def ddp(): return nn.parallel.DistributedDataParallel(nn.Linear(64, 64))
def fsdp():
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard
    return fully_shard(nn.Linear(64, 64), mesh=init_device_mesh("cpu", (4,)))
def fsdp_of_old():
    from torch.distributed.fsdp import FullyShardedDataParallel
    return FullyShardedDataParallel(nn.Linear(64, 64), device_id=torch.device("cpu"))
def parallel():
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor.parallel import ColwiseParallel, parallelize_module
    mesh = init_device_mesh("cpu", (4,))
    return parallelize_module(nn.Sequential(nn.Linear(64, 64)), mesh, {"0": ColwiseParallel()})
def reduced():
    dist.all_reduce(torch.ones(3))
    return nn.Linear(64, 64)
for build in (ddp, fsdp, fsdp_of_old, parallel, reduced):
    try:
        predict_step(build, step)
    except Unsupported as error:
        assert "shares a training among ranks" in str(error), error
        print(build.__name__)
"""


def test_what_several_ranks_share_is_refused_and_the_process_lives() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RANKS], capture_output=True, text=True
    )
    assert done.stdout.split() == ["ddp", "fsdp", "fsdp_of_old", "parallel", "reduced"], done.stderr


@pytest.mark.parametrize("read", [lambda x: x.numpy(), np.asarray, lambda x: x.detach().numpy()])
def test_numpys_arrays_of_tensors_are_refused(read: Callable[[Tensor], object]) -> None:
    with pytest.raises(Unsupported, match=r"read one number with \.item\(\)"):
        predict_step(vectors, read)


@pytest.mark.parametrize(
    ("build", "step"),
    [
        (mlp, lambda model: model.to("mps")),
        (lambda: nn.LazyLinear(8), lambda model: model(vectors())),
        (vectors, lambda x: torch.nested.nested_tensor([x, x])),
    ],
)
def test_what_fake_tensors_cannot_do_is_said_in_a_sentence(
    build: Callable[[], Any], step: Callable[[Any], object]
) -> None:
    with pytest.raises(Unsupported, match=r"runs on tensors without data.*leave it out of"):
        predict_step(build, step)


def test_functional_gradients_of_a_module_of_build_are_followed() -> None:
    def step(state: Any) -> None:
        model, _, x = state
        called = torch.func.functional_call
        gradients = torch.func.grad(lambda weights: called(model, weights, (x,)).sum())
        gradients(dict(model.named_parameters()))

    same(with_adam(mlp), step)


def test_other_sparse_layouts_are_refused() -> None:
    with pytest.raises(Unsupported, match="sparse"):
        predict_step(lambda: torch.eye(4).to_sparse_csr(), lambda x: x)


def check_or(x: Any, y: Any) -> None:
    if x or not y:
        raise ValueError(f"{x}: " + ", ".join(str(each) for each in y))


def test_a_check_is_answered_by_what_follows_it() -> None:
    class Truth:
        def __init__(self) -> None:
            self.hoped: bool | None = None

        def __bool__(self) -> bool:
            frame = sys._getframe(1)
            surely = [t for t in (True, False) if raises(frame.f_code, frame.f_lasti, t)]
            self.hoped = None if len(surely) != 1 else not surely[0]
            return bool(self.hoped)

    first, second, open_ = Truth(), Truth(), Truth()
    check_or(first, second)
    assert (first.hoped, second.hoped) == (False, True)
    chosen = 1 if open_ else 2
    assert chosen == 2 and open_.hoped is None
