"""The workspace that CUDA's reduction kernel takes: for sums, means, norms, maxima.

Where one block of threads would have too much to add up, several share an output, and their partial
results lie in global memory until the last of them has finished.

Source:  PyTorch 2.13: aten/src/ATen/native/cuda/Reduce.cuh (setReduceConfig, set_block_dimension,
         global_memory_size), ATen/TensorIterator.cpp (reorder_dimensions, coalesce_dimensions).
Not:     inputs of more than 2^31 bytes, which torch splits: the whole is taken as one.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vbench_mem.machine.chips import Chip

WARP = 32
MOST_THREADS = 512
FEW_VALUES, MANY_VALUES = 16, 256  # a thread adds at least, and at most
LANES = 4  # elements that one load reads
Dimension = tuple[int, int]  # its size, its stride in elements


@dataclass(frozen=True)
class Layout:
    """The dimensions of a reduction's input, coalesced, the smallest stride first."""

    reduced: list[Dimension]
    kept: list[Dimension]

    @property
    def inputs(self) -> int:
        """Elements that make one output."""
        return math.prod(size for size, _ in self.reduced)

    @property
    def outputs(self) -> int:
        return math.prod(size for size, _ in self.kept)

    @property
    def along_input(self) -> bool:
        """Is the smallest stride one of a reduced dimension?"""
        return not self.kept or (bool(self.reduced) and self.reduced[0][1] < self.kept[0][1])


def layout(shape: Sequence[int], strides: Sequence[int], reduced: Iterable[int]) -> Layout:
    """Of an input that is reduced over these dimensions; none means all."""
    chosen = {dim % len(shape) for dim in reduced} if shape else set()
    chosen = chosen or set(range(len(shape)))
    dims = [(dim, size, strides[dim]) for dim, size in enumerate(shape) if size > 1]
    return Layout(
        coalesced((size, stride) for dim, size, stride in dims if dim in chosen),
        coalesced((size, stride) for dim, size, stride in dims if dim not in chosen),
    )


def coalesced(dims: Iterable[Dimension]) -> list[Dimension]:
    """Neighbours in memory as one dimension."""
    found: list[Dimension] = []
    for size, stride in sorted(dims, key=lambda dim: dim[1]):
        if found and found[-1][0] * found[-1][1] == stride:
            found[-1] = (found[-1][0] * size, found[-1][1])
        else:
            found.append((size, stride))
    return found


def reduction_workspace(dims: Layout, element_bytes: int, chip: Chip) -> list[int]:
    """Bytes of the partial results, and of the counters of those that have finished; [] for none.

    `element_bytes` is of one partial result: 4 for a float32 sum, 16 for a maximum with its index.
    """
    if not dims.inputs or not dims.outputs:
        return []
    vector, first, second = 1, dims.outputs, dims.inputs
    if dims.along_input:
        first, second = second, first
        if first >= 128 and len(dims.reduced) == 1 and dims.reduced[0][1] == 1:
            first //= LANES  # along the input: does not widen the output
    elif dims.kept[0][1] == 1:
        vector = output_vector(dims)
        first //= vector
    width, height = block_of_threads(first, second, MOST_THREADS // vector)
    step_in, step_out = (width, 1) if dims.along_input else (1, width)
    across_warps = ceil(dims.inputs, step_in) >= min(height * FEW_VALUES, MANY_VALUES)
    if not across_warps:
        return []
    values = ceil(dims.inputs, step_in * height)
    grid, most = (
        ceil(dims.outputs // vector, step_out),
        chip.multiprocessors * (chip.threads // (width * height)),
    )
    if values < MANY_VALUES or grid > most:
        return []
    shares = max(min(ceil(most, grid), ceil(values, FEW_VALUES)), ceil(values, MANY_VALUES))
    if shares <= 1:
        return []
    size = element_bytes * dims.outputs * shares
    if not dims.along_input:
        size *= width * vector
    return [size, 4 * grid]


def output_vector(dims: Layout) -> int:
    """How many neighbouring outputs one thread makes."""
    vector = LANES
    for number in (dims.kept[0][0], *(stride for _, stride in [*dims.kept[1:], *dims.reduced])):
        while number % vector:
            vector //= 2
    return vector


def block_of_threads(first: int, second: int, most: int) -> tuple[int, int]:
    across, down = (min(power_of_two_up_to(number), most) for number in (first, second))
    height = min(down, most // min(across, WARP))
    return min(across, most // height), height


def power_of_two_up_to(number: int) -> int:
    return 1 << (max(number, 1).bit_length() - 1)


def ceil(number: int, step: int) -> int:
    return -(-number // step)
