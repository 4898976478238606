"""The CUDA device that a prediction is made for: a card by its name, or an A100 in its place."""

import os
import re
from dataclasses import dataclass

from vbench_mem.machine.cards import Card
from vbench_mem.machine.chips import A100, Chip
from vbench_mem.machine.contexts import Context, context_of
from vbench_mem.probes.allocator_options import DEFAULT, AllocatorOptions

WORKSPACE_ENV = "CUBLAS_WORKSPACE_CONFIG"  # cuBLAS reads it at the first product


@dataclass(frozen=True, kw_only=True)
class CudaDevice:
    """What differs between CUDA devices.

    name             the card whose rules these are
    workspace_bytes  what cuBLAS keeps for each thread that multiplies
    context          of the driver, before the first tensor
    allocator        settings of torch's caching allocator
    assumed          in words, what stands in for something that is not known of the card
    """

    name: str
    chip: Chip
    workspace_bytes: int
    context: Context
    allocator: AllocatorOptions = DEFAULT
    assumed: tuple[str, ...] = ()


def cuda_device(
    card: Card | None, workspace: str | None = None, allocator: AllocatorOptions = DEFAULT
) -> CudaDevice:
    """The device for a card; an A100 where none is named, or one that is known by its size alone.

    workspace   a `CUBLAS_WORKSPACE_CONFIG`; None takes the environment's, or the card's default
    """
    chip = card.chip if card is not None else None
    known = chip or A100
    config = workspace or os.environ.get(WORKSPACE_ENV)
    title = card.title if card is not None and chip is not None else "an A100"
    stands = () if chip is not None else ("the kernels of an A100 stand in for the card's",)
    return CudaDevice(
        name=title,
        chip=known,
        workspace_bytes=known.blas_workspace if config is None else workspace_of(config),
        context=context_of(known),
        allocator=allocator,
        assumed=stands,
    )


def workspace_of(config: str) -> int:
    """Bytes of a `CUBLAS_WORKSPACE_CONFIG` such as `:4096:8`: pairs of a size in KiB and a count.

    Source: `parseChosenWorkspaceSize` in ATen/cuda/CublasHandlePool.cpp of PyTorch 2.13.
    """
    pairs = re.findall(r":(\d+):(\d+)", config)
    return sum(int(size) * 1024 * int(count) for size, count in pairs)
