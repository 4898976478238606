"""Vision transformers as timm and torchvision have them, by their published layers."""

import torch
from torch import Tensor, nn
from torch.nn import functional

# width, layers, heads
SIZES = {
    "tiny": (192, 12, 3),
    "small": (384, 12, 6),
    "base": (768, 12, 12),
    "large": (1024, 24, 16),
}


class Attention(nn.Module):
    """One projection for queries, keys and values, and torch's fused attention, as timm's."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))


class PackedAttention(nn.MultiheadAttention):
    """torch's own layer, as torchvision uses it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x, x, x, need_weights=False)[0]


class Block(nn.Module):
    def __init__(self, width: int, heads: int, attention: type[nn.Module]) -> None:
        super().__init__()
        self.first, self.second = (nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.attention = attention(width, heads)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.first(x))
        return x + self.mlp(self.second(x))


class VisionTransformer(nn.Module):
    """Of [batch, 3, image, image] to [batch, classes]."""

    def __init__(
        self,
        size: str,
        patch: int,
        image: int,
        classes: int = 1000,
        attention: type[nn.Module] = Attention,
    ) -> None:
        super().__init__()
        width, layers, heads = SIZES[size]
        self.token = nn.Parameter(torch.empty(1, 1, width))
        self.places = nn.Parameter(torch.empty(1, (image // patch) ** 2 + 1, width))
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.blocks = nn.Sequential(*(Block(width, heads, attention) for _ in range(layers)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1)
        x = self.blocks(x + self.places)
        return self.head(self.norm(x)[:, 0])
