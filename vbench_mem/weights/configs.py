"""Facts in a config beside weights that no shape shows: heads, activation, epsilon, grid, and how
captions are read. No torch.

What a published config leaves out is the library's default; what a bare state dict leaves out is
unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.encoders.spec import Pooling
from vbench_mem.encoders.text_spec import Activation, Feature
from vbench_mem.weights.find import Files, understood
from vbench_mem.weights.kinds import Kind

ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "quick_gelu": "quick_gelu",
}
# Source: huggingface/transformers, configuration_<kind>.py.
DEFAULTS: dict[Kind, dict[str, Any]] = {
    "clip": {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-5},
    "siglip": {"hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-6},
    "vit": {"hidden_act": "gelu", "layer_norm_eps": 1e-12},
    "videomae": {"hidden_act": "gelu", "layer_norm_eps": 1e-12, "num_frames": 16},
    "vivit": {"hidden_act": "gelu_fast", "layer_norm_eps": 1e-6, "num_frames": 32},
}
SIDE_PX = 224
HEADS = 12
OPEN_CLIP_HEAD_WIDTH = 64
OPEN_CLIP_EPS = 1e-5  # nn.LayerNorm's


@dataclass(frozen=True, kw_only=True)
class TowerConfig:
    """Facts of a tower; None where no config states them."""

    heads: int | None = None
    activation: Activation | None = None
    norm_eps: float | None = None

    def assumed(self, prefix: str = "") -> list[str]:
        """A sentence on the axes that no config states, if there are any."""
        facts = {
            "tower.heads": self.heads,
            "activation": self.activation,
            "norm_eps": self.norm_eps,
        }
        missing = ", ".join(prefix + axis for axis, value in facts.items() if value is None)
        return [f"no config states {missing}: the encoder's own are used"] if missing else []


@dataclass(frozen=True, kw_only=True)
class VisionConfig(TowerConfig):
    """frames, side_px: of the clips of the position table."""

    frames: int | None = None
    side_px: int | None = None


@dataclass(frozen=True, kw_only=True)
class CaptionConfig(TowerConfig):
    """How a published pair reads captions, and which feature of an image they are compared with;
    None where no config states it."""

    causal: bool
    feature: Feature
    pooling: Pooling | None


# Source: huggingface/transformers, modeling_clip.py, modeling_siglip.py.
CAPTION_CONFIGS: dict[Kind, CaptionConfig] = {
    "clip": CaptionConfig(causal=True, feature="end", pooling="class", heads=8),
    "siglip": CaptionConfig(causal=False, feature="last", pooling="map", heads=HEADS),
}
# Source: mlfoundations/open_clip, transformer.py, text_global_pool and VisionTransformer.
FEATURES: dict[str, Feature] = {"argmax": "end", "eos": "end", "last": "last"}
POOLINGS: dict[str, Pooling] = {"tok": "class", "avg": "mean"}


def vision_config_of(kind: Kind, files: Files, width: int) -> VisionConfig:
    """Raises `UsageError` for an activation that we do not have, or a value of another type."""
    with understood(files, "its config"):
        if kind == "open_clip":
            return vision_of_open_clip(model_of(files), width)
        if kind not in DEFAULTS:
            return VisionConfig()
        whole = files.configs["config.json"]
        config = DEFAULTS[kind] | dict(whole.get("vision_config") or whole)
        frames, side = config.get("num_frames"), config.get("image_size", SIDE_PX)
        return VisionConfig(
            **tower_of(files, config, HEADS),
            frames=None if frames is None else int(frames),
            side_px=side if isinstance(side, int) else None,
        )


def caption_config_of(kind: Kind, files: Files) -> CaptionConfig:
    """Raises `UsageError` for what our caption tower does not support, or a wrong type."""
    with understood(files, "its config of captions"):
        if kind == "open_clip":
            return captions_of_open_clip(files)
        known = CAPTION_CONFIGS[kind]
        config = DEFAULTS[kind] | dict(files.configs["config.json"].get("text_config") or {})
        return replace(known, **tower_of(files, config, known.heads or HEADS))


def tower_of(files: Files, config: Mapping[str, Any], heads: int) -> dict[str, Any]:
    """The fields of `TowerConfig` in a config of transformers."""
    name = str(config["hidden_act"])
    if name not in ACTIVATIONS:
        raise UsageError(
            f"{files.path}: config.json: hidden_act {name} is not supported"
            f"{nearest(name, ACTIVATIONS)}"
        )
    return {
        "heads": int(config.get("num_attention_heads", heads)),
        "activation": ACTIVATIONS[name],
        "norm_eps": float(config["layer_norm_eps"]),
    }


def model_of(files: Files) -> Mapping[str, Any]:
    """The model in open_clip's config; empty without one."""
    return files.configs.get("open_clip_config.json", {}).get("model_cfg") or {}


def vision_of_open_clip(model: Mapping[str, Any], width: int) -> VisionConfig:
    """Without a config only the epsilon is known."""
    vision = model.get("vision_cfg")
    if not vision:
        return VisionConfig(norm_eps=OPEN_CLIP_EPS)
    heads = width // int(vision.get("head_width", OPEN_CLIP_HEAD_WIDTH))
    act, eps = arithmetic_of_open_clip(model, vision)
    return VisionConfig(heads=heads, activation=act, norm_eps=eps)


def captions_of_open_clip(files: Files) -> CaptionConfig:
    """Without a config a tower is assumed to be one of CLIP's own."""
    model = model_of(files)
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


def arithmetic_of_open_clip(
    model: Mapping[str, Any], tower: Mapping[str, Any]
) -> tuple[Activation, float]:
    """Activation and epsilon of a tower, from its config."""
    tanh = (tower.get("act_kwargs") or {}).get("approximate") == "tanh"
    return (
        "quick_gelu" if model.get("quick_gelu") else "gelu_tanh" if tanh else "gelu",
        float((tower.get("norm_kwargs") or {}).get("eps", OPEN_CLIP_EPS)),
    )
