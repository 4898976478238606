"""Training programs of users, and small models and inputs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


@dataclass(frozen=True)
class Program:
    build: Callable[[], Any]
    step: Callable[[Any], object]
    steps: int = 2


@dataclass
class State:
    model: nn.Module
    optimizers: list[torch.optim.Optimizer]
    batch: tuple[Tensor, ...]
    done: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64), nn.LayerNorm(64))


def conv() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, stride=2), nn.GroupNorm(4, 32), nn.SiLU(), nn.Dropout(0.1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


def encoder(dropout: float = 0.1) -> nn.Module:
    layer = nn.TransformerEncoderLayer(64, 4, 128, dropout, batch_first=True)
    return nn.TransformerEncoder(layer, 3)


class Attending(nn.Module):
    """One layer of nn.MultiheadAttention, with its weights of attention or without."""

    def __init__(self, weights: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(64, 4, batch_first=True)
        self.weights = weights

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x, need_weights=self.weights)[0]


class Checkpointed(nn.Module):
    def __init__(self, reentrant: bool) -> None:
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.blocks = nn.ModuleList(mlp() for _ in range(3))
        self.reentrant = reentrant

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=self.reentrant)
        return x


class Recurrent(nn.Module):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.inner = kind(64, 32, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)[0]


class Masked(nn.Module):
    """Drops patches by a mask, as a masked autoencoder does."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = mlp()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.inner(x[~mask].reshape(len(x), -1, x.shape[-1]))


def vectors() -> Tensor:
    return torch.randn(32, 64)


def images() -> Tensor:
    return torch.randn(4, 3, 32, 32)


def sequences() -> Tensor:
    return torch.randn(4, 16, 64)
