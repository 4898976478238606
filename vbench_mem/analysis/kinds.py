"""Which kind of encoder a ceiling of a benchmark is for. No torch."""

from vbench_mem.encoders.custom import Custom
from vbench_mem.matrix.cell import Cell

ORDER_INVARIANT = "frame-order-invariant"


def is_of_kind(cell: Cell, kind: str) -> bool:
    """Is the encoder of a training one that a ceiling of this kind is for?"""
    load, training = cell.load, cell.training
    if kind == ORDER_INVARIANT:
        return not isinstance(cell.spec, Custom) and cell.spec.mixing == "per_frame"
    if kind == "one-frame":
        return load.frames == 1
    if kind.startswith("first-") and training is not None and training.sampling == "first":
        seen_s = load.frames / load.fps  # clips of the generated benchmark have 1 frame per second
        return seen_s <= int(kind.split("-")[1])
    return False
