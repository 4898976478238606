"""What the counters of FLOPs share: their inputs, and attention that they can see into."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor

from vbench_mem.base.load import Load
from vbench_mem.encoders.spec import CHANNELS


def one_clip(load: Load) -> Tensor:
    """On the current device; values do not matter.

    Shapes: (1, frames, channels, height px, width px).
    """
    return torch.empty(1, load.frames, CHANNELS, load.resolution_px, load.resolution_px)


def one_caption(load: Load) -> tuple[Tensor, Tensor]:
    """Token ids and their mask. Shapes: (1, caption tokens), twice."""
    ids = torch.zeros(1, load.caption_tokens, dtype=torch.long)
    return ids, torch.ones_like(ids, dtype=torch.bool)


@contextmanager
def without_fast_path() -> Iterator[None]:
    """Within it, `nn.MultiheadAttention` runs as separate operations, as in a training step."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def counter_of(batch: int) -> dict[str, Any]:
    """What a record says of its counters."""
    return {"torch": version("torch"), "fvcore": version("fvcore"), "batch": batch}
