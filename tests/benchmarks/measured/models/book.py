"""GPT-2 of the book "Build a Large Language Model (From Scratch)" at its stages of tuning.

stage 0  attention, norm and activation written out; the mask is a float buffer of each layer
      1  the mask is made when it is used
      6  torch's own LayerNorm and GELU
      7  one projection for queries, keys and values, and torch's fused attention
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

WORDS, TOKENS, WIDTH, LAYERS, HEADS = 50_257, 1024, 768, 12, 12
DROPOUT = 0.1


class WrittenNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(width))
        self.shift = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=-1, keepdim=True)
        variance = x.var(dim=-1, keepdim=True, unbiased=False)
        x = (x - mean) / torch.sqrt(variance + 1e-5)
        return self.scale * x + self.shift


class WrittenGelu(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        factor = torch.sqrt(torch.tensor(2.0 / torch.pi))
        return 0.5 * x * (1 + torch.tanh(factor * (x + 0.044715 * torch.pow(x, 3))))


class WrittenAttention(nn.Module):
    def __init__(self, stage: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(3))
        self.out = nn.Linear(WIDTH, WIDTH)
        self.dropout = nn.Dropout(DROPOUT)
        if stage < 1:
            self.register_buffer("mask", torch.empty(TOKENS, TOKENS))
        else:
            self.mask = None

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, _ = x.shape
        k, q, v = self.key(x), self.query(x), self.value(x)
        k, v, q = (each.view(batch, tokens, HEADS, -1).transpose(1, 2) for each in (k, v, q))
        scores = q @ k.transpose(2, 3)
        if self.mask is not None:
            mask = self.mask.bool()[:tokens, :tokens]
        else:
            mask = torch.triu(torch.ones(tokens, tokens, dtype=torch.bool), diagonal=1)
        scores.masked_fill_(mask, -torch.inf)
        weights = torch.softmax(scores / k.shape[-1] ** 0.5, dim=-1)
        weights = self.dropout(weights)
        mixed = (weights @ v).transpose(1, 2)
        return self.out(mixed.reshape(batch, tokens, WIDTH))


class FusedAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, _ = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv
        rate = DROPOUT if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(q, k, v, dropout_p=rate, is_causal=True)
        return self.out(mixed.transpose(1, 2).contiguous().view(batch, tokens, WIDTH))


class Block(nn.Module):
    def __init__(self, stage: int) -> None:
        super().__init__()
        norm = nn.LayerNorm if stage >= 6 else WrittenNorm
        gelu = nn.GELU(approximate="tanh") if stage >= 6 else WrittenGelu()
        self.attention = FusedAttention() if stage >= 7 else WrittenAttention(stage)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), gelu, nn.Linear(4 * WIDTH, WIDTH))
        self.first, self.second = norm(WIDTH), norm(WIDTH)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x
        x = self.first(x)
        x = self.attention(x)
        x = self.dropout(x)
        x = x + shortcut
        shortcut = x
        x = self.second(x)
        x = self.mlp(x)
        x = self.dropout(x)
        return x + shortcut


class BookModel(nn.Module):
    """Of [batch, tokens] token ids to [batch, tokens, WORDS]."""

    def __init__(self, stage: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(TOKENS, WIDTH)
        self.dropout = nn.Dropout(DROPOUT)
        self.blocks = nn.Sequential(*(Block(stage) for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH) if stage >= 6 else WrittenNorm(WIDTH)
        self.head = nn.Linear(WIDTH, WORDS, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        words = self.words(tokens)
        places = self.places(torch.arange(tokens.shape[1]))
        x = words + places
        x = self.dropout(x)
        x = self.blocks(x)
        x = self.norm(x)
        return self.head(x)
