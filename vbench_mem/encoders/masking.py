"""Which tokens a training step keeps: drawn per clip, as flat ids into the grid of tubelets.

Legend: B clips, T kept time steps, P kept tokens in each; ids are frame * places + place.
Source: arXiv:2312.07395; int(n * (1 - mask)) kept, as FLIP and open_clip's PatchDropout do.
"""

import torch
from torch import Tensor

from vbench_mem.encoders.grid import Grid, Kept
from vbench_mem.encoders.spec import MaskKind


def choose(rows: int, units: int, count: int, device: torch.device) -> Tensor:
    """`count` of `units`, without repetition, ascending, independently for each of `rows`."""
    scores = torch.rand(rows, units, device=device)
    return scores.topk(count, dim=1, sorted=False).indices.sort(dim=1).values


def draw(
    kind: MaskKind, clips: int, grid: Grid, kept: Kept, anywhere: bool, device: torch.device
) -> Tensor:
    """Ids of the kept tokens, (B, T, P).

    `anywhere` is for families without frames of their own: a `random` mask may then take any tokens
    of the clip (T is 1), otherwise it takes equally many in each frame.
    """
    if kind == "frame":
        frames_BT = choose(clips, grid.frames, kept.frames, device)
        return frames_BT[:, :, None] * grid.places + torch.arange(grid.places, device=device)
    if kind == "random" and anywhere:
        return choose(clips, grid.tokens, kept.places, device)[:, None]
    start_T1 = torch.arange(grid.frames, device=device)[:, None] * grid.places
    if kind == "tube":
        return start_T1 + choose(clips, grid.places, kept.places, device)[:, None]
    places = choose(clips * grid.frames, grid.places, kept.places, device)
    return start_T1 + places.unflatten(0, (clips, grid.frames))
