"""What must hold it: a card, bytes, or this machine, and which was taken."""

import pytest

from vbench_mem.analysis.fit import limit as rooms
from vbench_mem.analysis.fit.limit import FitLimit, find_limit
from vbench_mem.base.errors import UsageError
from vbench_mem.machine import host
from vbench_mem.machine.cards import CARDS
from vbench_mem.machine.environment import Environment

GIB = 2**30


def here(monkeypatch: pytest.MonkeyPatch, **facts: object) -> None:
    machine = Environment(fingerprint="0", device="a machine", facts=facts)
    monkeypatch.setattr(rooms, "read_environment", lambda _: machine)


def test_a_size_is_a_card_of_that_size() -> None:
    memory_limit = find_limit("16GiB")
    assert (memory_limit.bytes, memory_limit.target, memory_limit.chosen) == (
        16 * GIB,
        "cuda",
        None,
    )
    assert memory_limit.title.count("16.00 GiB") == 1


def test_a_card_is_the_memory_it_has_for_certain() -> None:
    memory_limit = find_limit("h100-80")
    assert memory_limit.bytes == CARDS["h100-80"].memory_bytes
    assert memory_limit.title == "h100-80, 74.51 GiB"


def test_without_one_it_is_this_machines_card(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch, gpu_name="A card", gpu_memory_bytes=24 * GIB)
    memory_limit = find_limit(None)
    assert (memory_limit.name, memory_limit.bytes, memory_limit.target) == (
        "A card",
        24 * GIB,
        "cuda",
    )
    assert "this machine's card" in (memory_limit.chosen or "")


def test_without_any_card_it_is_the_hosts_memory_by_a_cpus_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here(monkeypatch)
    monkeypatch.setattr(host, "memory_bytes", lambda: 64 * GIB)
    monkeypatch.setattr(host, "memory_limit_bytes", lambda: 8 * GIB)
    memory_limit = find_limit(None)
    assert (memory_limit.bytes, memory_limit.target) == (8 * GIB, "cpu")
    assert "no card here" in (memory_limit.chosen or "")
    assert memory_limit.title == "this machine's memory, 8.00 GiB"


def test_a_machine_with_unknown_memory_needs_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch)
    monkeypatch.setattr(host, "memory_bytes", lambda: None)
    monkeypatch.setattr(host, "memory_limit_bytes", lambda: None)
    with pytest.raises(UsageError, match="name a card, such as --card 16GiB"):
        find_limit(None)


def test_a_title_has_the_size_once() -> None:
    assert FitLimit("a card of 16.00 GiB", 16 * GIB, "cuda").title == "a card of 16.00 GiB"
    assert FitLimit("x", GIB, "cuda").title == "x, 1.00 GiB"
