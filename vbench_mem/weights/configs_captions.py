"""How a published pair reads captions, from the config beside it. No torch.

What a published config leaves out is the library's default; what a bare state dict leaves out is
unknown.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.encoders.spec import Pooling
from vbench_mem.encoders.text_spec import Feature
from vbench_mem.weights.configs import (
    DEFAULTS,
    OPEN_CLIP_EPS,
    TowerConfig,
    activation,
    arithmetic_of_open_clip,
)
from vbench_mem.weights.find import Files

if TYPE_CHECKING:
    from vbench_mem.weights.held import Kind


@dataclass(frozen=True, kw_only=True)
class CaptionConfig(TowerConfig):
    """How a published pair reads captions, and which feature of an image they are compared with;
    None where no config states it."""

    causal: bool
    feature: Feature
    pooling: Pooling | None


# Source: huggingface/transformers, modeling_clip.py, modeling_siglip.py.
CAPTION_CONFIGS: "dict[Kind, CaptionConfig]" = {
    "clip": CaptionConfig(causal=True, feature="end", pooling="class", heads=8),
    "siglip": CaptionConfig(causal=False, feature="last", pooling="map", heads=12),
}
# Source: mlfoundations/open_clip, transformer.py, text_global_pool and VisionTransformer.
FEATURES: dict[str, Feature] = {"argmax": "end", "eos": "end", "last": "last"}
POOLINGS: dict[str, Pooling] = {"tok": "class", "avg": "mean"}


def caption_config_of(kind: "Kind", files: Files) -> CaptionConfig:
    """Raises `UsageError` for what our caption tower does not support, or a wrong type."""
    try:
        if kind == "open_clip":
            return of_open_clip(files)
        return of_transformers(kind, files)
    except (TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{files.path}: its config of captions cannot be understood: {error}; use it as "
            "published"
        ) from error


def of_transformers(kind: "Kind", files: Files) -> CaptionConfig:
    known = CAPTION_CONFIGS[kind]
    config = DEFAULTS[kind] | dict(files.configs["config.json"].get("text_config") or {})
    return replace(
        known,
        heads=int(config.get("num_attention_heads", known.heads or 0)),
        activation=activation(files, str(config["hidden_act"])),
        norm_eps=float(config["layer_norm_eps"]),
    )


def of_open_clip(files: Files) -> CaptionConfig:
    """Without a config a tower is assumed to be one of CLIP's own."""
    model = files.configs.get("open_clip_config.json", {}).get("model_cfg") or {}
    text: dict[str, Any] = model.get("text_cfg") or {}
    vision: dict[str, Any] = model.get("vision_cfg") or {}
    pooled = str(text.get("pool_type", "argmax"))
    if pooled not in FEATURES:
        raise UsageError(
            f"{files.path}: open_clip_config.json: captions with pool_type {pooled} are not "
            f"supported{nearest(pooled, FEATURES)}"
        )
    heads = text.get("heads")
    of_timm = "timm_model_name" in vision
    act, eps = arithmetic_of_open_clip(model, text) if text else (None, OPEN_CLIP_EPS)
    return CaptionConfig(
        causal=not text.get("no_causal_mask", False),
        feature=FEATURES[pooled],
        pooling=None if of_timm else POOLINGS.get(str(vision.get("pool_type", "tok"))),
        heads=None if heads is None else int(heads),
        activation=act,
        norm_eps=eps,
    )
