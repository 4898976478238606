"""What a CUDA process takes of a card before its first tensor, as others measured it. No torch.

Driver, context and the code of kernels: it differs by card, by driver and by the libraries that a
program loads. One number that was measured on the card at hand is better than this table.
"""

from dataclasses import dataclass

from vbench_mem.base.units import BINARY
from vbench_mem.machine.chips import Chip

MIB = BINARY["MiB"]


@dataclass(frozen=True)
class Context:
    """Between two numbers of bytes; `source` says who measured them, on what."""

    least_bytes: int
    most_bytes: int
    source: str


def measured(least_mib: int, most_mib: int, source: str) -> Context:
    return Context(least_mib * MIB, most_mib * MIB, source)


# By compute capability.
CONTEXTS = {
    (7, 0): measured(1343, 1343, "V100 16 GB, NVML: documentation of transformers"),
    (8, 0): measured(1385, 1429, "A100 40 GB, nvidia-smi: 3,000 runs of GPUMemNet"),
}
ELSEWHERE = measured(640, 1429, "the smallest and the largest that was measured on another card")


def context_of(chip: Chip) -> Context:
    """Of a chip with this compute capability, or the range over all that were measured."""
    return CONTEXTS.get(chip.capability, ELSEWHERE)
