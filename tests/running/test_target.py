"""Where cells would run: the devices that the driver shows, or a card that the user names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.predictions import GIB
from vbench_mem.base.load import Runtime
from vbench_mem.machine.cards import parse_card
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Target
from vbench_mem.running.record import Record
from vbench_mem.running.store import Store
from vbench_mem.running.target import ExecutionTarget, Site

Maker = Callable[..., Cell]
H100 = "NVIDIA H100 80GB HBM3"
WITH_CARD = {"gpu_name": H100, "gpu_memory_bytes": 79 * GIB}


def machine(facts: dict[str, str | int], fingerprint: str = "0123abcd") -> Environment:
    return Environment(fingerprint=fingerprint, device="a machine", facts=dict(facts))


def place(facts: dict[str, str | int], asked: str | None = None) -> ExecutionTarget:
    devices = {"auto": machine(facts), "cuda": machine(facts), "cpu": machine({})}
    card = None if asked is None else parse_card(asked)
    return ExecutionTarget(Site(devices["auto"], devices), card, 4 * GIB)


@pytest.mark.parametrize(
    ("device", "facts", "asked", "target", "memory"),
    [
        ("auto", {}, None, "cpu", 4),
        ("auto", WITH_CARD, None, "cuda", 79),
        ("cuda", WITH_CARD, None, "cuda", 79),
        ("cuda", {}, None, "cuda", None),
        ("cpu", WITH_CARD, None, "cpu", 4),
        ("auto", {}, "16GiB", "cuda", 16),
        ("auto", WITH_CARD, "16GiB", "cuda", 16),
        ("cpu", WITH_CARD, "16GiB", "cpu", 4),
    ],
)
def test_a_cell_is_predicted_for_and_compared_with_the_device_it_would_run_on(
    make_cell: Maker,
    device: str,
    facts: dict[str, str | int],
    asked: str | None,
    target: Target,
    memory: int | None,
) -> None:
    cell, found = make_cell(runtime=Runtime(device=device)), place(facts, asked)
    assert found.target(cell) == target
    card = found.card(cell) if target == "cuda" else None
    assert found.hardware(cell) == (card or target)
    assert found.hardware_here(cell) == (card or (target if target == "cpu" else None))
    memory_limit = found.memory_limit(cell)
    assert (memory_limit and memory_limit.most_bytes) == (memory and memory * GIB)


def test_times_of_a_card_are_taken_from_machines_that_have_it(
    tmp_path: Path, make_cell: Maker, make_record: Callable[..., Record]
) -> None:
    on_card, elsewhere = make_cell(frames=4), make_cell(frames=8)
    for cell, environment in (
        (on_card, machine(WITH_CARD, "aaaa1111")),
        (elsewhere, machine({}, "bbbb2222")),
    ):
        store = Store(tmp_path / "small" / environment.fingerprint)
        store.prepare("about: x\n", environment)
        store.write(make_record(cell, environment=environment))
    assert place({}, "h100-80").records(tmp_path, "small").keys() == {on_card.id}
    assert place({}, "a100-40").records(tmp_path, "small") == {}
    assert place({}, "79GiB").records(tmp_path, "small") == {}
