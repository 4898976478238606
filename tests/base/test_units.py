"""Sizes from text and to text; decimal units are refused."""

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.base.units import format_bytes, parse_bytes


@pytest.mark.parametrize(
    ("text", "count"),
    [("6 GiB", 6 * 1024**3), ("512MiB", 512 * 1024**2), ("0.5 KiB", 512), ("7 B", 7), (12, 12)],
)
def test_a_binary_size_is_read_to_the_byte(text: str | int, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["6 GB", "6 gb", "6G", "6", "lots", "-1 GiB", "0.3 B", True, -4])
def test_what_is_no_binary_size_is_refused(text: str | int) -> None:
    with pytest.raises(UsageError, match=r"is not a (size|whole number)"):
        parse_bytes(text)


def test_a_decimal_size_is_refused_with_the_binary_one() -> None:
    with pytest.raises(UsageError, match=r"'6 GB' is not a size; write it like '6 GiB'"):
        parse_bytes("6 GB")


def test_a_shown_size_reads_back_as_about_itself() -> None:
    for count in (0, 1023, 1024, 5 * 2**20 + 17, 3 * 2**30, 700 * 2**30):
        assert abs(parse_bytes(format_bytes(count)) - count) <= 0.006 * max(count, 1)
