"""Packed sequences: torch's code for them reads how many sequences each step has, so that tensor is
a real one, made from the known lengths.

Source:  ATen/native/PackedSequence.cpp and RNN.cpp of PyTorch 2.13.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._mode_utils import no_dispatch

from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.value_tracker import ValueTracker

PACK = torch.ops.aten._pack_padded_sequence.default
LAYERS = ("gru", "lstm", "rnn_tanh", "rnn_relu")
UNKNOWN_LENGTHS = (
    "sequences are packed by lengths that a prediction does not know; "
    "make the lengths from something small, such as a list of numbers"
)


@contextmanager
def packed_sequences(tracker: ValueTracker) -> Iterator[None]:
    """Within it, recurrent layers take packed sequences, and these can be padded again."""
    with ExitStack() as contexts:
        for name in LAYERS:
            layer = with_sizes(getattr(torch._VF, name), tracker)
            contexts.enter_context(patch.object(torch._VF, name, layer, create=True))
        contexts.enter_context(
            patch.object(torch._VF, "_pad_packed_sequence", padder(tracker), create=True)
        )
        yield


def real_numbers(tensor: Tensor, tracker: ValueTracker) -> Tensor:
    """The known values as a tensor that torch's own code can read."""
    value = tracker.value_of(tracker.as_fake(tensor))
    if value is None:
        raise Unsupported(UNKNOWN_LENGTHS)
    with no_dispatch():
        return value.clone()


def with_sizes(layer: Callable[..., Any], tracker: ValueTracker) -> Callable[..., Any]:
    def run(data: Tensor, second: Any, *rest: Any) -> Any:
        packed = isinstance(second, Tensor) and isinstance(rest[0], Tensor | tuple | list)
        packed = packed and second.dtype is torch.int64
        return layer(data, real_numbers(second, tracker) if packed else second, *rest)

    return run


def pack(tracker: ValueTracker, x: Tensor, lengths: Tensor, batch_first: bool) -> Any:
    """The rows of all sequences, step after step, and how many each step has."""
    known = real_numbers(lengths, tracker)
    with no_dispatch():
        numbers = known.tolist()
        if sorted(numbers, reverse=True) != numbers or min(numbers, default=0) <= 0:
            raise ValueError("lengths of packed sequences must be positive and descending")
        sizes = torch.tensor([sum(n > step for n in numbers) for step in range(numbers[0])])
    return x.new_empty(sum(numbers), *x.shape[2:]), sizes


def padder(tracker: ValueTracker) -> Callable[..., tuple[Tensor, Tensor]]:
    def pad(
        data: Tensor, sizes: Tensor, batch_first: bool, padding: float, total: int
    ) -> tuple[Tensor, Tensor]:
        numbers: list[int] = real_numbers(sizes, tracker).tolist()
        steps = max(len(numbers), total)
        padded = data.new_full((steps, numbers[0], *data.shape[1:]), padding)
        begin = offset = 0
        lengths: list[int] = []
        for step, (held, after) in enumerate(zip(numbers, [*numbers[1:], 0], strict=True), 1):
            if after == held:
                continue
            rows = held * (step - begin)
            part = data[offset : offset + rows].view(step - begin, held, *data.shape[1:])
            padded[begin:step, :held].copy_(part)
            lengths += [step] * (held - after)
            begin, offset = step, offset + rows
        padded = padded.transpose(0, 1) if batch_first else padded
        return padded, torch.tensor(lengths[::-1])

    return pad
