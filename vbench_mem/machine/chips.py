"""What the memory of CUDA kernels depends on, by chip. No torch."""

from dataclasses import dataclass

from vbench_mem.base.units import BINARY

KIB, MIB = BINARY["KiB"], BINARY["MiB"]
# Most resident threads of a multiprocessor. Source: CUDA C++ Programming Guide, technical
# specifications by compute capability.
THREADS = {(7, 5): 1024, (8, 6): 1536, (8, 7): 1536, (8, 9): 1536, (12, 0): 1536}
THREADS_ELSEWHERE = 2048


@dataclass(frozen=True)
class Chip:
    """A GPU's compute capability and its number of multiprocessors.

    cuda   False for an AMD card, whose BLAS library takes no workspace through torch
    """

    capability: tuple[int, int]
    multiprocessors: int
    cuda: bool = True

    @property
    def threads(self) -> int:
        """Most resident threads of one multiprocessor."""
        return THREADS.get(self.capability, THREADS_ELSEWHERE)

    @property
    def blas_workspace(self) -> int:
        """Bytes that torch gives cuBLAS for each thread that multiplies, unless told otherwise.

        Source: `getChosenWorkspaceSize` in ATen/cuda/CublasHandlePool.cpp of PyTorch 2.13.
        """
        if not self.cuda:
            return 0
        return 32 * MIB if self.capability[0] in (9, 10, 12) else 2 * 4096 * KIB + 8 * 16 * KIB


# Stands in for a card that is known by its size alone.
A100 = Chip((8, 0), 108)
