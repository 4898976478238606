"""Parameters and tokens of a cell's encoder, counted on the encoder that was measured."""

from torch import nn

from vbench_mem.cell import Cell
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.tokens import clip_tokens, kept_tokens
from vbench_mem.probes.measured import Measured


def parameters(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def count(cell: Cell, encoder: DualEncoder) -> Measured:
    """The temperature is in `params` and in neither tower."""
    found, frames, side = Measured(), cell.load.frames, cell.load.resolution_px
    trained = (weight for weight in encoder.parameters() if weight.requires_grad)
    found.put(
        params=parameters(encoder),
        params_video=parameters(encoder.video),
        params_text=parameters(encoder.text),
        params_trained=sum(weight.numel() for weight in trained),
        tokens_per_clip=clip_tokens(cell.spec, frames, side),
        tokens_trained_per_clip=kept_tokens(cell.spec, cell.recipe, frames, side).tokens,
    )
    return found
