"""Bytes from text and to text. Units are binary (KiB, MiB, GiB); decimal ones are refused."""

import re
from decimal import Decimal

from vbench_mem.base.errors import UsageError

BINARY = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]*)")


def parse_bytes(text: str | int) -> int:
    """Bytes of a size such as `6 GiB`, `512 MiB` or a whole number of bytes.

    Raises `UsageError` for a decimal unit (`6 GB`), no unit, a fraction of a byte, or not a size.
    """
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return text
    match = SIZE.fullmatch(str(text).strip())
    if match is None:
        raise UsageError(f"'{text}' is not a size; write it like '6 GiB'")
    number, unit = match["number"], match["unit"]
    if unit not in BINARY:
        wanted = next((u for u in BINARY if u[0].lower() == unit[:1].lower()), "GiB")
        raise UsageError(f"'{text}' is not a size; write it like '{number} {wanted}'")
    exact = Decimal(number) * BINARY[unit]
    if exact != int(exact):
        raise UsageError(f"'{text}' is not a whole number of bytes")
    return int(exact)


def format_bytes(count: float) -> str:
    """`6.40 GiB` for people; the number itself stays in the record."""
    sign, size = ("-" if count < 0 else ""), abs(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{sign}{size:.0f} B" if unit == "B" else f"{sign}{size:.1f} {unit}"
        size /= 1024
    return f"{sign}{size:.2f} GiB"
