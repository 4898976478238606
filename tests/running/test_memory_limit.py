"""Whether a cell fits: it is too large only where that is certain."""

from collections.abc import Callable

import pytest

from tests.predictions import GIB, predicted
from vbench_mem.machine import host
from vbench_mem.machine.cards import Card, parse_card
from vbench_mem.machine.host import host_bytes
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.running.memory_limit import MemoryLimit, fit, largest_peak, memory_limit_of

Maker = Callable[..., Cell]
A100 = parse_card("a100-40")


def memory_limit(least: int, most: int, *, is_virtual: bool = False) -> MemoryLimit:
    return MemoryLimit(
        sure_bytes=least, most_bytes=most, of="a card", where="device", is_virtual=is_virtual
    )


@pytest.mark.parametrize(
    ("peak", "verdict"),
    [(9, "fits"), (10, "fits"), (11, "tight"), (12, "tight"), (13, "does not fit")],
)
def test_between_the_two_readings_of_a_datasheet_it_is_tight(peak: int, verdict: str) -> None:
    found, why = fit(predicted(peak * GIB), memory_limit(10 * GIB, 12 * GIB))
    assert found == verdict
    assert (why is None) == (verdict == "fits")


def test_the_context_and_what_the_allocator_holds_make_it_tight_but_never_too_large() -> None:
    whole = predicted(9 * GIB, reserved_bytes=10 * GIB, process_bytes=11 * GIB)
    assert fit(whole, memory_limit(11 * GIB, 11 * GIB)) == ("fits", None)
    verdict, why = fit(whole, memory_limit(10 * GIB, 10 * GIB))
    assert verdict == "tight"
    assert why == (
        "11.00 GiB with the CUDA context and the allocator's reserve, "
        "more than the 10.00 GiB of a card"
    )


def test_a_virtual_card_counts_what_torch_holds_and_not_the_context() -> None:
    whole = predicted(9 * GIB, reserved_bytes=10 * GIB, process_bytes=11 * GIB)
    assert fit(whole, memory_limit(10 * GIB, 10 * GIB, is_virtual=True))[0] == "fits"
    assert fit(whole, memory_limit(19 * GIB // 2, 19 * GIB // 2, is_virtual=True))[0] == "tight"


def test_an_embedding_that_needs_more_than_the_step_decides() -> None:
    both = predicted(5 * GIB, 8 * GIB)
    assert largest_peak(both) == (8 * GIB, "embed")
    assert fit(both, memory_limit(6 * GIB, 6 * GIB)) == (
        "does not fit",
        "8.00 GiB in embed, more than the 6.00 GiB of a card",
    )


def limited(make_cell: Maker, limit: int | None) -> Cell:
    return make_cell(protocol=Protocol(memory_limit_bytes=limit))


@pytest.mark.parametrize(
    ("limit", "card", "least", "most", "of"),
    [
        (None, A100, A100.memory_bytes, 40 * GIB, "a100-40"),
        (16 * GIB, A100, 16 * GIB, 16 * GIB, "protocol.memory_limit_bytes"),
        (39 * GIB, A100, A100.memory_bytes, 39 * GIB, "protocol.memory_limit_bytes"),
        (80 * GIB, A100, A100.memory_bytes, 40 * GIB, "a100-40"),
        (16 * GIB, None, 16 * GIB, 16 * GIB, "protocol.memory_limit_bytes"),
    ],
)
def test_the_smaller_of_the_protocols_limit_and_the_card_counts(
    make_cell: Maker, limit: int | None, card: Card | None, least: int, most: int, of: str
) -> None:
    found = memory_limit_of(limited(make_cell, limit), "cuda", card, 4 * GIB)
    assert found is not None
    assert (found.sure_bytes, found.most_bytes, found.of, found.where) == (
        least, most, of, "device",
    )  # fmt: skip


def test_a_cell_on_a_cpu_has_the_hosts_memory_whatever_card_there_is(make_cell: Maker) -> None:
    found = memory_limit_of(limited(make_cell, None), "cpu", A100, 4 * GIB)
    assert found is not None
    assert (found.most_bytes, found.of, found.where) == (4 * GIB, "this host", "host")


def test_unknown_memory_is_no_room_rather_than_none_or_all(make_cell: Maker) -> None:
    assert memory_limit_of(limited(make_cell, None), "cuda", None, 4 * GIB) is None
    assert memory_limit_of(limited(make_cell, None), "cpu", A100, None) is None


@pytest.mark.parametrize(
    ("container", "machine", "expected"),
    [(None, 8, 8), (4, 8, 4), (16, 8, 8), (None, None, None), (4, None, 4)],
)
def test_the_host_has_what_the_container_and_the_machine_both_allow(
    monkeypatch: pytest.MonkeyPatch,
    container: int | None,
    machine: int | None,
    expected: int | None,
) -> None:
    monkeypatch.setattr(host, "memory_limit_bytes", lambda: container)
    monkeypatch.setattr(host, "memory_bytes", lambda: machine)
    assert host_bytes() == expected
