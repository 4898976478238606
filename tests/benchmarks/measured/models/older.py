"""What `transformers` did otherwise in 2025, when the language models were measured.

As its attention functions `fused_2025` and `t5_2025`: a fused attention took contiguous operands;
T5 added the mask to its position bias once, and the bias to the scores in place. GPT-2 kept a
causal mask of its longest sequence in every layer. Keys and values were cached as they were, which
kept whole projections alive until the next outputs.
Source: transformers 4.51, integrations/sdpa_attention.py, cache_utils.py, models/t5, models/gpt2.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.cache_utils import Cache, DynamicLayer, EncoderDecoderCache
from transformers.integrations.sdpa_attention import repeat_kv
from transformers.masking_utils import eager_mask, sdpa_mask
from transformers.models.gpt2.modeling_gpt2 import GPT2Attention

FUSED, T5 = "fused_2025", "t5_2025"


def fused(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    if groups := getattr(module, "num_key_value_groups", None):
        key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    query, key, value = query.contiguous(), key.contiguous(), value.contiguous()
    mixed = functional.scaled_dot_product_attention(
        *(query, key, value, mask, dropout),
        is_causal=mask is None and query.shape[2] > 1 and getattr(module, "is_causal", True),
        scale=scaling,
    )
    return mixed.transpose(1, 2).contiguous(), None


def t5(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    dropout: float = 0.0,
    position_bias: Any = None,
    **_: Any,
) -> tuple[Tensor, Tensor]:
    scores = torch.matmul(query, key.transpose(3, 2))
    # all layers of a stack are given one bias: the sum with the mask is made once, and kept with it
    if not hasattr(position_bias, "with_mask"):
        position_bias.with_mask = position_bias if mask is None else position_bias + mask
    scores += position_bias.with_mask
    weights = functional.softmax(scores.float(), dim=-1).type_as(scores)
    weights = functional.dropout(weights, p=dropout, training=module.training)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


AttentionInterface.register(FUSED, fused)
AttentionMaskInterface.register(FUSED, sdpa_mask)
AttentionInterface.register(T5, t5)
AttentionMaskInterface.register(T5, eager_mask)


def with_causal_buffers(model: nn.Module) -> nn.Module:
    """The model, each attention of GPT-2 with its mask of the longest sequence."""
    for module in model.modules():
        if isinstance(module, GPT2Attention):
            tokens = module.config.n_positions
            module.register_buffer("bias", torch.empty(1, 1, tokens, tokens, dtype=torch.bool))
            module.register_buffer("masked_bias", torch.empty(()))
    return model


class UncopiedLayer(DynamicLayer):
    """The first keys and values are kept themselves, and no copy of them."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        self.lazy_initialization(key_states, value_states)
        self.keys, self.values = key_states, value_states
        return key_states, value_states


def cache(name: str) -> dict[str, Cache | EncoderDecoderCache]:
    """The argument that gives a model of this name its cache; none for GPT-Neo, whose measured
    memory has no room for one."""
    if "gpt-neo-" in name:
        return {}

    def one() -> Cache:
        return Cache(layer_class_to_replicate=UncopiedLayer)

    return {"past_key_values": EncoderDecoderCache(one(), one()) if "T5" in name else one()}
