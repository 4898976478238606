"""A folder of records, and runners whose children are a few lines of Python."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running.children import Seen, SpawnLauncher
from vbench_mem.machine.environment import Environment
from vbench_mem.running.runner import Runner
from vbench_mem.running.store import Store


@pytest.fixture
def store(tmp_path: Path, environment: Environment) -> Store:
    store = Store(tmp_path / environment.fingerprint)
    store.prepare("about: x\n", environment)
    return store


@pytest.fixture
def runner_of(store: Store, environment: Environment) -> Callable[..., Runner]:
    """A runner whose child is a few lines of Python with `cell, result, phases` as paths."""

    def make(script: str, **more: object) -> Runner:
        head = "import sys, os, signal, time\ncell, result, _, phases, *_ = sys.argv[1:]\n"
        launcher = SpawnLauncher([sys.executable, "-c", head + script])
        values: dict[str, object] = {"watch": Seen()} | more
        return Runner(store, launcher, lambda _: environment, **values)

    return make
