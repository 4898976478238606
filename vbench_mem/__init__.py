"""What training a video-text encoder costs in memory, FLOPs and time, and the recall it buys.

For unit tests: `predict_step` says what anybody's training step needs. Imports torch when asked.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vbench_mem.base.version import VERSION as __version__

if TYPE_CHECKING:
    from vbench_mem.probes.any_step import predict_step
    from vbench_mem.probes.prediction import Prediction

__all__ = ["Prediction", "__version__", "predict_step"]
HOMES = {"Prediction": "vbench_mem.probes.prediction", "predict_step": "vbench_mem.probes.any_step"}


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
