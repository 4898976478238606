"""From a spec, a recipe and a load to a module, on the current device (which may be meta)."""

from importlib import import_module
from typing import overload

from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.adapt import adapt
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.layers import AttentionBackend
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.spec import VideoSpec
from vbench_mem.encoders.text import TextTower
from vbench_mem.encoders.tower import VideoTower
from vbench_mem.encoders.variants import check_variant
from vbench_mem.encoders.wrapped import Trainable, Wrapped, build_custom


@overload
def build(
    spec: VideoSpec, recipe: Recipe, load: Load, runtime: Runtime | None = None
) -> DualEncoder: ...
@overload
def build(spec: Custom, recipe: Recipe, load: Load, runtime: Runtime | None = None) -> Wrapped: ...
@overload
def build(
    spec: VideoSpec | Custom, recipe: Recipe, load: Load, runtime: Runtime | None = None
) -> Trainable: ...
def build(
    spec: VideoSpec | Custom, recipe: Recipe, load: Load, runtime: Runtime | None = None
) -> Trainable:
    """A dual encoder for this load, in training mode, with `requires_grad` on what trains.

    Raises `UsageError` for a combination that makes no sense, before anything is allocated, and
    whatever the code of a user's own encoder raises.
    """
    check_variant(spec, recipe, load, runtime)
    if isinstance(spec, Custom):
        return build_custom(spec, load, runtime or Runtime())
    video = tower_class(spec)(spec, recipe, load)
    encoder = DualEncoder(video, TextTower(spec.text, spec.embed_dim))
    adapt(encoder, recipe)
    runtime = runtime or Runtime()
    for module in video.modules():
        if isinstance(module, AttentionBackend):
            module.kernel = runtime.attention
    video.checkpoint = encoder.text.checkpoint = runtime.checkpoint
    return encoder


def tower_class(spec: VideoSpec) -> type[VideoTower]:
    """The family's module, imported when it is wanted."""
    module = import_module(f"vbench_mem.encoders.towers.{spec.layout}")
    found: type[VideoTower] = getattr(module, spec.tower_class)
    return found
