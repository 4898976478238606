"""Does a spec fit what weights were made for? Every disagreement by axis, in a sentence. No torch.

What a position table or a kernel over time can be stretched to is no disagreement.
"""

import re
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.spec import VideoSpec

SAME_IDS = "text.tokenizer_sha256"


def check_needs(path: str, needs: Mapping[str, Any], spec: VideoSpec) -> None:
    """Raises `UsageError` naming every field, what the weights have, what the spec has, and the
    axes to write."""
    found = list(disagreements(needs, spec))
    if not found:
        return
    if SAME_IDS in dict(found):
        raise UsageError(
            f"{path}: was trained with another tokenizer; write text.tokenizer_file: the one whose "
            f"SHA-256 begins with {needs[SAME_IDS][:8]}"
        )
    if dict(found).get("tubelet_frames") and spec.single_frames:
        raise UsageError(
            f"{path}: its patches are {needs['tubelet_frames']} frames long and "
            f"{spec.layout} encoders look at single frames; choose another encoder"
        )
    told = ", ".join(
        f"{axis} is {written(theirs)} there and {written(value_of(spec, axis))} here"
        for axis, theirs in found
    )
    axes = ", ".join(f"{axis}: {written(theirs)}" for axis, theirs in found)
    raise UsageError(f"{path} does not fit the {spec.layout} encoder: {told}; write {axes}")


def disagreements(needs: Mapping[str, Any], spec: VideoSpec) -> Iterator[tuple[str, Any]]:
    """Axis and the value it should have."""
    for axis, theirs in needs.items():
        if value_of(spec, axis) != theirs and not is_not_applicable(axis, theirs, spec):
            yield axis, theirs


def is_not_applicable(axis: str, theirs: Any, spec: VideoSpec) -> bool:
    """Is it something that this layout cannot have, so that the weights do without?"""
    if axis == SAME_IDS:  # a spec of the table names no file
        return theirs is None or spec.text.tokenizer_sha256 is None
    if axis == "class_token":
        return bool(theirs) and not spec.takes_class_token
    if axis == "positions":  # a table that finds no place is a line of the report
        return spec.positions == "sinusoidal"
    return axis == "tubelet_frames" and spec.own_kernels


def value_of(spec: VideoSpec, axis: str) -> Any:
    return attrgetter(axis)(spec)


def written(value: Any) -> str:
    """As in a matrix."""
    if isinstance(value, bool):
        return "true" if value else "false"
    # YAML takes 1e-05 for text
    return re.sub(r"^(\d+)e", r"\1.0e", repr(value)) if isinstance(value, float) else str(value)
