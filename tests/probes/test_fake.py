"""Values of fake tensors, and the state of the process after them."""

import logging
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.fake import FakeTracker
from vbench_mem.probes.fake_mode import fake_tensors
from vbench_mem.probes.module_tracker import ModuleTracker
from vbench_mem.probes.predict import predict


def test_an_unknown_value_reads_as_1_in_the_type_of_its_tensor() -> None:
    with fake_tensors(), ModuleTracker() as modules, FakeTracker(modules):
        answers = [torch.zeros((), dtype=d).item() for d in (torch.float32, torch.int64)]
        flag = torch.zeros((), dtype=torch.bool).item()
        assert len(range(torch.zeros((), dtype=torch.int64).item())) == 1
    assert answers == [1.0, 1] and [type(each) for each in answers] == [float, int]
    assert flag is True


def test_torchs_cache_of_fake_results_is_bounded(
    small_cell: Callable[..., Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeTensorMode.cache_clear()
    predict(small_cell(), "cpu")
    remembered = len(FakeTensorMode.cache)
    assert remembered > 0
    monkeypatch.setattr("vbench_mem.probes.fake_mode.CACHE_LIMIT", remembered)
    predict(small_cell(batch=3), "cpu")
    assert len(FakeTensorMode.cache) == 0


@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_a_failed_prediction_restores_all_global_state(
    small_cell: Callable[..., Cell], monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """No hooks, kernels or fake tensors of ours remain after an error."""
    monkeypatch.setattr(nn.LayerNorm, "forward", lambda *_: 1 / 0)
    fast = torch.backends.mha.get_fastpath_enabled()
    hooks = nn.modules.module._global_forward_hooks, nn.modules.module._global_forward_pre_hooks
    before = [dict(each) for each in hooks]
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        predict(small_cell(dtype="bfloat16"), target)  # type: ignore[arg-type]
    monkeypatch.undo()
    assert [dict(each) for each in hooks] == before
    assert torch.backends.mha.get_fastpath_enabled() == fast
    with torch.autocast("cpu", torch.bfloat16):
        assert nn.LayerNorm(4)(torch.ones(2, 4, dtype=torch.bfloat16)).dtype is torch.bfloat16
    assert type(torch.ones(1)) is torch.Tensor


def test_torch_writes_no_trace_of_its_own_for_an_error_while_predicting() -> None:
    written: list[logging.LogRecord] = []
    log = logging.getLogger("torch._subclasses.fake_tensor")
    handler = logging.Handler()
    handler.emit = written.append  # type: ignore[method-assign]
    log.addHandler(handler)
    propagates, log.propagate = log.propagate, False
    try:
        for mode, lines in ((fake_tensors(), 0), (FakeTensorMode(), 1), (fake_tensors(), 1)):
            with mode, pytest.raises(RuntimeError, match="must have same reduction dim"):
                torch.ones(2, 3) @ torch.ones(2, 3)
            assert len(written) == lines
    finally:
        log.propagate = propagates
        log.removeHandler(handler)
