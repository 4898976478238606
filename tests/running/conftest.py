"""A folder of records, and runners whose children are a few lines of Python."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running.children import Seen, SpawnLauncher
from vbench_mem.machine.environment import Environment
from vbench_mem.machine.host import oom_kills
from vbench_mem.running.attempt import Attempts
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

    def make(
        script: str, kills: Callable[[], dict[str, int]] = oom_kills, prune_oom: bool = True
    ) -> Runner:
        head = "import sys, os, signal, time\ncell, result, _, phases, *_ = sys.argv[1:]\n"
        launcher = SpawnLauncher([sys.executable, "-c", head + script])
        attempts = Attempts(store, launcher, lambda _: environment, kills)
        return Runner(attempts, Seen(), prune_oom)

    return make
