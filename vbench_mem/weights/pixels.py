"""How a source's pixels were normalised, and its patch kernel adapted to our normalisation.

Legend: D width, C channels; a pixel p is 0 to 1 and the source was fed (p - shift) / scale.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vbench_mem.data.clips import MEAN, STD
from vbench_mem.weights.find import Files, understood

OWN = (MEAN, STD)
WHITE = 255.0


@dataclass(frozen=True)
class Pixels:
    """Per channel, red, green, blue."""

    shift: tuple[float, ...]
    scale: tuple[float, ...]

    @property
    def are_ours(self) -> bool:
        here = torch.tensor(OWN)
        return torch.allclose(torch.tensor([self.shift, self.scale]), here, rtol=0, atol=1e-6)


def pixels_of(files: Files) -> Pixels | None:
    """From preprocessor_config.json or open_clip's or timm's config; None where none states it."""
    config = files.configs.get("preprocessor_config.json")
    with understood(files, "the mean and std of its pixels"):
        if config is not None:
            return of_transformers(config)
        for name, key in (
            ("open_clip_config.json", "preprocess_cfg"),
            ("config.json", "pretrained_cfg"),
        ):
            found = files.configs.get(name, {}).get(key) or {}
            if "mean" in found and "std" in found:
                return Pixels(three(found["mean"]), three(found["std"]))
    return None


def of_transformers(config: Any) -> Pixels:
    """Pixels of 0 to 255 are multiplied, perhaps lowered by 1 (`offset`), and normalised."""
    factor = config.get("rescale_factor", 1 / WHITE) if config.get("do_rescale", True) else 1.0
    white = WHITE * float(factor)
    offset = 1.0 if config.get("offset", False) else 0.0
    plain = not config.get("do_normalize", True)
    mean = three(0.0 if plain else config.get("image_mean", 0.5))
    std = three(1.0 if plain else config.get("image_std", 0.5))
    return Pixels(
        tuple((each + offset) / white for each in mean), tuple(each / white for each in std)
    )


def three(value: Any) -> tuple[float, ...]:
    """One number stands for all channels."""
    values = [value] * 3 if isinstance(value, int | float) else list(value)
    if len(values) != 3 or not all(isinstance(each, int | float) for each in values):
        raise ValueError(f"{value} is not three numbers")
    return tuple(map(float, values))


def folded(kernel_DCx: Tensor, bias_D: Tensor, pixels: Pixels) -> tuple[Tensor, Tensor]:
    """Kernel and bias that give for our normalisation the features that theirs give for their own.

    Shapes:  (D, C, ...), (D,) -> the same.
    Check:   both give the same feature of one image, each with its own normalisation.
    """
    (mean, std), double = torch.tensor(OWN, dtype=torch.float64), kernel_DCx.double().flatten(2)
    shift, scale = torch.tensor([pixels.shift, pixels.scale], dtype=torch.float64)
    kernel = double * (std / scale)[:, None]
    bias = bias_D.double() + (double.sum(2) * ((mean - shift) / scale)).sum(1)
    return kernel.view(kernel_DCx.shape).to(kernel_DCx.dtype), bias.to(bias_D.dtype)
