"""Out of memory by each name that libraries give it, and errors that only look like it."""

import pytest

from vbench_mem.base.memory_errors import is_out_of_memory, place_of
from vbench_mem.running import endings
from vbench_mem.running.record import Status

ASSERT = 'NVML_SUCCESS == r INTERNAL ASSERT FAILED at "../c10/cuda/CUDACachingAllocator.cpp":1016'
NVMAP = "NvMapMemAllocInternalTagged: 1075072515 error 12\n"
TRITON = "out of resource: shared memory, Required: 131072, Hardware limit: 101376."
DEVICE = [
    "CUDA out of memory. Tried to allocate 192.00 MiB. GPU 0 has a total capacity of 9.50 GiB",
    "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
    "CUDA driver error: out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY from cuDevicePrimaryCtxRetain",
    "call failed with cudaErrorMemoryAllocation",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    "cusolver error: CUSOLVER_STATUS_ALLOC_FAILED",
    "cuFFT error: CUFFT_ALLOC_FAILED",
    "ncclUnhandledCudaError: Call to CUDA function failed. Last error: Cuda failure 2 "
    "'out of memory'",
    "NCCL WARN Cuda failure 'out of memory'",
    "NCCL WARN Failed to CUDA calloc 2097152 bytes",
    "Triton Error [CUDA]: out of memory",
    "Triton Error [HIP]: Code: 2, Messsage: out of memory",
    ASSERT,
    NVMAP + ASSERT,
    NVMAP + "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    "HIP out of memory. Tried to allocate 3.07 GiB. GPU 0 has a total capacity of 44.98 GiB",
    "HIP error: out of memory",
    "HIPBLAS_STATUS_ALLOC_FAILED when calling `hipblasCreate(handle)`",
    "MIOpen Error: miopenStatusAllocFailed",
    "XPU out of memory. Tried to allocate 192.00 MiB. GPU 3 has a total capacity of 31.89 GiB",
    "level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)",
    "level_zero backend failed with error: 40 (UR_RESULT_ERROR_OUT_OF_RESOURCES)",
    "Native API returns: -5 (PI_ERROR_OUT_OF_RESOURCES)",
    "MPS backend out of memory (MPS allocated: 17.36 GB, other allocations: 613.56 MB, max "
    "allowed: 18.13 GB). Tried to allocate 192.00 MB on private pool.",
    "Invalid buffer size: 10.00 GB",
    f"{TRITON}\nRuntimeError: CUDA error: out of memory",  # the log of an autotuning on a full card
]
HOST = [
    "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you "
    "tried to allocate 77 bytes. Error code 12 (Cannot allocate memory)",
    "DefaultCPUAllocator: not enough memory: you tried to allocate 77 bytes.",
    "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array",
    "terminate called after throwing an instance of 'std::bad_alloc'",
    "OSError: [Errno 12] Cannot allocate memory",
    "Traceback (most recent call last):\nMemoryError",
    "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's "
    "workers are out of shared memory. Please try to raise your shared memory limit.",
    "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
]
OTHER = [
    TRITON,
    "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    f"{TRITON} CUBLAS_STATUS_NOT_INITIALIZED",
    "cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear if you passed in a "
    "non-contiguous input.",
    "GET was unable to find an engine to execute this computation",
    NVMAP + "ValueError: 3 channels expected",  # NvMap succeeded the second time
    "CUDA error: device-side assert triggered",
    "CUDA error: an illegal memory access was encountered",
    "CUDA error: invalid configuration argument",
    "NCCL WARN Cuda failure 719 'unspecified launch failure'",
    "Triton Error [CUDA]: invalid device context",
    "DataLoader worker (pid 7) is killed by signal: Killed.",  # the kernel's counters decide
    "Invalid buffer size: expected a number",
    "index 5 is out of bounds for dimension 0 with size 5",
    "",
]


@pytest.mark.parametrize(
    ("message", "place"),
    [*((text, "device") for text in DEVICE), *((text, "host") for text in HOST)],
)
def test_every_name_of_out_of_memory_is_recorded_with_its_place(message: str, place: str) -> None:
    raised = endings.of_exception(RuntimeError(message), "forward")
    logged = endings.of_exit(1, "forward", f"loading\nRuntimeError: {message}", [])
    for ending in (raised, logged):
        assert ending.status is Status.OOM and ending.failure is not None
        assert ending.failure.where == place


@pytest.mark.parametrize("message", OTHER)
def test_an_error_that_less_memory_would_not_mend_is_not_out_of_memory(message: str) -> None:
    assert endings.of_exception(RuntimeError(message), "forward").status is Status.ERROR
    assert endings.of_exit(1, "forward", message, []).status is Status.ERROR


def test_the_class_of_an_exception_tells_where_its_text_does_not() -> None:
    assert place_of("", "OutOfMemoryError") == "device"
    assert place_of("", "MemoryError") == place_of("", "_ArrayMemoryError") == "host"
    assert place_of(TRITON, "OutOfMemoryError") is None  # as Inductor has called it
    assert place_of(TRITON, "OutOfResources") is None


def test_the_cause_of_an_error_is_searched_too() -> None:
    error = RuntimeError("the compiler failed")
    error.__cause__ = RuntimeError("Triton Error [CUDA]: out of memory")
    assert is_out_of_memory(error)
    error.__cause__ = RuntimeError(TRITON)
    assert not is_out_of_memory(error)


@pytest.mark.parametrize(
    ("message", "asked", "limit"),
    [
        (DEVICE[0], 192 * 2**20, 9.5 * 2**30),
        (DEVICE[-3], 192 * 2**20, round(18.13 * 2**30)),  # torch's MPS writes GB for 2**30 bytes
        (DEVICE[-2], 10 * 2**30, None),
    ],
)
def test_the_bytes_that_a_message_names_are_recorded(
    message: str, asked: int, limit: int | None
) -> None:
    failure = endings.of_exception(RuntimeError(message), "forward").failure
    assert failure is not None
    assert (failure.bytes_requested, failure.bytes_limit) == (asked, limit)
