"""Models of `timm`, where that is installed; it is no dependency of the project.

`pip install --no-deps timm` will do: it imports torchvision for its data loaders alone, and
stand-ins take that place where it is not there.
"""

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, ClassVar

from torch import nn

STOOD_IN = (
    "torchvision",
    "torchvision.datasets",
    "torchvision.datasets.folder",
    "torchvision.io",
    "torchvision.models",
    "torchvision.models.feature_extraction",
    "torchvision.ops",
    "torchvision.ops.misc",
    "torchvision.transforms",
    "torchvision.transforms.functional",
    "torchvision.transforms.v2",
    "torchvision.utils",
)


class Anything(type):
    """A class with every attribute: words, each its own."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return f"{cls.__name__}.{name}"


class StandIn(ModuleType):
    """Has a class of every name, none of which is ever used."""

    __path__: ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = Anything(name, (nn.Module,), {})
        setattr(self, name, made)
        return made


def import_timm() -> Any:
    """Raises KeyError where timm is not installed."""
    if importlib.util.find_spec("timm") is None:
        raise KeyError("timm is not installed")
    if "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None:
        for name in STOOD_IN:
            module = StandIn(name)
            module.__spec__ = ModuleSpec(name, None)
            module.__version__ = "0.0.0"
            sys.modules[name] = module
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, module)
    import timm

    return timm


def timm_model(name: str) -> tuple[Callable[[], nn.Module], int]:
    """Makes the model, and the side of its images. Raises KeyError for a name timm has not."""
    timm = import_timm()
    if not timm.is_model(name):
        raise KeyError(f"timm {timm.__version__} has no model '{name}'")
    config = timm.get_pretrained_cfg(name)
    side = 224 if config is None else config.input_size[-1]
    return lambda: timm.create_model(name, pretrained=False), side
