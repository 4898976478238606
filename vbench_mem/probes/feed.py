"""Where the batches of a burst come from: one batch of noise, or clips decoded for every step.

A feed's `first` is for the memory pass; each step of the time pass takes one of its `batches`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from time import perf_counter

import torch

from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.batch import Batch, noise
from vbench_mem.probes.measured import Measured


@dataclass(frozen=True, kw_only=True)
class InputCost:
    """Times of one batch before its step; `transfer_ms` is None on a cpu."""

    decode_ms: float
    transfer_ms: float | None
    normalise_ms: float


@dataclass(frozen=True, kw_only=True)
class TimedBatch:
    """A batch on the device; `cost` is None where it was there before."""

    batch: Batch
    cost: InputCost | None = None


class NoiseFeed:
    """The same batch for every step."""

    def __init__(self, cell: Cell, device: torch.device) -> None:
        self.cell, self.device = cell, device

    def first(self) -> Batch:
        return noise(self.cell, self.device)

    def batches(self, first: Batch, wait: Callable[[], None]) -> Iterator[TimedBatch]:
        return repeat(TimedBatch(batch=first))

    def put_counts(self, found: Measured) -> None:
        found.lack("noise is neither short nor long", "clips_padded", "captions_truncated")


class ClipFeed:
    """A fresh batch of video files for every step, decoded when it is requested."""

    def __init__(self, cell: Cell, device: torch.device) -> None:
        # imported here, so that a cell on noise does not load FFmpeg
        from vbench_mem.data.clips import load_batches, to_clips
        from vbench_mem.data.tokens_of_captions import tokenize

        self.spec, self.load, self.device = cell.spec, cell.load, device
        self.source = load_batches(cell.load, cell.protocol.seed, cell.runtime.threads)
        self.to_clips, self.tokenize = to_clips, tokenize
        self.clips = self.padded = self.repeated = self.truncated = 0

    def first(self) -> Batch:
        return self.next(lambda: None).batch

    def batches(self, first: Batch, wait: Callable[[], None]) -> Iterator[TimedBatch]:
        return map(self.next, repeat(wait))

    def next(self, wait: Callable[[], None]) -> TimedBatch:
        """Decode and tokenize on the host, move the bytes, make them float where they are."""
        start = perf_counter()
        decoded = next(self.source)
        captions = self.tokenize(decoded.captions, self.spec.text, self.load.caption_tokens)
        self.clips += len(decoded.captions)
        self.padded += decoded.padded
        self.repeated += decoded.repeated
        self.truncated += captions.truncated
        decoded_at = perf_counter()
        host = (decoded.frames, captions.ids_BL, captions.mask_BL)
        frames, ids_BL, mask_BL = (tensor.to(self.device) for tensor in host)
        wait()
        moved_at = perf_counter()
        batch = Batch(clips_BTCHW=self.to_clips(frames), ids_BL=ids_BL, mask_BL=mask_BL)
        wait()
        cost = InputCost(
            decode_ms=1000 * (decoded_at - start),
            transfer_ms=None if self.device.type == "cpu" else 1000 * (moved_at - decoded_at),
            normalise_ms=1000 * (perf_counter() - moved_at),
        )
        return TimedBatch(batch=batch, cost=cost)

    def put_counts(self, found: Measured) -> None:
        """Over every batch of the burst."""
        found.put(clips_padded=self.padded, captions_truncated=self.truncated)
        found.details["clips"] = {"decoded": self.clips, "repeated_in_a_batch": self.repeated}


def feed_for(cell: Cell, device: torch.device) -> NoiseFeed | ClipFeed:
    return NoiseFeed(cell, device) if cell.load.input == "noise" else ClipFeed(cell, device)
