"""Parameters and tokens of a cell's encoder, counted on the encoder that was measured."""

from torch import nn

from vbench_mem.encoders.custom import NOT_TOLD, Custom
from vbench_mem.encoders.variants import kept_tokens
from vbench_mem.encoders.wrapped import NO_TOWER, Trainable
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.measured import Measured


def parameters(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def count(cell: Cell, encoder: Trainable) -> Measured:
    """The temperature is in `params` and in neither tower."""
    found = Measured()
    trained = (weight for weight in encoder.parameters() if weight.requires_grad)
    found.put(
        params=parameters(encoder),
        params_trained=sum(weight.numel() for weight in trained),
    )
    for name, tower in (("video", encoder.video), ("text", encoder.text)):
        number = None if tower is None else parameters(tower)
        found.take(f"params_{name}", number, NO_TOWER.format(name))
    spec = cell.spec
    if isinstance(spec, Custom):
        found.lack(NOT_TOLD, "tokens_per_clip", "tokens_trained_per_clip")
        return found
    found.put(
        tokens_per_clip=spec.tokens(cell.load),
        tokens_trained_per_clip=kept_tokens(spec, cell.recipe, cell.load).tokens,
    )
    return found
