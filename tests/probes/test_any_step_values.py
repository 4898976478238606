"""Training steps of users: values they may read, what is refused, and arguments."""

import gc
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn.modules.module import _global_forward_pre_hooks
from torch.optim.optimizer import _global_optimizer_pre_hooks

import vbench_mem
from tests.probes.models import mlp, vectors
from vbench_mem.base.errors import Unsupported, UsageError
from vbench_mem.probes.any_step import predict_step
from vbench_mem.probes.prediction import Prediction


def test_small_known_values_are_exact() -> None:
    told: list[Any] = []

    def step(_: object) -> None:
        ids = torch.tensor([3, 0, 5, 0])
        told.append([ids.sum().item(), ids.tolist(), bool((ids == 0).any()), len(ids.nonzero())])
        told.append(ids[ids != 0].tolist())
        told.append(torch.equal(ids, ids.clone()))
        told.append(torch.linspace(0, 0.5, 3).tolist())

    predict_step(lambda: None, step, steps=1)
    assert told == [[8, [3, 0, 5, 0], True, 2], [3, 5], True, [0.0, 0.25, 0.5]]


def test_unknown_values_read_as_not_overflowed() -> None:
    def step(x: Tensor) -> None:
        y = x.exp()
        if y.isnan().any() or torch.isinf(y).any() or not torch.isfinite(y).all():
            raise ValueError("diverged")

    predict_step(lambda: torch.randn(1000, 1000), step)


def test_a_known_tensor_written_from_an_unknown_one_is_unknown() -> None:
    def step(large: Tensor) -> None:
        counts = torch.zeros(4, dtype=torch.int64)
        counts.copy_(large[:4].long())
        torch.arange(9)[counts.nonzero()]

    with pytest.raises(Unsupported, match=r"what aten\.nonzero\.default returns depends on values"):
        predict_step(lambda: torch.randn(1000, 1000)[0], step)


@pytest.mark.parametrize("operation", [lambda x: x[x > 0], lambda x: x.masked_select(x > 0)])
def test_a_shape_that_depends_on_unknown_values_is_refused(
    operation: Callable[[Tensor], Tensor],
) -> None:
    with pytest.raises(Unsupported, match="make the mask or the count from something small"):
        predict_step(lambda: torch.randn(1000, 1000), operation)


@pytest.mark.filterwarnings("ignore:Using `torch.compile", "ignore::DeprecationWarning")
def test_a_compiled_module_is_refused() -> None:
    def step(model: Callable[[Tensor], Tensor]) -> None:
        model(vectors())

    with pytest.raises(Unsupported, match="its allocations cannot be seen"):
        predict_step(lambda: torch.compile(mlp()), step)


class Own(Exception):
    """A user's."""


@pytest.mark.parametrize("where", ["build", "step"])
def test_a_users_error_keeps_its_traceback_and_global_state_is_restored(where: str) -> None:
    def fail(*_: object) -> None:
        raise Own

    before = torch.get_rng_state(), FakeTensor.__deepcopy__
    build, step = (fail, print) if where == "build" else (vectors, fail)
    with pytest.raises(Own) as caught:
        predict_step(build, step)
    assert caught.traceback[-1].name == "fail"
    assert torch.equal(torch.get_rng_state(), before[0])
    assert FakeTensor.__deepcopy__ is before[1]
    assert gc.isenabled() and not gc.get_freeze_count()
    assert type(mlp()(vectors())) is Tensor
    assert not _global_optimizer_pre_hooks and not _global_forward_pre_hooks


def test_too_few_steps_and_unknown_targets_are_refused() -> None:
    with pytest.raises(UsageError, match="0 is too few; write 1 or more"):
        predict_step(vectors, print, steps=0)
    with pytest.raises(UsageError, match=r"'cud' is not known; did you mean cuda\?"):
        predict_step(vectors, print, target="cud")  # type: ignore[arg-type]


def test_a_deep_copy_of_fake_tensors_is_like_one_of_real_ones() -> None:
    def tied() -> tuple[nn.ModuleList, list[Tensor]]:
        first, second = nn.Linear(8, 8), nn.Linear(8, 8)
        second.weight = first.weight
        kept = torch.zeros(8, requires_grad=True)
        kept.own = "kept"  # type: ignore[attr-defined]
        kept.sum().backward()
        rows = torch.zeros(4, 8)
        return nn.ModuleList([first, second]), [kept, rows, rows[1:]]

    def look(state: Any) -> None:
        (first, second), (kept, rows, last) = deepcopy(state)
        assert first.weight is second.weight and isinstance(first.weight, nn.Parameter)
        assert first.weight.requires_grad and storage(first.weight) == storage(first.weight.t())
        assert storage(first.weight) != storage(state[0][0].weight)
        assert kept.own == "kept" and kept.requires_grad and kept.grad.shape == (8,)
        assert storage(rows) == storage(last) != storage(state[1][1])
        assert last.shape == (3, 8) and last.storage_offset() == 8
        with pytest.raises(RuntimeError, match=r"leaves|explicitly by the user"):
            deepcopy(first.weight * 2)

    look(tied())  # what is true of real ones ...
    predict_step(tied, look, steps=1)


def storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def test_the_example_of_the_docstring_runs() -> None:
    text = inspect.getdoc(predict_step) or ""
    start = text.index("    import torch")
    example = textwrap.dedent(text[start : text.index("Args:")])
    assert "predict_step(build, step)" in example and "assert" in example
    exec(compile(example, "docstring", "exec"), {"__name__": "__main__"})


def test_the_package_has_the_api_and_imports_torch_late() -> None:
    assert vbench_mem.predict_step is predict_step
    assert vbench_mem.Prediction is Prediction
    with pytest.raises(AttributeError, match="has no attribute 'predict_stop'"):
        _ = vbench_mem.predict_stop
    code = """
import sys
sys.modules["torch"] = None  # to import it is an error
from vbench_mem import Prediction
try:
    from vbench_mem import predict_step
except ModuleNotFoundError as error:
    assert error.name == "torch", error
else:
    raise AssertionError("torch is not asked for")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
