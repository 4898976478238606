"""The header of a safetensors file: names, shapes and metadata. No torch; no weight is read."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbench_mem.base.errors import UsageError, cannot_read
from vbench_mem.base.strict_json import parse_json

# our single entry of the metadata: the format does not keep the order of several
KEY = "vbench_mem"
LONGEST_BYTES = 100_000_000  # maximum of a header, as in the format's own reader
SIZES_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64"), 8),
}


@dataclass(frozen=True)
class Header:
    """Shape and type of each tensor of a file, and its metadata."""

    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str]
    metadata: Mapping[str, str]


def read_header(path: Path) -> Header:
    """The header; raises `UsageError` for a file that is not safetensors or is truncated.

    Source: the format's description in huggingface/safetensors: eight bytes with the length of a
            JSON header, the header, the data without gaps.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
            length_bytes = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length_bytes <= LONGEST_BYTES:
                raise UsageError(f"{path}: not a safetensors file: it does not start with a header")
            text = file.read(length_bytes)
            size_bytes = file.seek(0, 2)
    except OSError as error:
        raise cannot_read(path, error) from error
    if len(text) < length_bytes:
        raise UsageError(f"{path}: damaged: its header is truncated; copy it again")
    try:
        header = parse(parse_json(text))
        sizes_bytes = (
            SIZES_BYTES[header.dtypes[name]] * math.prod(shape)
            for name, shape in header.shapes.items()
        )
        end_bytes = 8 + length_bytes + sum(sizes_bytes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: not a safetensors file: its header cannot be read") from error
    if size_bytes != end_bytes:
        raise UsageError(
            f"{path}: damaged: {size_bytes} bytes where its header states {end_bytes}; "
            "copy it again"
        )
    return header


def parse(data: dict[str, Any]) -> Header:
    metadata = data.pop("__metadata__", {})
    return Header(
        {name: tuple(map(int, each["shape"])) for name, each in data.items()},
        {name: str(each["dtype"]) for name, each in data.items()},
        {str(key): str(value) for key, value in metadata.items()},
    )


def own_header(header: Header) -> dict[str, Any] | None:
    """Our entry of a header; None where it is missing or cannot be read."""
    try:
        content = parse_json(header.metadata[KEY])
    except (KeyError, ValueError):
        return None
    return content if isinstance(content, dict) else None
