"""Settings that all rows of a report share."""

from collections.abc import Callable
from typing import Any

from vbench_mem.analysis.join import Joined

TEXTS: dict[str, Callable[[Any], str]] = {
    "mode": lambda mode: "embedding only" if mode == "embed" else "",
    "frames": lambda count: f"{count} frame{'' if count == 1 else 's'}",
    "batch": lambda count: f"batch {count}",
    "resolution_px": lambda side: f"{side} px",
    "dtype": str,
    "optimizer": lambda form: f"AdamW ({form})",
    "attention": lambda kernel: "" if kernel == "auto" else f"{kernel} attention",
    "checkpoint": lambda is_on: "layers recomputed" if is_on else "",
    "compile": lambda is_on: "compiled" if is_on else "",
    "input": lambda kind: "clips from files" if kind == "clips" else "",
    "device": lambda name: "" if name == "auto" else name,
}


def conditions(joined: Joined) -> str:
    """`16 frames, batch 8, 96 px, float32`; settings that differ between rows are columns."""
    words = []
    for name, text_of in TEXTS.items():
        values = [row.facts.get(name) for row in joined.rows]
        if values and values[0] is not None and all(value == values[0] for value in values):
            words.append(text_of(values[0]))
    return ", ".join(filter(None, words))
