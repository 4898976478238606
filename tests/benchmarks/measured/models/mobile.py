"""Networks of narrow convolutions as torchvision has them: MobileNet, MnasNet, RegNet."""

from torch import Tensor, nn

from tests.benchmarks.measured.models.blocks import Residual, convolve, pooled

# expansion, channels, layers, stride
MOBILENET2 = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]
# kernel, expanded channels, channels, squeeze and excitation, hard swish, stride
MOBILENET3 = {
    "small": [
        (3, 16, 16, 1, 0, 2),
        (3, 72, 24, 0, 0, 2),
        (3, 88, 24, 0, 0, 1),
        (5, 96, 40, 1, 1, 2),
        *[(5, 240, 40, 1, 1, 1)] * 2,
        (5, 120, 48, 1, 1, 1),
        (5, 144, 48, 1, 1, 1),
        (5, 288, 96, 1, 1, 2),
        *[(5, 576, 96, 1, 1, 1)] * 2,
    ],
    "large": [
        (3, 16, 16, 0, 0, 1),
        (3, 64, 24, 0, 0, 2),
        (3, 72, 24, 0, 0, 1),
        (5, 72, 40, 1, 0, 2),
        *[(5, 120, 40, 1, 0, 1)] * 2,
        (3, 240, 80, 0, 1, 2),
        (3, 200, 80, 0, 1, 1),
        *[(3, 184, 80, 0, 1, 1)] * 2,
        (3, 480, 112, 1, 1, 1),
        (3, 672, 112, 1, 1, 1),
        (5, 672, 160, 1, 1, 2),
        *[(5, 960, 160, 1, 1, 1)] * 2,
    ],
}
# kernel, stride, expansion, channels, layers
MNASNET = [
    (3, 2, 3, 24, 3),
    (5, 2, 3, 40, 3),
    (5, 2, 6, 80, 3),
    (3, 1, 6, 96, 2),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
]
# channels, layers, channels of a group, squeeze and excitation
REGNET = {
    "X400MF": ([32, 64, 160, 400], [1, 2, 7, 12], 16, False),
    "X32GF": ([336, 672, 1344, 2520], [2, 7, 13, 1], 168, False),
    "Y400MF": ([48, 104, 208, 440], [1, 3, 6, 6], 8, True),
    "Y32GF": ([232, 696, 1392, 3712], [2, 5, 12, 1], 232, True),
}


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int, squeezed: int, gate: type[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            gate(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) * x


def mobilenet2(classes: int = 1000) -> nn.Module:
    layers, width = convolve(3, 32, 3, 2, nn.ReLU6), 32
    for expansion, channels, count, first in MOBILENET2:
        for number in range(count):
            stride, inner = 1 if number else first, width * expansion
            block = convolve(width, inner, 1, act=nn.ReLU6) if expansion > 1 else []
            block += convolve(inner, inner, 3, stride, nn.ReLU6, inner)
            block += convolve(inner, channels, 1, act=None)
            same = stride == 1 and width == channels
            layers += [Residual(block)] if same else block
            width = channels
    layers += convolve(width, 1280, 1, act=nn.ReLU6)
    return nn.Sequential(*layers, *pooled(nn.Dropout(0.2), nn.Linear(1280, classes)))


def mobilenet3(size: str, classes: int = 10) -> nn.Module:
    """With the 10 classes that the measured one had."""
    layers, width = convolve(3, 16, 3, 2, nn.Hardswish), 16
    for kernel, inner, channels, squeeze, hard, stride in MOBILENET3[size]:
        act = nn.Hardswish if hard else nn.ReLU
        block = convolve(width, inner, 1, act=act) if inner != width else []
        block += convolve(inner, inner, kernel, stride, act, inner)
        if squeeze:
            eighths = max(8, (inner // 4 + 4) // 8 * 8)
            squeezed = eighths + 8 * (eighths < 0.9 * (inner // 4))
            block.append(SqueezeExcite(inner, squeezed, nn.Hardsigmoid))
        block += convolve(inner, channels, 1, act=None)
        layers += [Residual(block)] if stride == 1 and width == channels else block
        width = channels
    last = {"small": 1024, "large": 1280}[size]
    layers += convolve(width, 6 * width, 1, act=nn.Hardswish)
    head = [nn.Linear(6 * width, last), nn.Hardswish(inplace=True), nn.Dropout(0.2, inplace=True)]
    return nn.Sequential(*layers, *pooled(*head, nn.Linear(last, classes)))


def mnasnet(classes: int = 10) -> nn.Module:
    """With the 10 classes that the measured one had."""
    layers = [*convolve(3, 32, 3, 2), *convolve(32, 32, 3, groups=32)]
    layers += convolve(32, 16, 1, act=None)
    width = 16
    for kernel, first, expansion, channels, count in MNASNET:
        for number in range(count):
            inner = width * expansion
            block = convolve(width, inner, 1)
            block += convolve(inner, inner, kernel, 1 if number else first, groups=inner)
            block += convolve(inner, channels, 1, act=None)
            layers += [Residual(block)] if number else block
            width = channels
    layers += convolve(width, 1280, 1)
    head = (nn.Dropout(0.2, inplace=True), nn.Linear(1280, classes))
    return nn.Sequential(*layers, *pooled(*head))


def regnet(size: str, classes: int = 1000) -> nn.Module:
    layers, width = convolve(3, 32, 3, 2), 32
    widths, counts, group, squeeze = REGNET[size]
    for channels, count in zip(widths, counts, strict=True):
        for number in range(count):
            stride = 1 if number else 2
            block = convolve(width, channels, 1)
            block += convolve(channels, channels, 3, stride, groups=channels // group)
            if squeeze:
                block.append(SqueezeExcite(channels, round(0.25 * width), nn.Sigmoid))
            block += convolve(channels, channels, 1, act=None)
            shortcut = None if number else convolve(width, channels, 1, stride, None)
            layers.append(Residual(block, shortcut, nn.ReLU(inplace=True)))
            width = channels
    return nn.Sequential(*layers, *pooled(nn.Linear(width, classes)))
