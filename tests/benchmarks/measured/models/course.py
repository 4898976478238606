"""The language model of Stanford's course CS336 and its own optimiser, by their published layers.

Nothing in it is fused: attention, softmax, loss and AdamW are written out in single operations.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

# width, layers, heads, width of the feed-forward layer
SIZES = {
    "small": (768, 12, 12, 3072),
    "medium": (1024, 24, 16, 4096),
    "large": (1280, 36, 20, 5120),
    "xl": (1600, 48, 25, 6400),
    "2.7B": (2560, 32, 32, 10240),
}
VOCABULARY = 10_000


class Product(nn.Module):
    """A linear layer without bias."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out, width))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("...i,oi->...o", x, self.weight)


class RmsNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        dtype = x.dtype
        x = x.to(torch.float32)
        inverse = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)
        x = x * inverse
        return (self.weight * x).to(dtype)


class Rotary(nn.Module):
    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.register_buffer("angles", torch.empty(2, tokens, width // 2), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        pairs = x.reshape(*x.shape[:-1], x.shape[-1] // 2, 2)
        first, second = pairs.movedim(-1, 0).unbind(0)
        cos, sin = self.angles[:, : x.shape[-2], :].unbind(0)
        turned = cos * first - sin * second
        other = sin * first + cos * second
        return torch.cat((turned, other), dim=-1)


def softmax(x: Tensor) -> Tensor:
    shifted = x - torch.max(x, dim=-1, keepdim=True)[0]
    powers = torch.exp(shifted)
    return powers / torch.sum(powers, dim=-1, keepdim=True)


def silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, rotary: Rotary) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (Product(width, width) for _ in range(3))
        self.out = Product(width, width)
        self.rotary = rotary

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.query(x), self.key(x), self.value(x)
        q, k, v = (each.unflatten(-1, (self.heads, -1)).transpose(1, 2) for each in (q, k, v))
        q, k = self.rotary(q), self.rotary(k)
        places = torch.arange(x.shape[1])
        mask = (places[:, None] >= places[None, :])[None]
        scores = torch.einsum("...qd,...kd->...qk", q, k) / math.sqrt(k.shape[-1])
        scores = torch.where(mask, scores, float("-inf"))
        weights = softmax(scores)
        mixed = torch.einsum("...qk,...kd->...qd", weights, v)
        return self.out(mixed.transpose(1, 2).flatten(2).contiguous())


class Gated(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.up, self.down, self.gate = (
            Product(width, inner),
            Product(inner, width),
            Product(width, inner),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.down(silu(self.up(x)) * self.gate(x))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, inner: int, rotary: Rotary) -> None:
        super().__init__()
        self.attention = Attention(width, heads, rotary)
        self.gated = Gated(width, inner)
        self.first, self.second = RmsNorm(width), RmsNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.attention(self.first(x))
        middle = x + mixed
        return middle + self.gated(self.second(middle))


class Embedding(nn.Module):
    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(words, width))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.weight[tokens, :]


class CourseModel(nn.Module):
    """Of [batch, tokens] token ids to [batch, tokens, VOCABULARY]."""

    def __init__(self, size: str, tokens: int) -> None:
        super().__init__()
        width, layers, heads, inner = SIZES[size]
        self.embedding = Embedding(VOCABULARY, width)
        self.rotary = Rotary(tokens, width // heads)
        self.layers = nn.ModuleList(Block(width, heads, inner, self.rotary) for _ in range(layers))
        self.norm = RmsNorm(width)
        self.head = Product(width, VOCABULARY)

    def forward(self, tokens: Tensor) -> Tensor:
        x = embedded = self.embedding(tokens)  # which lives to the end
        for layer in self.layers:
            x = layer(x)
        x = self.norm(x)
        logits = self.head(x)
        del embedded
        return logits


def log_softmax(x: Tensor) -> Tensor:
    x = x - torch.max(x, dim=-1, keepdim=True)[0]
    return x - torch.log(torch.sum(torch.exp(x), dim=-1, keepdim=True))


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    losses = -log_softmax(logits)
    return torch.mean(torch.gather(losses, -1, targets.unsqueeze(-1)))


class CourseAdamW(torch.optim.Optimizer):
    """Out of place: each step makes both averages anew, weight by weight."""

    def __init__(self, weights: Any) -> None:
        super().__init__(weights, {"lr": 1e-3})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                grad, state = weight.grad, self.state[weight]
                old_mean = state.get("mean", torch.zeros_like(grad))
                old_square = state.get("square", torch.zeros_like(grad))
                mean = 0.9 * old_mean + 0.1 * grad
                square = 0.999 * old_square + 0.001 * torch.square(grad)
                weight -= group["lr"] * mean / (torch.sqrt(square) + 1e-8)
                weight -= group["lr"] * 0.01 * weight
                state["mean"], state["square"] = mean, square
