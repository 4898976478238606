"""Bytes from text and to text. Units are binary (KiB, MiB, GiB); decimal ones are refused."""

import re
from decimal import Decimal

from vbench_mem.base.errors import UsageError

BINARY = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
DIGITS = {"B": 0, "KiB": 1, "MiB": 1, "GiB": 2, "TiB": 2}  # after the point, as shown
SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]*)")
SHARE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*%")


def parse_bytes(text: str | int) -> int:
    """Bytes of a size such as `6 GiB`, `0.2 GiB` or a whole number of bytes; a part of a byte that
    a decimal leaves is dropped.

    Raises `UsageError` for a decimal unit (`6 GB`), no unit, a fraction of `B`, or not a size.
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
    if unit == "B" and exact != int(exact):
        raise UsageError(f"'{text}' is not a whole number of bytes")
    return int(exact)


def parse_growth(limit: object) -> int | float:
    """A limit on growth: a share as a float (`1 %`, or 0.01), a size in bytes as an int (`8 MiB`).

    Raises `UsageError` for anything else; a whole number without a unit could be either.
    """
    if isinstance(limit, float) and 0 <= limit < float("inf"):
        return limit
    if isinstance(limit, str):
        if match := SHARE.fullmatch(limit.strip()):
            return float(Decimal(match["number"]) / 100)
        try:
            return parse_bytes(limit)
        except UsageError as error:
            raise UsageError(f"{error}; or a share such as 0.01 or '1 %'") from error
    if limit == 0 and not isinstance(limit, bool):
        return 0.0
    raise UsageError(f"write a share such as 0.01 or a size such as '64 MiB', not {limit}")


def format_bytes(count: float) -> str:
    """`6.40 GiB` for people; the number itself stays in the record.

    In the largest unit of which there is at least one after rounding: 2^20 - 1 is `1.0 MiB`.
    """
    size, text = abs(count), ""
    for unit, digits in DIGITS.items():
        text = f"{size / BINARY[unit]:.{digits}f}"
        if float(text) < 1024:
            break
    return f"{'-' if count < 0 and float(text) else ''}{text} {unit}"


def significant(value: float, digits: int = 3) -> str:
    """`0.25`, `9.96`, `1,024`: rounded to so many digits, and never to an exponent such as `1e+03`:
    a larger number keeps all digits before the point."""
    text = f"{value:,.{digits}g}"
    return f"{value:,.0f}" if "e+" in text else text
