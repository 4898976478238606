"""Facts in a config beside weights that no shape shows: heads, activation, epsilon, grid, pixels.

No torch. What a published config leaves out is the library's default; what a bare state dict leaves
out is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.encoders.text_spec import Activation
from vbench_mem.weights.find import Files

if TYPE_CHECKING:
    from vbench_mem.weights.held import Kind

ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "quick_gelu": "quick_gelu",
}
# Source: huggingface/transformers, configuration_<kind>.py.
DEFAULTS: "dict[Kind, dict[str, Any]]" = {
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


def vision_config_of(kind: "Kind", files: Files, width: int) -> VisionConfig:
    """Raises `UsageError` for an activation that we do not have, or a value of another type."""
    try:
        if kind == "open_clip":
            return of_open_clip(files.configs.get("open_clip_config.json", {}), width)
        if kind in DEFAULTS:
            return of_transformers(kind, files)
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise UsageError(
            f"{files.path}: its config cannot be understood: {error}; use it as published"
        ) from error
    return VisionConfig()


def of_transformers(kind: "Kind", files: Files) -> VisionConfig:
    whole = files.configs["config.json"]
    config = DEFAULTS[kind] | dict(whole.get("vision_config") or whole)
    frames, side = config.get("num_frames"), config.get("image_size", SIDE_PX)
    return VisionConfig(
        heads=int(config.get("num_attention_heads", HEADS)),
        activation=activation(files, str(config["hidden_act"])),
        norm_eps=float(config["layer_norm_eps"]),
        frames=None if frames is None else int(frames),
        side_px=side if isinstance(side, int) else None,
    )


def of_open_clip(config: Mapping[str, Any], width: int) -> VisionConfig:
    """Without a config only the epsilon is known."""
    model = config.get("model_cfg") or {}
    vision = model.get("vision_cfg")
    if not vision:
        return VisionConfig(norm_eps=OPEN_CLIP_EPS)
    heads = width // int(vision.get("head_width", OPEN_CLIP_HEAD_WIDTH))
    act, eps = arithmetic_of_open_clip(model, vision)
    return VisionConfig(heads=heads, activation=act, norm_eps=eps)


def arithmetic_of_open_clip(
    model: Mapping[str, Any], tower: Mapping[str, Any]
) -> tuple[Activation, float]:
    """Activation and epsilon of a tower, from its config."""
    tanh = (tower.get("act_kwargs") or {}).get("approximate") == "tanh"
    return (
        "quick_gelu" if model.get("quick_gelu") else "gelu_tanh" if tanh else "gelu",
        float((tower.get("norm_kwargs") or {}).get("eps", OPEN_CLIP_EPS)),
    )


def activation(files: Files, name: str) -> Activation:
    if name not in ACTIVATIONS:
        raise UsageError(
            f"{files.path}: config.json: hidden_act {name} is not supported"
            f"{nearest(name, ACTIVATIONS)}"
        )
    return ACTIVATIONS[name]
