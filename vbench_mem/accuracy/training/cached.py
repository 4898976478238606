"""Gradients of one large contrastive batch, embedded a few pairs at a time: GradCache.

Every chunk is embedded without a graph, the loss of all embeddings gives each embedding its
gradient, and each chunk is embedded again, with a graph, to take its part back to the weights.
Never holds the activations of two chunks.

Legend: B clips, and as many captions; E shared space.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

Chunk = TypeVar("Chunk")
RandomState = tuple[Tensor, Tensor | None]


def cached_backward(
    chunks: Sequence[Chunk],
    embed: Callable[[Chunk], tuple[Tensor, Tensor]],
    loss: Callable[[Tensor, Tensor], Tensor],
    device: torch.device,
    scale: Callable[[Tensor], Tensor] = lambda value: value,
) -> Tensor:
    """Add the gradients of `scale(loss)` of the whole batch to the weights; the loss itself.

    Shapes:  `embed` of a chunk of b pairs -> features of its clips and of its captions, b first;
             `loss` of those of all B pairs -> (). Weights that the loss itself has, as of a learned
             similarity, get their gradients from it.
    Memory:  activations of one chunk, and every embedding with its gradient. The last chunk keeps
             its first graph: with one chunk nothing is embedded twice.
    Random:  a chunk draws the same numbers both times, and those after it go on as if once.
    Source:  arXiv:2101.06983; luyug/GradCache.
    Check:   gradients equal those of all chunks in one graph.
    """
    states: list[RandomState] = []
    first: list[tuple[Tensor, Tensor]] = []
    for chunk in chunks[:-1]:
        states.append(random_state(device))
        with torch.no_grad():
            first.append(embed(chunk))
    last = embed(chunks[-1])
    sizes = [len(video_bE) for video_bE, _ in (*first, last)]
    video_BE, text_BE = (
        torch.cat([each.detach() for each in side]).requires_grad_()
        for side in zip(*first, last, strict=True)
    )
    del first
    value = loss(video_BE, text_BE)
    scale(value).backward()
    gradients = list(zip(gradient_of(video_BE, sizes), gradient_of(text_BE, sizes), strict=True))
    torch.autograd.backward(last, gradients.pop())
    del last
    if states:
        after = random_state(device)
        for chunk, state, gradient in zip(chunks, states, gradients, strict=False):
            put_random_state(state, device)
            torch.autograd.backward(embed(chunk), gradient)
        put_random_state(after, device)
    return value.detach()


def gradient_of(embedded_BE: Tensor, sizes: list[int]) -> tuple[Tensor, ...]:
    """One gradient for each chunk."""
    assert embedded_BE.grad is not None
    return embedded_BE.grad.split(sizes)


def random_state(device: torch.device) -> RandomState:
    """Of the host, and of the device where it draws its own numbers."""
    own = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return torch.get_rng_state(), own


def put_random_state(state: RandomState, device: torch.device) -> None:
    host, own = state
    torch.set_rng_state(host)
    if own is not None:
        torch.cuda.set_rng_state(own, device)
