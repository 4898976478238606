"""The table of cards against what drivers and torch have shown of them in public."""

import re

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.machine.cards import CARDS, PEAKS, ROWS, Card, dense_peak, parse_card, present_card
from vbench_mem.machine.environment import Environment

GIB, MIB = 2**30, 2**20
# Total memory as nvidia-smi shows it (a list that a cloud provider published in its documentation)
# and as torch's own messages of 2022 to 2025 state it, from public reports of users.
SEEN = [
    ("h100-80", 81559 * MIB),
    ("h100-80", 79.11 * GIB),
    ("a100-80", 81920 * MIB),
    ("a100-80", 79.25 * GIB),
    ("a100-40", 40960 * MIB),
    ("a100-40", 39.50 * GIB),
    ("a10", 23028 * MIB),
    ("l40s", 46068 * MIB),
    ("l40s", 44.53 * GIB),
    ("l40", 44.40 * GIB),
    ("l4", 23034 * MIB),
    ("t4", 15360 * MIB),
    ("t4", 14.56 * GIB),
    ("t4", 15.83 * GIB),  # error correction switched off
    ("a30", 23.53 * GIB),
    ("v100-16", 15.75 * GIB),
    ("rtx3090", 23.69 * GIB),
    ("rtx4090", 23.64 * GIB),
    ("rtx4090", 23.68 * GIB),
]


@pytest.mark.parametrize(("name", "seen"), SEEN)
def test_what_drivers_show_lies_between_the_two_readings_of_the_datasheet(
    name: str, seen: float
) -> None:
    card = CARDS[name]
    assert card.memory_bytes <= seen <= card.most_bytes
    assert card.most_bytes < 1.15 * card.memory_bytes


def test_every_card_can_be_named_and_has_a_chip_and_at_most_one_dense_peak() -> None:
    drivers = [driver for card in ROWS for driver in card.drivers]
    assert len(drivers) == len(set(drivers))
    assert len(CARDS) == len(ROWS)
    for card in ROWS:
        assert card.chip is not None
        assert all(PEAKS.get(driver) is card.dense for driver in card.drivers)
        assert str(round(card.most_bytes / GIB)) in card.source


@pytest.mark.parametrize("text", ["a100-40", " A100-40 ", "NVIDIA A100-PCIE-40GB"])
def test_a_card_is_found_by_its_name_and_by_the_drivers(text: str) -> None:
    card = parse_card(text)
    assert card is CARDS["a100-40"]
    assert card.peak("bfloat16") == dense_peak("NVIDIA A100-SXM4-40GB", "bfloat16")
    assert card.memory == "37.25 GiB to 40.00 GiB"


@pytest.mark.parametrize("card", ROWS, ids=lambda card: card.name)
def test_a_name_may_be_written_with_any_separators_or_none(card: Card) -> None:
    for name in (str(card.name), *card.drivers):
        for separator in ("", " ", "-", "_"):
            assert parse_card(re.sub(r"[ _-]", separator, name)) is card
    spaced = " ".join(re.findall(r"[a-z]+|\d+", str(card.name)))  # `rtx 3090`
    assert parse_card(spaced.upper()) is card
    assert (card.peak("float16")[0] is None) == (card.dense is None)


@pytest.mark.parametrize("text", ["16GiB", "16 GiB", "16384 MiB"])
def test_a_size_is_a_card_of_exactly_that_memory_and_without_a_peak(text: str) -> None:
    card = parse_card(text)
    assert (card.name, card.memory_bytes, card.most_bytes) == (None, 16 * GIB, 16 * GIB)
    peak, why = card.peak("float32")
    assert peak is None and why == "no dense peak is known for a card of 16.00 GiB"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("16 GB", "--card: '16 GB' is not a size; write it like '16 GiB'"),
        ("16", "--card: '16' is not a size; write it like '16 GiB'"),
        ("0 GiB", "a card without memory"),
        ("a100_41", "no card called 'a100_41'; did you mean a100-40?"),
        ("h_100", "no card called 'h_100'; did you mean h100-80 or h100-pcie or h100-nvl?"),
        ("", "no card called ''; known"),
        ("h100", "no card called 'h100'; did you mean h100-80 or h100-pcie or h100-nvl?"),
        ("A100", "no card called 'A100'; did you mean a100-40 or a100-80?"),
        ("3090", "'3090' is not a size; write it like '3090 GiB'; did you mean rtx3090?"),
    ],
)
def test_a_card_that_is_unknown_is_refused_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_card(text)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def machine(**facts: str | int | bool | None) -> Environment:
    return Environment(fingerprint="0123abcd", device="a machine", facts=facts)


def test_the_card_of_a_machine_has_the_memory_that_its_driver_shows() -> None:
    name = "NVIDIA H100 80GB HBM3"
    card = present_card(machine(gpu_name=name, gpu_memory_bytes=81559 * MIB, mig=False))
    chip = CARDS["h100-80"].chip
    assert card == Card(name, (name,), 81559 * MIB, 81559 * MIB, "the driver", chip=chip)
    assert card.peak("bfloat16")[0] == 989.4


def test_a_part_of_a_card_has_no_peak() -> None:
    facts = {"gpu_name": "NVIDIA H100 80GB HBM3", "gpu_memory_bytes": 10 * GIB, "mig": True}
    card = present_card(machine(**facts))
    assert card is not None and card.memory_bytes == 10 * GIB
    assert card.peak("bfloat16") == (
        None, "no dense peak is known for a part of NVIDIA H100 80GB HBM3",
    )  # fmt: skip


@pytest.mark.parametrize(
    "facts",
    [
        {"host_memory_bytes": 64 * GIB},
        {"gpu_name": None},
        {"gpu_name": "NVIDIA L4", "gpu_memory_bytes": None},
    ],
)
def test_a_machine_whose_driver_shows_no_card_or_no_memory_has_none(
    facts: dict[str, str | int | None],
) -> None:
    assert present_card(machine(**facts)) is None
