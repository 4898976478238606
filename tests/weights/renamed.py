"""State dicts by open_clip's and timm's published names, made of transformers models that are the
same mathematics, since neither library is needed here."""

import torch
from torch import Tensor

State = dict[str, Tensor]
OPEN_CLIP = {
    "embeddings.class_embedding": "class_embedding",
    "embeddings.patch_embedding.weight": "conv1.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "pre_layrnorm": "ln_pre",
    "post_layernorm": "ln_post",
    "encoder.layers": "transformer.resblocks",
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
TIMM = {
    "embeddings.cls_token": "cls_token",
    "embeddings.class_embedding": "cls_token",
    "embeddings.position_embeddings": "pos_embed",
    "embeddings.position_embedding.weight": "pos_embed",
    "embeddings.patch_embeddings.projection": "patch_embed.proj",
    "embeddings.patch_embedding": "patch_embed.proj",
    "pre_layrnorm": "norm_pre",
    "post_layernorm": "norm",
    "encoder.layers": "layers",
    "layers": "blocks",
    "layernorm_before": "norm1",
    "layer_norm1": "norm1",
    "layernorm_after": "norm2",
    "layer_norm2": "norm2",
    "layernorm.": "norm.",
    "attention.o_proj": "attn.proj",
    "self_attn.out_proj": "attn.proj",
}


def replaced(name: str, words: dict[str, str]) -> str:
    for theirs, new in words.items():
        name = name.replace(theirs, new)
    return name


def joined(state: State, attention: str, weight: str, bias: str) -> State:
    """q, k and v of every layer as one, under the names given for weight and bias."""
    found = {}
    for name, tensor in state.items():
        if f"{attention}.q_proj." in name:
            three = [state[name.replace("q_proj", f"{each}_proj")] for each in "qkv"]
            end = weight if name.endswith("weight") else bias
            found[f"{name.partition(f'{attention}.')[0]}{end}"] = torch.cat(three)
        elif f"{attention}.k_proj." not in name and f"{attention}.v_proj." not in name:
            found[name] = tensor
    return found


def open_clip(state: State) -> State:
    """Of a `CLIPModel`, the captions' side with names of its own."""
    vision = {
        name.removeprefix("vision_model."): tensor
        for name, tensor in state.items()
        if name.startswith("vision_model.")
    }
    found = joined(vision, "self_attn", "attn.in_proj_weight", "attn.in_proj_bias")
    visual = {f"visual.{replaced(name, OPEN_CLIP)}": each for name, each in found.items()}
    return visual | {
        "visual.proj": state["visual_projection.weight"].T.contiguous(),
        "logit_scale": state["logit_scale"],
        "token_embedding.weight": torch.zeros(99, 32),
        "positional_embedding": torch.zeros(77, 32),
        "transformer.resblocks.0.ln_1.weight": torch.zeros(32),
        "transformer.resblocks.0.mlp.c_fc.weight": torch.zeros(96, 32),
        "text_projection": torch.zeros(32, 32),
        "ln_final.weight": torch.zeros(32),
    }


def open_clip_pair(state: State) -> State:
    """Both sides of a `CLIPModel`."""
    text = {
        name.removeprefix("text_model."): tensor
        for name, tensor in state.items()
        if name.startswith("text_model.encoder.")
    }
    found = joined(text, "self_attn", "attn.in_proj_weight", "attn.in_proj_bias")
    whole = {
        "token_embedding.weight": "embeddings.token_embedding.weight",
        "positional_embedding": "embeddings.position_embedding.weight",
        "ln_final.weight": "final_layer_norm.weight",
        "ln_final.bias": "final_layer_norm.bias",
    }
    visual = {name: each for name, each in open_clip(state).items() if "visual." in name}
    return (
        visual
        | {replaced(name, OPEN_CLIP): each for name, each in found.items()}
        | {ours: state[f"text_model.{theirs}"] for ours, theirs in whole.items()}
        | {
            "text_projection": state["text_projection.weight"].T.contiguous(),
            "logit_scale": state["logit_scale"],
        }
    )


def timm(state: State) -> State:
    """Of a `ViTModel`, `CLIPVisionModel` or `SiglipVisionModel`, without their heads."""
    body = {name: each for name, each in state.items() if not name.startswith(("pooler.", "head."))}
    attention = "self_attn" if any("self_attn." in name for name in body) else "attention"
    found = joined(body, attention, "attn.qkv.weight", "attn.qkv.bias")
    renamed = {replaced(name, TIMM): each for name, each in found.items()}
    renamed["cls_token"] = renamed["cls_token"].view(1, 1, -1) if "cls_token" in renamed else None
    renamed["pos_embed"] = renamed["pos_embed"].view(1, -1, renamed["pos_embed"].shape[-1])
    return {name: each for name, each in renamed.items() if each is not None}


def with_layer_scale(state: State, matrices: tuple[str, str], scales: tuple[str, str]) -> State:
    """The same function, written with a layer scale: each scaled matrix is divided by it."""
    found = dict(state)
    for matrix, scale in zip(matrices, scales, strict=True):
        for name in [each for each in state if each.endswith(f"{matrix}.weight")]:
            above = name.removesuffix(f"{matrix}.weight")
            gamma = torch.linspace(0.5, 2.0, len(state[name]))
            found[name] = state[name] / gamma[:, None]
            found[f"{above}{matrix}.bias"] = state[f"{above}{matrix}.bias"] / gamma
            found[f"{above}{scale}.gamma"] = gamma
    return found
