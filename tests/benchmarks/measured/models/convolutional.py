"""The convolutional networks of torchvision, by their published layers.

In place where torchvision's are; weights are never initialised.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from tests.benchmarks.measured.models.blocks import Residual, convolve, pooled
from tests.benchmarks.measured.models.mobile import mnasnet, mobilenet2, mobilenet3, regnet

VGG = {
    11: [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0],
    13: [64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0],
    16: [64, 64, 0, 128, 128, 0, *[256] * 3, 0, *[512] * 3, 0, *[512] * 3, 0],
    19: [64, 64, 0, 128, 128, 0, *[256] * 4, 0, *[512] * 4, 0, *[512] * 4, 0],
}  # 0 halves the image
RESNET = {50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}
# layers, channels, the share of layers that are skipped at most
CONVNEXT = {
    "Tiny": ([3, 3, 9, 3], [96, 192, 384, 768], 0.1),
    "Small": ([3, 3, 27, 3], [96, 192, 384, 768], 0.4),
    "Base": ([3, 3, 27, 3], [128, 256, 512, 1024], 0.5),
    "Large": ([3, 3, 27, 3], [192, 384, 768, 1536], 0.5),
}


def vgg(depth: int, classes: int = 1000) -> nn.Module:
    layers: list[nn.Module] = []
    width = 3
    for channels in VGG[depth]:
        if channels:
            layers += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU(inplace=True)]
            width = channels
        else:
            layers.append(nn.MaxPool2d(2))
    layers += [nn.AdaptiveAvgPool2d(7), nn.Flatten()]
    for cin in (512 * 49, 4096):
        layers += [nn.Linear(cin, 4096), nn.ReLU(inplace=True), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(4096, classes))


def resnet(depth: int, classes: int = 1000) -> nn.Module:
    layers = [*convolve(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    width = 64
    for stage, count in enumerate(RESNET[depth]):
        inner = 64 * 2**stage
        for number in range(count):
            stride = 2 if stage and not number else 1
            block = [
                *convolve(width, inner, 1),
                *convolve(inner, inner, 3, stride),
                *convolve(inner, 4 * inner, 1, act=None),
            ]
            shortcut = convolve(width, 4 * inner, 1, stride, None) if not number else None
            layers.append(Residual(block, shortcut, nn.ReLU(inplace=True)))
            width = 4 * inner
    return nn.Sequential(*layers, *pooled(nn.Linear(2048, classes)))


class ChannelNorm(nn.LayerNorm):
    """Of the channels of an image."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNextBlock(nn.Module):
    def __init__(self, channels: int, skipped: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(channels, 1, 1))
        self.spread = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.mix = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, 4 * channels),
            nn.GELU(),
            nn.Linear(4 * channels, channels),
        )
        self.kept = 1 - skipped

    def forward(self, x: Tensor) -> Tensor:
        out = self.mix(self.spread(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        out = self.scale * out
        if self.training and self.kept < 1:
            clips = out.new_empty(len(out), 1, 1, 1).bernoulli_(self.kept)
            out = out * clips.div_(self.kept)
        return out.add_(x)


def convnext(size: str, classes: int = 1000) -> nn.Module:
    counts, widths, most = CONVNEXT[size]
    layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 4, 4), ChannelNorm(widths[0])]
    shares = iter(torch.linspace(0, most, sum(counts), device="cpu").tolist())
    for number, (count, width) in enumerate(zip(counts, widths, strict=True)):
        if number:
            before = list(pairwise(widths))[number - 1][0]
            layers += [ChannelNorm(before), nn.Conv2d(before, width, 2, 2)]
        layers += [ConvNextBlock(width, next(shares)) for _ in range(count)]
    head = (nn.AdaptiveAvgPool2d(1), ChannelNorm(widths[-1]), nn.Flatten())
    return nn.Sequential(*layers, *head, nn.Linear(widths[-1], classes))


def network(name: str) -> nn.Module:
    """By the name that the source gives it. Raises KeyError for one that is not here."""
    plain = name.lower().replace("mobenet", "mobilenet")
    for start, make in (("vgg", vgg), ("resnet", resnet)):
        if plain.startswith(start):
            return make(int(plain.removeprefix(start)))
    if plain == "mobilenetv2":
        return mobilenet2()
    if plain.startswith("mobilenetv3"):
        return mobilenet3(plain.removeprefix("mobilenetv3"))
    if plain == "mnasnet":
        return mnasnet()
    if plain.startswith("regnet"):
        return regnet(name.removeprefix("RegNet"))
    if plain.startswith("convnext"):
        return convnext(name.removeprefix("ConvNeXt"))
    raise KeyError(f"the network '{name}' is not rebuilt")
