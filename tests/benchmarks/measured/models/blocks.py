"""Blocks of convolutional networks, in place where torchvision's are."""

from typing import Any

from torch import Tensor, nn


def convolve(
    cin: int, cout: int, kernel: int = 3, stride: int = 1, act: Any = nn.ReLU, groups: int = 1
) -> list[nn.Module]:
    """Without a bias, with batch normalisation, and an activation in place where one is given."""
    layer = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(cout), *([act(inplace=True)] if act else [])]


class Residual(nn.Module):
    """`layers` beside a shortcut; `after` runs on their sum."""

    def __init__(
        self,
        layers: list[nn.Module],
        shortcut: list[nn.Module] | None = None,
        after: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.shortcut = nn.Sequential(*shortcut) if shortcut else None
        self.after = after

    def forward(self, x: Tensor) -> Tensor:
        out = self.layers(x)
        out = out + (self.shortcut(x) if self.shortcut else x)
        return self.after(out) if self.after else out


def pooled(*layers: nn.Module) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), *layers]
