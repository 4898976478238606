"""Small cells, records and matrices that the tests of every part share."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.source import find_custom
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.matrix.resolve import with_kind
from vbench_mem.running.record import Record, Status

SMALL = """
about: a small matrix for a test
protocol: {warmup: 1, steps: 2, timeout_s: 600}
axes:
  encoder: [joint_test, frame_mean_test]
  recipe: [full, mask75]
  frames: [4, 8]
  batch: 2
"""


@pytest.fixture(scope="session", autouse=True)
def own_locks() -> Iterator[None]:
    """Runs that tests start refuse neither a user's run nor those of tests in another process."""
    folder = tempfile.mkdtemp(prefix="vb")  # a short name: sockets of multiprocessing lie in it
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TMPDIR", folder)
        yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def hear_ctrl_c() -> Iterator[None]:
    """A shell that runs tests in its background has them, and all they start, ignore Ctrl-C.

    What should have ended would go on, and hold the lock that the runs of other tests ask for.
    """
    handled = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handled)


@pytest.fixture(scope="session", autouse=True)
def one_thread_in_children() -> Iterator[None]:
    """Of what tests start: two workers of xdist and their threads would wait for each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(autouse=True)
def one_thread(one_thread_in_children: None) -> None:
    """Of the tests' own process too, whatever the test before has set."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(autouse=True)
def no_workspace_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trainer configures cuBLAS for its whole process, which predictions read."""
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)


@pytest.fixture
def make_cell() -> Callable[..., Cell]:
    """A cell of a tiny encoder on the CPU; keywords set fields of its load."""

    def make(
        encoder: str = "joint_test",
        recipe: str = "full",
        runtime: Runtime | None = None,
        protocol: Protocol | None = None,
        **load: object,
    ) -> Cell:
        spec = ENCODERS[encoder].spec
        values = {"frames": 4, "batch": 2, "resolution_px": spec.resolution_px} | load
        return Cell(
            encoder=encoder,
            recipe_name=recipe,
            spec=spec,
            recipe=with_kind(spec, RECIPES[recipe]),
            load=Load(**values),
            runtime=runtime or Runtime(device="cpu"),
            protocol=protocol or Protocol(warmup=1, steps=2, timeout_s=600.0),
        )

    return make


@pytest.fixture
def cell(make_cell: Callable[..., Cell]) -> Cell:
    return make_cell()


@pytest.fixture
def environment() -> Environment:
    return Environment(fingerprint="0123abcd", device="a small machine")


@pytest.fixture
def make_record(environment: Environment) -> Callable[..., Record]:
    """A good record of a cell; keywords replace its fields."""

    def make(cell: Cell, **fields: object) -> Record:
        metrics = {"step_ms": 12.5, "peak_alloc_bytes": 3 * 2**20}
        record = Record(
            cell_id=cell.id,
            cell=cell,
            status=Status.OK,
            metrics=metrics,
            environment=environment,
            wall_s=1.5,
        )
        return record.model_copy(update=fields)

    return make


@pytest.fixture
def write_matrix(tmp_path: Path) -> Callable[..., Path]:
    """Write a matrix file and say where it is."""

    def write(text: str = SMALL, name: str = "small") -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Write a module of a user's beside the matrices of `write_matrix`, and say where it is.

    What is imported from there is forgotten afterwards, and so is the folder.
    """
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def write(text: str, name: str = "own_code") -> Path:
        path = tmp_path / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        find_custom.cache_clear()
        return path

    yield write
    for module in set(sys.modules) - before:
        file = getattr(sys.modules[module], "__file__", None)
        if file is not None and Path(file).is_relative_to(tmp_path):
            del sys.modules[module]


@pytest.fixture
def with_frames() -> Callable[[Cell, int, int], Cell]:
    """The same cell at another load."""

    def change(cell: Cell, frames: int, batch: int) -> Cell:
        return replace(cell, load=replace(cell.load, frames=frames, batch=batch))

    return change
