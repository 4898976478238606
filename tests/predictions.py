"""Hand-made predictions and cards for the tests of what is done with them."""

from typing import Any

from vbench_mem.probes.prediction import Prediction

GIB = 2**30


def predicted(peak_bytes: int, embed_bytes: int = 0, **fields: Any) -> Prediction:
    """A prediction whose largest phase is the backward, or the embedding where that is larger."""
    known: dict[str, Any] = {
        "target": "cuda",
        "peak_bytes": peak_bytes,
        "peak_phase": "backward",
        "build_bytes": 0,
        "steady_bytes": 0,
        "embed_peak_bytes": embed_bytes,
        "phases": {"embed": embed_bytes, "forward": peak_bytes // 2, "backward": peak_bytes},
        "categories": {"parameter": peak_bytes},
        "modules": {},
        "terms": {"tensors": peak_bytes},
    }
    return Prediction(**(known | fields))
