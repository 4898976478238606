"""The transformer parts every family shares: one attention, one feed-forward, one block.

Legend of suffixes: B batch, N tokens of a sequence, D width, H heads, d head width.
Never sets a precision: autocast decides for the matrix products, and the residual stream stays in
float32 because the positions that start it are float32 parameters.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from vbench_mem.base.load import Kernel
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.text_spec import Activation

BACKENDS: dict[Kernel, SDPBackend] = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "math": SDPBackend.MATH,
}


class AttentionBackend(nn.Module):
    """A module whose attention runs on the kernel that the runtime names."""

    kernel: Kernel = "auto"

    def attend(self, q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Shapes: (B, H, N, d) each. Entered per call: a recomputation takes the same kernel."""
        auto = self.kernel == "auto"
        with nullcontext() if auto else sdpa_kernel([BACKENDS[self.kernel]]):
            return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)


class FusedLinear(nn.Linear):
    """Several matrices of one shape as one product, one below the other; `init_weights` draws each.

    Shapes:  (..., in) -> (..., parts * out).
    """

    def __init__(self, in_features: int, out_features: int, parts: int) -> None:
        super().__init__(in_features, parts * out_features)
        self.parts = parts


class Attention(AttentionBackend):
    """Self-attention with one fused projection to queries, keys and values.

    Shapes:  x_BND -> the same. `allowed` broadcasts to (B, H, N, N), true where a key may be seen.
    Memory:  keeps the input, 3 x its size for q, k and v, and the output; scores only with `math`.
    Check:   fused equals math.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv: nn.Linear = FusedLinear(width, width, parts=3)
        self.proj = nn.Linear(width, width)

    def forward(self, x_BND: Tensor, allowed: Tensor | None = None) -> Tensor:
        q_BHNd, k_BHNd, v_BHNd = self.split(x_BND)
        return self.proj(self.join(self.attend(q_BHNd, k_BHNd, v_BHNd, allowed)))

    def split(self, x_BND: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values as views; unbind, whose backward stacks instead of padding."""
        q, k, v = self.qkv(x_BND).unflatten(-1, (3, self.heads, -1)).unbind(-3)
        return q.transpose(-3, -2), k.transpose(-3, -2), v.transpose(-3, -2)

    @staticmethod
    def join(y_BHNd: Tensor) -> Tensor:
        # a view after a fused kernel, which writes heads side by side; a copy after `math`
        return y_BHNd.transpose(-3, -2).flatten(-2)


class QuickGELU(nn.Module):
    """x * sigmoid(1.702 x). Source: openai/CLIP, model.py."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "gelu": nn.GELU,
    "gelu_tanh": partial(nn.GELU, approximate="tanh"),
    "quick_gelu": QuickGELU,
}


class Adapter(nn.Module):
    """A bottleneck with its own residual; the identity when made, since `up` starts at zero.

    Source:  arXiv:1902.00751 (Houlsby), after the feed-forward only, as arXiv:2312.07395 has it.
    Differs: `up` starts at exactly zero instead of 1e-3 noise, so that training starts from the
             unadapted encoder bit for bit.
    """

    def __init__(self, width: int, bottleneck: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, bottleneck)
        self.up = nn.Linear(bottleneck, width)
        nn.init.trunc_normal_(self.down.weight, std=1e-3)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.up(F.gelu(self.down(x)))


class FeedForward(nn.Module):
    """Two matrices with an activation between, and behind them an adapter if a recipe adds one."""

    def __init__(self, width: int, hidden: int, activation: Activation) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.act = ACTIVATIONS[activation]()
        self.fc2 = nn.Linear(hidden, width)
        self.adapter: Adapter | None = None

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc2(self.act(self.fc1(x)))
        return y if self.adapter is None else self.adapter(y)


class Block(nn.Module):
    """One pre-norm transformer layer. Shapes: x_BND -> the same."""

    def __init__(self, tower: Tower, activation: Activation, norm_eps: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(tower.width, eps=norm_eps)
        self.attn = Attention(tower.width, tower.heads)
        self.norm2 = nn.LayerNorm(tower.width, eps=norm_eps)
        self.mlp = FeedForward(tower.width, tower.mlp, activation)

    def forward(self, x_BND: Tensor, allowed: Tensor | None = None) -> Tensor:
        x_BND = x_BND + self.attn(self.norm1(x_BND), allowed)
        return x_BND + self.mlp(self.norm2(x_BND))


class AttentionPool(AttentionBackend):
    """One learned query over all tokens. Source: CoCa; open_clip AttentionalPooler with 1 query.

    Shapes:  x_BND -> y_BD. The tokens come normalised; there is no second norm on the keys.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Parameter(torch.empty(1, 1, width))
        self.q = nn.Linear(width, width)
        self.kv = FusedLinear(width, width, parts=2)
        self.proj = nn.Linear(width, width)
        nn.init.trunc_normal_(self.query, std=0.02)

    def forward(self, x_BND: Tensor) -> Tensor:
        k, v = self.kv(x_BND).unflatten(-1, (2, self.heads, -1)).unbind(-3)
        q = self.q(self.query).unflatten(-1, (self.heads, -1)).expand(x_BND.shape[0], -1, -1, -1)
        y = self.attend(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        return self.proj(Attention.join(y)).squeeze(1)


class MapHead(AttentionPool):
    """One learned query over all tokens, then a norm and a feed-forward with a residual.

    Source:  google-research/big_vision, models/vit.py, MAPHead (SigLIP's).
    """

    def __init__(self, tower: Tower, activation: Activation, norm_eps: float) -> None:
        super().__init__(tower.width, tower.heads)
        self.norm = nn.LayerNorm(tower.width, eps=norm_eps)
        self.mlp = FeedForward(tower.width, tower.mlp, activation)

    def forward(self, x_BND: Tensor) -> Tensor:
        y_BD = super().forward(x_BND)
        return y_BD + self.mlp(self.norm(y_BD))


def init_weights(module: nn.Module) -> None:
    """ViT's start: matrices by Xavier, which suits every width, zero bias. For `Module.apply`.

    Each matrix of a fused one has its own fan: queries, keys and values start as if they were
    separate, as the source has them.

    Source: google-research/big_vision, models/vit.py (xavier_uniform). A fixed deviation of 0.02
            suits a width of 768: a layer of 64 would begin as next to nothing and learn slowly.
    """
    if isinstance(module, nn.Linear):
        parts = module.parts if isinstance(module, FusedLinear) else 1
        for matrix in module.weight.detach().chunk(parts):
            nn.init.xavier_uniform_(matrix)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.trunc_normal_(module.weight, std=0.02)
