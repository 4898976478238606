"""Permutes the frames of clips, to test whether an encoder uses their order. Drops no frame."""

import random

import torch
from torch import Tensor


def permute_frames(clips_BTCHW: Tensor, seed: int, first: int = 0) -> Tensor:
    """A copy with the frames of each clip in its own random order, never the original one.

    Clip number `first` + b of a gallery has an order drawn from the seed and that number alone, so
    batches of any size permute alike. Clips of one frame are returned as they are.
    Shapes:  clips_BTCHW -> the same; dimensions after T are unchanged.
    """
    B, T = clips_BTCHW.shape[:2]
    orders = [other_order(T, f"{seed}:{first + number}") for number in range(B)]
    order_BT = torch.tensor(orders, device=clips_BTCHW.device).view(B, T)
    clip_B1 = torch.arange(B, device=clips_BTCHW.device)[:, None]
    return clips_BTCHW[clip_B1, order_BT]


def other_order(frames: int, seed: str) -> list[int]:
    """All orders but the sorted one are equally likely."""
    generator, order = random.Random(seed), list(range(frames))
    while frames > 1 and order == sorted(order):
        generator.shuffle(order)
    return order
