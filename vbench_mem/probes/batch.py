"""The batch of a step: noise made once on the device, or clips decoded afresh for every step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from vbench_mem.encoders.spec import CHANNELS
from vbench_mem.matrix.cell import Cell


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Shapes: clips_BTCHW float32, normalised; ids_BL int64; mask_BL, true at real tokens."""

    clips_BTCHW: Tensor
    ids_BL: Tensor
    mask_BL: Tensor

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.clips_BTCHW, self.ids_BL, self.mask_BL

    def to(self, device: torch.device) -> "Batch":
        clips, ids, mask = (tensor.to(device) for tensor in self.tensors())
        return Batch(clips_BTCHW=clips, ids_BL=ids, mask_BL=mask)


def noise(cell: Cell, device: torch.device) -> Batch:
    """Normal noise as pixels, and captions of full length with random tokens, from the seed."""
    load = cell.load
    drawn = torch.Generator(device).manual_seed(cell.protocol.seed)
    shape = (load.batch, load.frames, CHANNELS, load.resolution_px, load.resolution_px)
    words = (load.batch, load.caption_tokens)
    return Batch(
        clips_BTCHW=torch.randn(shape, generator=drawn, device=device),
        ids_BL=torch.randint(cell.spec.text.vocab, words, generator=drawn, device=device),
        mask_BL=torch.ones(words, dtype=torch.bool, device=device),
    )
