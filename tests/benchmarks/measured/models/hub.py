"""Models of `transformers` in their published shapes, made without their weights."""

from collections.abc import Callable
from typing import Any

from torch import nn
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoConfig,
    GPTNeoForCausalLM,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    RobertaConfig,
    RobertaForMultipleChoice,
    RobertaForSequenceClassification,
    T5Config,
    T5ForConditionalGeneration,
    ViTConfig,
    ViTForImageClassification,
)

from tests.benchmarks.measured.models import older

NO_DROPOUT = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
BERT_LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
}
ROBERTA = {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}
LLAMA_3B = {
    "vocab_size": 128256,
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "num_hidden_layers": 28,
    "num_attention_heads": 24,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": True,
}
QWEN2_1_5B = {
    "vocab_size": 151936,
    "hidden_size": 1536,
    "intermediate_size": 8960,
    "num_hidden_layers": 28,
    "num_attention_heads": 12,
    "num_key_value_heads": 2,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
}


def qwen3(hidden: int, inner: int, layers: int, heads: int) -> dict[str, Any]:
    return {
        "vocab_size": 151936,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 40960,
        "tie_word_embeddings": True,
    }


def gpt_neo(hidden: int, layers: int, heads: int) -> dict[str, Any]:
    pairs = layers // 2
    sizes = {"hidden_size": hidden, "num_layers": layers, "num_heads": heads}
    return sizes | {"attention_types": [[["global", "local"], pairs]]}


def t5(width: int, inner: int, layers: int, heads: int) -> dict[str, Any]:
    sizes = {"d_model": width, "d_ff": inner, "num_layers": layers, "num_heads": heads}
    return sizes | {"decoder_start_token_id": 0}


# by the name in the source: class of the model, class of its configuration, its published shape
MODELS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "EleutherAI-gpt-neo-125M": (GPTNeoForCausalLM, GPTNeoConfig, gpt_neo(768, 12, 12)),
    "T5-small": (T5ForConditionalGeneration, T5Config, t5(512, 2048, 6, 8)),
    "T5-base": (T5ForConditionalGeneration, T5Config, t5(768, 3072, 12, 12)),
    "cerebras-Cerebras-GPT-111M": (
        GPT2LMHeadModel,
        GPT2Config,
        NO_DROPOUT
        | {"n_embd": 768, "n_layer": 10, "n_head": 12, "n_inner": 3072, "n_positions": 2048}
        | {"activation_function": "gelu"},
    ),
    "distilbert-distilgpt2": (GPT2LMHeadModel, GPT2Config, {"n_layer": 6}),
    "openai-community-gpt2": (GPT2LMHeadModel, GPT2Config, {}),
    "gpt2_large": (GPT2LMHeadModel, GPT2Config, {"n_embd": 1280, "n_layer": 36, "n_head": 20}),
    "gpt2_xl": (GPT2LMHeadModel, GPT2Config, {"n_embd": 1600, "n_layer": 48, "n_head": 25}),
    "facebook-opt-125m": (OPTForCausalLM, OPTConfig, {}),
    "facebook-opt-350m": (
        OPTForCausalLM,
        OPTConfig,
        {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "ffn_dim": 4096}
        | {"word_embed_proj_dim": 512, "do_layer_norm_before": False},
    ),
    "EleutherAI-pythia-1b": (
        GPTNeoXForCausalLM,
        GPTNeoXConfig,
        {"hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 8}
        | {"intermediate_size": 8192, "vocab_size": 50304},
    ),
    "Qwen-Qwen3-0.6B": (Qwen3ForCausalLM, Qwen3Config, qwen3(1024, 3072, 28, 16)),
    "Qwen-Qwen3-4B": (Qwen3ForCausalLM, Qwen3Config, qwen3(2560, 9728, 36, 32)),
    "deepseek-ai-DeepSeek-R1-Distill-Qwen-1.5B": (Qwen2ForCausalLM, Qwen2Config, QWEN2_1_5B),
    "meta-llama-Llama-3.2-3B-Instruct": (LlamaForCausalLM, LlamaConfig, LLAMA_3B),
    "google-gemma-2-2b-it": (Gemma2ForCausalLM, Gemma2Config, {}),
    "bert-base fill-mask": (BertForMaskedLM, BertConfig, {}),
    "bert-large classification": (BertForSequenceClassification, BertConfig, BERT_LARGE),
    "roberta-base classification": (RobertaForSequenceClassification, RobertaConfig, ROBERTA),
    "roberta-base multiple choice": (RobertaForMultipleChoice, RobertaConfig, ROBERTA),
    "vit-base classification": (ViTForImageClassification, ViTConfig, {"num_labels": 1000}),
}
# sizes of Gemma 2, whose defaults are those of another
MODELS["google-gemma-2-2b-it"][2].update(
    vocab_size=256000,
    hidden_size=2304,
    intermediate_size=9216,
    num_hidden_layers=26,
    num_attention_heads=8,
    num_key_value_heads=4,
    head_dim=256,
    query_pre_attn_scalar=256,
)


def maker(name: str, attention: str | None = None) -> Callable[[], nn.Module]:
    """Makes the model. `attention` is `eager`, `sdpa` or a function of `older`; None is
    transformers' own choice.

    Raises KeyError for a model that is not here.
    """
    if name not in MODELS:
        raise KeyError(f"the model '{name}' is not rebuilt")
    model, config, sizes = MODELS[name]
    return lambda: model._from_config(config(**sizes), attn_implementation=attention)


def maker_of_2025(name: str) -> Callable[[], nn.Module]:
    """As it was with the transformers of the language models' measurements."""
    if name.startswith("T5"):
        return maker(name, older.T5)
    eager = "gpt-neo" in name or "gemma" in name
    make = maker(name, "eager" if eager else older.FUSED)
    return lambda: older.with_causal_buffers(make())
