"""Tubelets as a matrix product over unfolded pixels, against the 3-D convolution that it replaces.

ViT-B on 16 frames of 224 px, tubelets 2x16x16, forward and backward; equal results are asserted.
Run:  python -m tests.benchmarks.patch_embedding [ROUNDS]
"""

import sys
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn

from tests.benchmarks.interleaved import ratio, show, take_turns
from vbench_mem.encoders.patches import TubeEmbed
from vbench_mem.encoders.spec import CHANNELS
from vbench_mem.encoders.tube import tubelet

CLIPS, FRAMES, PX, WIDTH = 2, 16, 224, 768
KERNEL = (2, 16, 16)


def product(clips_BTCHW: Tensor) -> tuple[nn.Module, Callable[[], Tensor]]:
    embed = TubeEmbed(tubelet(KERNEL[0], KERNEL[1]), WIDTH)
    return embed, lambda: embed(clips_BTCHW).flatten(1, 2)


def convolution(clips_BTCHW: Tensor) -> tuple[nn.Module, Callable[[], Tensor]]:
    """Its pixels are put in the best order for a convolution outside the timed region."""
    conv = nn.Conv3d(CHANNELS, WIDTH, KERNEL, KERNEL)
    clips_BCTHW = clips_BTCHW.transpose(1, 2).contiguous()
    return conv, lambda: conv(clips_BCTHW).flatten(2).transpose(1, 2)


def alloc_then_free(module: nn.Module, forward: Callable[[], Tensor], gradient: Tensor) -> Tensor:
    module.zero_grad(set_to_none=True)
    tokens_BND = forward()
    tokens_BND.backward(gradient)
    return tokens_BND.detach()


def main(rounds: int) -> None:
    torch.manual_seed(0)
    clips = torch.randn(CLIPS, FRAMES, CHANNELS, PX, PX)
    ours, run_ours = product(clips)
    theirs, run_theirs = convolution(clips)
    with torch.no_grad():
        theirs.weight.copy_(ours.weight.view_as(theirs.weight))
        theirs.bias.copy_(ours.bias)
    gradient = torch.randn_like(run_ours())
    tokens = [
        alloc_then_free(module, run, gradient)
        for module, run in ((ours, run_ours), (theirs, run_theirs))
    ]
    torch.testing.assert_close(*tokens, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        ours.weight.grad, theirs.weight.grad.flatten(1), atol=2e-3, rtol=1e-4
    )
    seconds = take_turns(
        {
            "matrix product": lambda: alloc_then_free(ours, run_ours, gradient),
            "nn.Conv3d": lambda: alloc_then_free(theirs, run_theirs, gradient),
        },
        rounds,
    )
    rows = [[name, f"{1000 * median(each):.1f}"] for name, each in seconds.items()]
    found = ratio(seconds["matrix product"], seconds["nn.Conv3d"])
    show(["forward and backward", "ms"], [*rows, ["ratio", f"{found:.3f}"]])
    print(f"equal results; {rounds} rounds, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
