"""What must hold it: a card, bytes, or this machine, and which was taken."""

import pytest

from vbench_mem.analysis.fit import limit as rooms
from vbench_mem.analysis.fit.limit import Room, find_room
from vbench_mem.base.errors import UsageError
from vbench_mem.machine import host
from vbench_mem.machine.cards import CARDS
from vbench_mem.machine.environment import Environment

GIB = 2**30


def here(monkeypatch: pytest.MonkeyPatch, **facts: object) -> None:
    machine = Environment(fingerprint="0", device="a machine", facts=facts)
    monkeypatch.setattr(rooms, "read_environment", lambda _: machine)


def test_a_size_is_a_card_of_that_size() -> None:
    room = find_room("16GiB")
    assert (room.bytes, room.target, room.chosen) == (16 * GIB, "cuda", None)
    assert room.title.count("16.00 GiB") == 1


def test_a_card_is_the_memory_it_has_for_certain() -> None:
    room = find_room("h100-80")
    assert room.bytes == CARDS["h100-80"].memory_bytes
    assert room.title == "h100-80, 74.51 GiB"


def test_without_one_it_is_this_machines_card(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch, gpu_name="A card", gpu_memory_bytes=24 * GIB)
    room = find_room(None)
    assert (room.name, room.bytes, room.target) == ("A card", 24 * GIB, "cuda")
    assert "this machine's card" in (room.chosen or "")


def test_without_any_card_it_is_the_hosts_memory_by_a_cpus_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here(monkeypatch)
    monkeypatch.setattr(host, "memory_bytes", lambda: 64 * GIB)
    monkeypatch.setattr(host, "memory_limit_bytes", lambda: 8 * GIB)
    room = find_room(None)
    assert (room.bytes, room.target) == (8 * GIB, "cpu")
    assert "no card here" in (room.chosen or "")
    assert room.title == "this machine's memory, 8.00 GiB"


def test_a_machine_that_says_nothing_asks_for_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch)
    monkeypatch.setattr(host, "memory_bytes", lambda: None)
    monkeypatch.setattr(host, "memory_limit_bytes", lambda: None)
    with pytest.raises(UsageError, match="name a card, such as --card 16GiB"):
        find_room(None)


def test_a_title_says_a_size_once() -> None:
    assert Room("a card of 16.00 GiB", 16 * GIB, "cuda").title == "a card of 16.00 GiB"
    assert Room("x", GIB, "cuda").title == "x, 1.00 GiB"
