"""Which error texts mean that memory ran out, of the device or of the host. No torch.

Sources: the error texts of torch's CUDA, XPU and MPS allocators, of NCCL and of Triton; the status
names of cuBLAS, cuSOLVER, cuFFT, cuDNN, MIOpen, HIP and the SYCL runtime; issues with whole logs.
"""

import re
from collections.abc import Iterator
from typing import Literal

Place = Literal["device", "host"]

DEVICE_TEXTS = (
    r"\b(?:CUDA|HIP|XPU|MPS backend) out of memory",  # torch's allocators
    r"\b(?:CUDA|HIP|XPU)(?: driver)? error: out of memory",  # any other call of the runtime
    r"CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|hipErrorOutOfMemory",
    r"[Cc]uda failure (?:2 )?'out of memory'|Failed to CUDA [cm]alloc",  # NCCL
    # HIP's number and misspelling are Triton's
    r"Triton Error \[\w+\]: (?:Code: \d+, Mess+age: )?out of memory",
    # a handle or a workspace of CUBLAS, CUDNN, CUSOLVER, CUSPARSE, HIPBLAS
    r"_STATUS_ALLOC_FAILED|CUFFT_ALLOC_FAILED|miopenStatusAllocFailed",
    r"CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    # Level Zero ends like this on a full card; PI is the name of before oneAPI 2025
    r"(?:UR_RESULT|PI)_ERROR_OUT_OF_(?:DEVICE_MEMORY|RESOURCES)",
    r"Invalid buffer size: \d",  # one tensor above what Metal gives at once
    # torch asks NVML only while it writes an out-of-memory message; Jetson and some MIG lack it
    r"NVML_SUCCESS == \w+ INTERNAL ASSERT FAILED at .*CUDACachingAllocator",
)
HOST_TEXTS = (
    r"DefaultCPUAllocator: (?:can't allocate|not enough) memory",
    r"std::bad_alloc",
    r"Cannot allocate memory",
    r"\nMemoryError",
    r"_ArrayMemoryError: Unable to allocate",  # numpy
    r"libgomp: Thread creation failed",  # a thread's stack did not fit under the limit
    r"CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED|_ERROR_OUT_OF_HOST_MEMORY",
    r"workers are out of shared memory",  # /dev/shm is the host's memory
)
# What a handle says that could not be made on a full card, but also after a failed assert in a
# kernel, with a wrong driver, or for a shape that no kernel has: out of memory only where the same
# text speaks of memory. Alone it stays an error (or unsupported): "a smaller batch fits" is then no
# conclusion, and cells larger than this one must not be skipped for it.
DISGUISES = (
    r"CU(?:BLAS|DNN)_STATUS_NOT_INITIALIZED|CUDNN_STATUS_(?:INTERNAL_ERROR|NOT_SUPPORTED)\b"
    r"|unable to find an engine|Unable to find a valid cuDNN algorithm|miopenStatusInternalError"
)
# NvMap (Jetson) prints 12, ENOMEM, also for a first try that a second one makes good: never alone.
# Words of shared memory are left out: see `BLOCK_LIMIT`.
MEMORY_CONTEXT = (
    r"(?<!shared )\bout of memory|NvMapMem\w+: (?:\d+ )?error 12\b|[Tt]ried to allocate"
)
# Triton's `OutOfResources`: a block of a kernel wants more shared memory, tensor memory or threads
# than a multiprocessor has. It is the same on an empty card and for one clip, so it is not out of
# memory, even though Inductor has raised it under the name `OutOfMemoryError`.
BLOCK_LIMIT = re.compile(r"out of resource: ")

DEVICE, HOST = re.compile("|".join(DEVICE_TEXTS)), re.compile("|".join(HOST_TEXTS))
DISGUISED, CONTEXT = re.compile(DISGUISES), re.compile(MEMORY_CONTEXT)


def place_of(message: str, kind: str = "") -> Place | None:
    """Where memory ran out according to a message and the name of its exception's class.

    None for any other error. The message may be the end of a log. Pinned memory of the host that
    the CUDA runtime refuses has the device's text, and is said to be the device's.
    """
    by_kind = not BLOCK_LIMIT.search(message)
    if DEVICE.search(message) or (kind == "OutOfMemoryError" and by_kind):
        return "device"
    if HOST.search(message) or (kind.endswith("MemoryError") and by_kind):
        return "host"
    if DISGUISED.search(message) and CONTEXT.search(message):
        return "device"
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Does this exception, or one that it was raised from, say that memory ran out?"""
    return any(place_of(str(cause), type(cause).__name__) for cause in causes(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it was raised from, nearest first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
