"""What a device cannot do is refused in one sentence, before any work."""

import resource
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from vbench_mem.base.errors import Unsupported
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import device as devices
from vbench_mem.probes.device import check, check_dtype, driver_of, resolve

Make = Callable[..., Cell]
CPU = torch.device("cpu")


def test_auto_is_the_cpu_where_there_is_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve("auto") == resolve("cpu") == CPU
    with pytest.raises(Unsupported, match="device cuda was asked for and torch sees 0"):
        resolve("cuda")


def test_a_missing_card_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve("auto") == resolve("cuda:0") == torch.device("cuda", 0)
    assert resolve("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(Unsupported, match=r"cuda:2 .* sees 2 CUDA devices"):
        resolve("cuda:2")


@pytest.mark.parametrize("kernel", ["efficient", "cudnn"])
def test_cuda_kernels_are_unsupported_on_a_cpu(small_cell: Make, kernel: str) -> None:
    with pytest.raises(Unsupported, match=f"attention {kernel} is a CUDA kernel"):
        check(small_cell(attention=kernel), CPU)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("kernel", ["auto", "math", "flash"])
def test_a_cell_that_passes_the_check_runs(small_cell: Make, kernel: str, dtype: str) -> None:
    check(small_cell(attention=kernel, dtype=dtype), CPU)


def test_a_failing_kernel_is_unsupported_and_named(
    small_cell: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("No available kernel. Aborting execution.")

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", refuse)
    with pytest.raises(Unsupported, match="attention flash cannot run float16 with heads of 32"):
        check(small_cell(attention="flash", dtype="float16"), CPU)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_a_full_card_is_not_called_unsupported(
    error: RuntimeError, small_cell: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", full)
    with pytest.raises(type(error)) as raised:
        check(small_cell(attention="flash"), CPU)
    assert raised.value is error


def test_an_optimiser_that_cannot_run_is_unsupported(
    small_cell: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("`fused=True` requires all the params to be floating point")

    monkeypatch.setattr(devices, "adamw", refuse)
    with pytest.raises(Unsupported, match="optimizer fused cannot run on cpu"):
        check(small_cell(optimizer="fused"), CPU)
    check(small_cell(optimizer="fused", mode="embed"), CPU)  # which has no optimiser


def test_compiling_without_a_compiler_is_unsupported(
    small_cell: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(Unsupported, match="there is no no-such-compiler"):
        check(small_cell(compile=True), CPU)


def test_an_old_card_has_no_bfloat16(small_cell: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7 + device.index, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla T4")
    with pytest.raises(Unsupported, match="Tesla T4 has no bfloat16"):
        check(small_cell(dtype="bfloat16"), torch.device("cuda", 0))
    check_dtype(small_cell(dtype="bfloat16").runtime, torch.device("cuda", 1))


def test_a_cpu_has_no_driver_and_a_reason() -> None:
    assert driver_of(CPU) == (None, "NVML reads CUDA devices, not a cpu")


def test_a_memory_limit_holds_on_a_cpu() -> None:
    """In a separate process: a limit may not be raised again."""
    code = """
from dataclasses import replace
import torch
from vbench_mem.base.load import Load, Runtime
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.probes.device import claim

cell = Cell(
    encoder="joint_test",
    recipe_name="full",
    spec=ENCODERS["joint_test"].spec,
    recipe=RECIPES["full"],
    load=Load(frames=4, batch=1, resolution_px=64),
    runtime=Runtime(device="cpu", threads=1),
    protocol=Protocol(memory_limit_bytes=3 * 2**30),
)
assert claim(cell, torch.device("cpu")) == 1
torch.zeros(2**20)
torch.zeros(2**32, dtype=torch.uint8)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "can't allocate memory: you tried to allocate 4294967296 bytes" in done.stderr
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY
