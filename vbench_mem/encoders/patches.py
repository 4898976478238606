"""From pixels to tokens: tubelets, tubes and image patches as matrix products over unfolded pixels.

A matrix product, not a 3-D convolution: with stride equal to kernel they are the same sum, the
product is faster (tests/benchmarks/patch_embedding.py), and it can be taken over the kept tubelets
alone, so a masked token is never embedded. The weight is the convolution's (D, C, t, h, w), flat.

Legend: B batch, T frames, C channels, H W pixels, K kept tokens, D width.
"""

import torch
from torch import Tensor, nn

from vbench_mem.encoders.spec import CHANNELS, Inflation
from vbench_mem.encoders.tube import Tube


def unfold(clips_BTCHW: Tensor, tube: Tube) -> Tensor:
    """Every position of a tube, without padding and without a copy.

    Shapes:  (B, T, C, H, W) -> view (B, t', h', w', C, kt, kh, kw).
    """
    (t, h, w), (st, sh, sw), (ot, oh, ow) = tube.kernel, tube.stride, tube.offset
    view = clips_BTCHW[:, ot:, :, oh:, ow:].unfold(1, t, st).unfold(3, h, sh).unfold(4, w, sw)
    return view.permute(0, 1, 3, 4, 2, 5, 6, 7)


class TubeEmbed(nn.Linear):
    """One kernel over a clip.

    Shapes:  clips_BTCHW -> tokens (B, t', h'w', D); with kept ids (B, T', P') of flat tokens
             t'h'w' -> (B, T', P', D).
    Memory:  the pixels of the embedded tubelets are copied once, since a matrix product needs each
             tubelet's pixels side by side; the copy is kept for the weight's gradient.
    Check:   equals the 3-D convolution.
    """

    def __init__(self, tube: Tube, width: int, bias: bool = True) -> None:
        t, h, w = tube.kernel
        super().__init__(CHANNELS * t * h * w, width, bias=bias)
        self.tube = tube

    def forward(self, clips_BTCHW: Tensor, kept: Tensor | None = None) -> Tensor:
        tubelets = unfold(clips_BTCHW, self.tube)
        if kept is None:
            return super().forward(tubelets.flatten(4).flatten(2, 3))
        _, _, rows, columns = tubelets.shape[:4]
        clip = torch.arange(kept.shape[0], device=kept.device)[:, None, None]
        place = kept % (rows * columns)
        picked = tubelets[clip, kept // (rows * columns), place // columns, place % columns]
        return super().forward(picked.flatten(3))

    @torch.no_grad()
    def inflate(self, image: "TubeEmbed", how: Inflation) -> None:
        """Start from 2-D weights: each slice gets 1/t of them, all of them, or only the middle one.

        Source: google-research/scenic, vivit/model_utils.py (average, central frame); I3D.
        """
        flat = image.weight.view(-1, CHANNELS, *self.tube.kernel[1:])
        slices = inflated(flat, self.tube.kernel[0], how)
        self.weight.copy_(slices.flatten(1))
        if self.bias is not None:
            self.bias.copy_(image.bias)


def inflated(image_DCHW: Tensor, frames: int, how: Inflation) -> Tensor:
    """A kernel over `frames` frames out of one over an image.

    Shapes: (D, C, H, W) -> (D, C, T, H, W).
    Check:  on a still clip `average` and `central` give what the image's kernel gives on the image.
    """
    slices = image_DCHW[:, :, None]
    if how == "central":
        kernel = torch.zeros_like(slices).repeat(1, 1, frames, 1, 1)
        kernel[:, :, frames // 2] = image_DCHW
        return kernel
    return (slices / frames if how == "average" else slices).repeat(1, 1, frames, 1, 1)
