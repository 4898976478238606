"""Which device a cell runs on, and what that device cannot do, said before any work is done."""

import os
import resource
import shutil
import sys
import sysconfig
import warnings
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import sdpa_kernel

from vbench_mem.base.errors import Unsupported
from vbench_mem.base.load import Runtime
from vbench_mem.base.memory_errors import is_out_of_memory
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.layers import BACKENDS
from vbench_mem.encoders.operations import Attend
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.variants import kept_tokens
from vbench_mem.machine.host import cpu_cores
from vbench_mem.machine.nvml import Gpu, Unreadable, open_gpu
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.train_step import DTYPES, adamw

PROBE_TOKENS = 16


def resolve(asked: str) -> torch.device:
    """`auto` is cuda where there is one; raises `Unsupported` for a card that is not there."""
    if asked == "cpu" or (asked == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(asked.partition(":")[2] or 0)
    if index >= count:
        raise Unsupported(f"device {asked} was asked for and torch sees {count} CUDA devices")
    return torch.device("cuda", index)


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def driver_of(device: torch.device) -> tuple[Gpu | None, str | None]:
    """NVML's view of the same card, found by UUID: the two may number the cards differently."""
    if device.type != "cuda":
        return None, "NVML reads CUDA devices, not a cpu"
    uuid = str(torch.cuda.get_device_properties(device).uuid)
    try:
        return open_gpu(uuid=uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"), None
    except Unreadable as error:
        return None, str(error)


def check(cell: Cell, device: torch.device) -> None:
    """Raise `Unsupported`, with one sentence, for what this device or build cannot run."""
    runtime = cell.runtime
    check_dtype(runtime, device)
    check_attention(cell, device)
    if cell.load.mode == "train":
        check_optimizer(runtime, device)
    if runtime.compile:
        check_compiler(device)


def check_dtype(runtime: Runtime, device: torch.device) -> None:
    if device.type != "cuda" or runtime.dtype != "bfloat16":
        return
    # of this card: torch's own question is about the current one, which may be another
    if torch.cuda.get_device_capability(device) < (8, 0):
        raise Unsupported(f"{device_name(device)} has no bfloat16")


def check_attention(cell: Cell, device: torch.device) -> None:
    """Run the kernel once, on a few tokens of the tower's own head width.

    What a kernel takes changes with the card, the build and the version of torch, so it is asked.
    Heads of a user's own encoder are known to its forward alone, which asks for itself.
    """
    runtime = cell.runtime
    if runtime.attention == "auto":
        return
    if device.type == "cpu" and runtime.attention in ("efficient", "cudnn"):
        raise Unsupported(f"attention {runtime.attention} is a CUDA kernel; a cpu has flash, math")
    if isinstance(cell.spec, Custom):
        return
    tower = cell.spec.tower
    width, train = tower.width // tower.heads, cell.load.mode == "train"
    for tokens in probe_lengths(cell):
        shape = (1, 1, tokens, width)
        x = torch.zeros(shape, dtype=DTYPES[runtime.dtype], device=device, requires_grad=train)
        try:
            # torch warns with its reason for each kernel it rules out, then raises without one
            with warnings.catch_warnings(), sdpa_kernel([BACKENDS[runtime.attention]]):
                warnings.simplefilter("ignore")
                y = F.scaled_dot_product_attention(x, x, x)
                if train:
                    y.sum().backward()
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise  # somebody else fills the card: that is not the kernel's fault
            raise Unsupported(
                f"attention {runtime.attention} cannot run {runtime.dtype} with heads of {width} "
                f"over {tokens} tokens on {device_name(device)}"
            ) from error
    if device.type == "cuda":
        torch._C._cuda_clearCublasWorkspaces()  # `math` took some; they are not the encoder's


def probe_lengths(cell: Cell) -> set[int]:
    """A usual sequence, and those of the tower that are shorter: some kernels refuse one token."""
    spec = cell.table_spec
    recipe = cell.recipe if cell.load.mode == "train" else Recipe()
    kept = kept_tokens(spec, recipe, cell.load)
    operations = chain.from_iterable(spec.operations(n, kept) for n in range(spec.layers))
    parts = chain.from_iterable(each.parts for each in operations if isinstance(each, Attend))
    return {PROBE_TOKENS, *(min(keys, PROBE_TOKENS) for _, _, keys in parts)}


def check_optimizer(runtime: Runtime, device: torch.device) -> None:
    try:
        weight = nn.Parameter(torch.zeros(1, device=device))
        optimizer = adamw([weight], 1e-4, runtime.optimizer)
        weight.grad = torch.zeros_like(weight)
        optimizer.step()
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise Unsupported(
            f"optimizer {runtime.optimizer} cannot run on {device_name(device)}"
        ) from error


def check_compiler(device: torch.device) -> None:
    """What inductor needs: triton and a card it knows, or a C++ compiler and Python's headers."""
    compiler = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    if device.type == "cuda":
        if find_spec("triton") is None:
            raise Unsupported("compile on cuda needs the triton package, which is not installed")
        if torch.cuda.get_device_capability(device) < (7, 0):
            raise Unsupported(
                f"compile needs compute capability 7.0; {device_name(device)} is older"
            )
        compiler = os.environ.get("CC") or "gcc"
    if shutil.which(compiler) is None:
        raise Unsupported(f"compile on {device.type} needs a compiler, and there is no {compiler}")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        raise Unsupported("compile needs Python's headers (Python.h), which are not installed")


def claim(cell: Cell, device: torch.device) -> int:
    """Set threads and the memory limit of this process; how many threads it may use.

    A limit makes a virtual smaller card (CUDA) or caps the process's data, what torch and Python
    hold included (CPU).
    """
    threads = cell.runtime.threads or cpu_cores()
    torch.set_num_threads(threads)
    limit = cell.protocol.memory_limit_bytes
    if device.type == "cuda":
        torch.cuda.set_device(device)
        if limit is not None:
            total = torch.cuda.get_device_properties(device).total_memory
            if limit < total:
                torch.cuda.set_per_process_memory_fraction(limit / total, device)
    elif limit is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    return threads
