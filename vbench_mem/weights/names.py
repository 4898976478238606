"""Published names of tensors -> one vocabulary of parts, per library. No torch.

Parts: `patch`, `class`, `table` (positions), `pre_norm`, `norm`, `head` (the projection), `pool.*`,
and `blocks.N.*` with `norm1`, `attn.q/k/v` or `attn.qkv`, `attn.proj`, `scale1`, `norm2`,
`mlp.fc1`, `mlp.fc2`, `scale2`; each with `.weight` or `.bias` where it has both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from vbench_mem.weights.expected import CAPTIONS
from vbench_mem.weights.kinds import Kind


def both(names: Mapping[str, str]) -> dict[str, str]:
    """The same for weight and bias."""
    return {
        f"{theirs}.{end}": f"{ours}.{end}"
        for theirs, ours in names.items()
        for end in ("weight", "bias")
    }


@dataclass(frozen=True)
class Names:
    """The names of one library.

    above   prefix of a tower's names, as a regular expression: optional, or required (`marked`)
    layer   prefix of a layer's names; its group is the number
    inside, outside  of layers: whole names and their parts
    left    globs of whole names that our encoders do not use, and why
    """

    above: str
    layer: str
    inside: Mapping[str, str]
    outside: Mapping[str, str]
    left: Mapping[str, str] = field(default_factory=dict)
    marked: bool = False

    def part(self, name: str) -> str | None:
        """The part of a tensor; None for one that is no part."""
        bare = re.sub(f"^({self.above})", "", name)
        if self.marked and bare == name:
            return None
        match = re.match(f"({self.layer})", bare)
        if match is None:
            return self.outside.get(bare)
        ours = self.inside.get(bare[match.end() :])
        return None if ours is None else f"blocks.{match[2]}.{ours}"

    def why_left(self, name: str) -> str:
        """Why the tensor is unused; empty where it is unexpected."""
        return next((why for glob, why in self.left.items() if fnmatchcase(name, glob)), "")


TOWERS = "measures both towers together"
CLASSES = "part of a classifier"
AFTER = "a norm after pooling; ours is before it"
DECODER = "part of the decoder of the pretraining"
COUNTER = "no weight but a counter"

# Names of transformers before and after its version 5, and of ViT, ViViT, VideoMAE, CLIP, SigLIP.
TRANSFORMERS = Names(
    above=r"(vivit|vit|videomae|vision_model)\.",
    layer=r"(?:encoder\.layers?|layers)\.(\d+)\.",
    inside=both(
        {
            "layernorm_before": "norm1",
            "layer_norm1": "norm1",
            "layernorm_after": "norm2",
            "layer_norm2": "norm2",
            "attention.attention.query": "attn.q",
            "attention.attention.key": "attn.k",
            "attention.attention.value": "attn.v",
            **{f"attention.{letter}_proj": f"attn.{letter}" for letter in "qkv"},
            **{f"self_attn.{letter}_proj": f"attn.{letter}" for letter in "qkv"},
            "attention.output.dense": "attn.proj",
            "attention.o_proj": "attn.proj",
            "self_attn.out_proj": "attn.proj",
            "intermediate.dense": "mlp.fc1",
            "mlp.fc1": "mlp.fc1",
            "output.dense": "mlp.fc2",
            "mlp.fc2": "mlp.fc2",
        }
    )
    | {"attention.attention.q_bias": "attn.q.bias", "attention.attention.v_bias": "attn.v.bias"},
    outside=both(
        {
            "layernorm": "norm",
            "post_layernorm": "norm",
            "pre_layrnorm": "pre_norm",
            "embeddings.patch_embeddings.projection": "patch",
            "embeddings.patch_embedding": "patch",
            "head.attention.out_proj": "pool.proj",
            "head.layernorm": "pool.norm",
            "head.mlp.fc1": "pool.mlp.fc1",
            "head.mlp.fc2": "pool.mlp.fc2",
        }
    )
    | {
        "embeddings.cls_token": "class",
        "embeddings.class_embedding": "class",
        "embeddings.position_embeddings": "table",
        "embeddings.position_embedding.weight": "table",
        "visual_projection.weight": "head.weight",
        "head.probe": "pool.query",
        "head.attention.in_proj_weight": "pool.qkv.weight",
        "head.attention.in_proj_bias": "pool.qkv.bias",
    },
    left={
        **dict.fromkeys(("text_model.*", "text_projection.*"), CAPTIONS),
        "logit_*": TOWERS,
        **dict.fromkeys(("*pooler.dense.*", "classifier.*"), CLASSES),
        "fc_norm.*": AFTER,
        **dict.fromkeys(("decoder.*", "encoder_to_decoder.*", "mask_token"), DECODER),
        "*embeddings.position_ids": COUNTER,
    },
)

POOL = ("q", "kv", "proj", "norm", "mlp.fc1", "mlp.fc2")
# Source: huggingface/pytorch-image-models, vision_transformer.py and attention_pool.py.
TIMM = Names(
    above=r"visual\.trunk\.",
    layer=r"blocks\.(\d+)\.",
    inside=both(
        {name: name for name in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")}
    )
    | {
        "ls1.gamma": "scale1",
        "ls2.gamma": "scale2",
        "attn.q_bias": "attn.q.bias",  # BEiT and MAE in video write them apart, without a third
        "attn.v_bias": "attn.v.bias",
    },
    outside=both(
        {
            "patch_embed.proj": "patch",
            "norm_pre": "pre_norm",
            "norm": "norm",
            **{f"attn_pool.{name}": f"pool.{name}" for name in POOL},
        }
    )
    | {
        "cls_token": "class",
        "pos_embed": "table",
        "attn_pool.latent": "pool.query",
        "visual.head.proj.weight": "head.weight",
    },
    left={
        "head.*": CLASSES,
        "fc_norm.*": AFTER,
        "decoder_*": DECODER,
        "mask_token": DECODER,
        "text.*": CAPTIONS,
        "logit_*": TOWERS,
    },
)

# Source: mlfoundations/open_clip, transformer.py; the same names as openai/CLIP, model.py.
OPEN_CLIP = Names(
    above=r"visual\.",
    layer=r"transformer\.resblocks\.(\d+)\.",
    inside=both(
        {
            "ln_1": "norm1",
            "ln_2": "norm2",
            "attn.out_proj": "attn.proj",
            "mlp.c_fc": "mlp.fc1",
            "mlp.c_proj": "mlp.fc2",
        }
    )
    | {
        "attn.in_proj_weight": "attn.qkv.weight",
        "attn.in_proj_bias": "attn.qkv.bias",
        "ls_1.gamma": "scale1",
        "ls_2.gamma": "scale2",
    },
    outside=both({"conv1": "patch", "ln_pre": "pre_norm", "ln_post": "norm"})
    | {"class_embedding": "class", "positional_embedding": "table", "proj": "head.columns"},
    left={
        **dict.fromkeys(
            (
                *("transformer.*", "token_embedding.*", "positional_embedding", "ln_final.*"),
                *("text_projection*", "text.*", "attn_mask"),
            ),
            CAPTIONS,
        ),
        "logit_*": TOWERS,
        **dict.fromkeys(("input_resolution", "context_length", "vocab_size"), COUNTER),
    },
    marked=True,
)


def names_of(kind: Kind, found: set[str]) -> Names:
    """The table for a kind; open_clip's models with a trunk of timm's have timm's names."""
    if kind == "timm" or any(name.startswith("visual.trunk.") for name in found):
        return TIMM
    return OPEN_CLIP if kind == "open_clip" else TRANSFORMERS
