"""Sizes from text and to text; decimal units are refused."""

import pytest

from vbench_mem.analysis.compare.differences import share_text
from vbench_mem.base.errors import UsageError
from vbench_mem.base.metrics import show
from vbench_mem.base.units import BINARY, format_bytes, parse_bytes, parse_growth, significant
from vbench_mem.cli.forecasts import minutes
from vbench_mem.cli.progress import duration
from vbench_mem.report.exhibits.words import times


@pytest.mark.parametrize(
    ("text", "count"),
    [("6 GiB", 6 * 1024**3), ("512MiB", 512 * 1024**2), ("0.5 KiB", 512), ("7 B", 7), (12, 12)],
)
def test_a_binary_size_is_read_to_the_byte(text: str | int, count: int) -> None:
    assert parse_bytes(text) == count


def test_a_part_of_a_byte_that_a_decimal_leaves_is_dropped() -> None:
    assert parse_bytes("0.2 GiB") == 2**30 // 5
    assert parse_bytes("0.3 KiB") == 307  # of 307.2


@pytest.mark.parametrize(
    ("limit", "read"),
    [("1 %", 0.01), ("0.5%", 0.005), (0.02, 0.02), (0, 0.0), ("0 %", 0.0), ("8 MiB", 8 * 2**20)],
)
def test_growth_is_a_share_or_a_size(limit: object, read: float) -> None:
    assert (parse_growth(limit), type(parse_growth(limit))) == (read, type(read))


@pytest.mark.parametrize("limit", ["1 %%", "-1 %", "8 MB", -0.1, 8, float("nan"), True, None])
def test_growth_that_could_mean_two_things_or_nothing_is_refused(limit: object) -> None:
    with pytest.raises(UsageError, match=r"share such as 0\.01"):
        parse_growth(limit)


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


BORDERS = [unit for unit in BINARY.values() if unit > 1]


@pytest.mark.parametrize("border", BORDERS)
def test_a_size_just_below_a_unit_is_shown_as_one_of_it(border: int) -> None:
    unit = next(name for name, size in BINARY.items() if size == border)
    for count in (border, border - 0.001 * border / 1024):
        assert float(format_bytes(count).removesuffix(f" {unit}")) == 1
        assert float(format_bytes(-count).removesuffix(f" {unit}")) == -1


def test_shown_sizes_have_at_most_1023_of_a_unit_and_grow_with_the_size() -> None:
    counts = sorted({b + d for b in BORDERS for d in (-(b // 3000), -b // 20000, -1, 0, 1)})
    counts = [count for count in counts if count < 2**50]
    shown = [parse_bytes(f"{float(n) * BINARY[u]:.0f} B") for n, u in map(parts, counts)]
    assert shown == sorted(shown)
    assert all(float(number) < 1024 for number, _ in map(parts, counts))


def parts(count: int) -> list[str]:
    return format_bytes(count).split()


def test_what_is_rounded_to_nothing_has_no_sign() -> None:
    assert format_bytes(-0.4) == "0 B"


def test_beyond_the_last_unit_its_number_grows() -> None:
    assert format_bytes(3000 * 2**40) == "3000.00 TiB"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (999.6, 3, "1,000"),
        (999.96, 4, "1,000"),
        (9999.6, 4, "10,000"),
        (43066.2, 4, "43,066"),
        (1023.6, 3, "1,024"),
        (9.996, 3, "10"),
        (-999.96, 3, "-1,000"),
        (0.25, 3, "0.25"),
        (0, 3, "0"),
        (7, 4, "7"),
    ],
)
def test_a_number_is_never_shown_with_an_exponent_for_being_large(
    value: float, digits: int, text: str
) -> None:
    assert significant(value, digits) == text


def test_rounding_carries_into_the_next_form_everywhere() -> None:
    assert show("step_ms", 999.96) == show("step_ms", 1000.0) == "1,000"
    assert share_text(9.9999) == " (+1,000 %)"
    assert [duration(s) for s in (89.6, 90.4, 5400, 5424, 5500)] == [
        "90 s",
        "90 s",
        "90 min",
        "90 min",
        "1.5 h",
    ]
    assert [minutes(60 * m) for m in (0.994, 0.996, 9.94, 9.96)] == ["0.99", "1.0", "9.9", "10"]
    assert times(9.96, 1) == "10"
