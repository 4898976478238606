"""Interactions: skip rules and records, driver and torch, names and tables, pipes and codes."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

import vbench_mem
from tests.running.children import SpawnLauncher
from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Runtime
from vbench_mem.base.metrics import METRICS
from vbench_mem.base.units import parse_bytes
from vbench_mem.cli.arguments import command
from vbench_mem.cli.tables import draw_record, draw_records
from vbench_mem.machine import environment as machine
from vbench_mem.machine.environment import Environment, read_environment
from vbench_mem.machine.nvml import Unreadable
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import load_matrix
from vbench_mem.matrix.schema import matrix_schema
from vbench_mem.running import worker
from vbench_mem.running.attempt import Attempts
from vbench_mem.running.plan import RunPlan
from vbench_mem.running.record import Record, Status
from vbench_mem.running.runner import Runner
from vbench_mem.running.store import Store

MakeRecord = Callable[..., Record]


def test_a_rule_leaves_what_was_measured_and_renews_an_old_skip(
    tmp_path: Path,
    make_cell: Callable[..., Cell],
    make_record: MakeRecord,
    environment: Environment,
) -> None:
    store = Store(tmp_path / environment.fingerprint)
    store.prepare("", environment)
    ok, oom, skipped, torn = (make_cell(batch=batch) for batch in (1, 2, 3, 4))
    store.write(make_record(ok))
    store.write(make_record(oom, status=Status.OOM, metrics={}))
    store.write(make_record(skipped, status=Status.SKIPPED, metrics={}, reason="an old rule"))
    store.record_path(torn.id).write_text("{")
    cells = (ok, oom, skipped, torn)
    plan = RunPlan(cells, {}, {cell.id: "no need" for cell in cells})
    store.set_aside_bad({cell.id for cell in cells})
    attempts = Attempts(store, SpawnLauncher(["false"]), lambda _: environment)
    Runner(attempts, Mock()).run(plan)
    statuses = [store.records()[cell.id].status for cell in cells]
    assert statuses == [Status.OK, Status.OOM, Status.SKIPPED, Status.SKIPPED]
    assert store.records()[skipped.id].reason == "no need"
    assert list(store.folder.glob("records/*.before-*")) == []


def test_only_a_skip_may_say_nothing_of_the_machine(
    tmp_path: Path, cell: Cell, make_record: MakeRecord, environment: Environment
) -> None:
    store = Store(tmp_path / environment.fingerprint)
    store.prepare("", environment)
    store.write(make_record(cell, environment=None))
    assert store.records() == {} and "another machine (unknown" in store.problems()[0]
    store.write(make_record(cell, environment=None, status=Status.SKIPPED, metrics={}))
    assert list(store.records()) == [cell.id]


def test_a_gpu_that_a_matrix_names_is_never_taken_for_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreadable(**_: object) -> None:
        raise Unreadable("no driver")

    monkeypatch.setattr(machine.host, "torch_build", lambda: ("2.13.0", "13.0"))
    monkeypatch.setattr(machine, "open_gpu", unreadable)
    cpu, auto, cuda = (read_environment(name) for name in ("cpu", "auto", "cuda:0"))
    assert cpu.fingerprint == auto.fingerprint != cuda.fingerprint
    assert cuda.device == "unknown gpu" and not cuda.shows_gpu


@pytest.mark.parametrize(("shown", "kind"), [("NVIDIA Test", "cpu"), (None, "cuda")])
def test_torch_and_the_driver_must_mean_the_same_device(
    make_cell: Callable[..., Cell],
    monkeypatch: pytest.MonkeyPatch,
    shown: str | None,
    kind: str,
) -> None:
    claimed = Environment(fingerprint="0123abcd", device="x", facts={"gpu_name": shown})
    monkeypatch.setattr(worker.devices, "resolve", lambda _: torch.device(kind))
    cell = make_cell(runtime=Runtime(device="auto"))
    record = worker.measure(cell, claimed, worker.Phases(None))
    assert record.status is Status.ERROR
    assert str(record.reason).startswith("device auto: ")
    named = make_cell(runtime=Runtime(device=kind))
    worker.check_device(named, torch.device(kind), claimed)  # no doubt about what was named


def test_a_device_that_is_none_is_answered_with_those_that_are(
    write_matrix: Callable[..., Path],
) -> None:
    path = write_matrix()
    path.write_text(path.read_text() + "  device: gpu\n")
    wanted = "device: 'gpu' is not a device; write auto, cpu, cuda or cuda:0"
    with pytest.raises(UsageError, match=re.escape(wanted)):
        load_matrix(path)


@pytest.mark.parametrize(
    "text",
    ["6 GiB", "6GiB", "6  GiB", " 1.5 MiB ", "7 B", "6 GB", "6", "6 iB", "6 KB", "x", "6 kiB"],
)
def test_an_editor_accepts_the_sizes_that_a_matrix_does(text: str) -> None:
    limit = matrix_schema()["$defs"]["Protocol"]["properties"]["memory_limit_bytes"]
    (pattern,) = (option["pattern"] for option in limit["anyOf"] if "pattern" in option)
    try:
        parse_bytes(text)
        accepted = True
    except UsageError:
        accepted = False
    assert bool(re.search(pattern, text)) == accepted


def test_brackets_in_a_title_are_letters(
    write_matrix: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    draw_records(load_matrix(write_matrix(name="a[b]")), {}, "runs/a[/b]")
    assert "a[b]: runs/a[/b]" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["my_enc:one:", "a[b]"])
def test_the_users_words_are_no_emoji_and_no_markup(
    make_record: Callable[..., Record],
    make_cell: Callable[..., Cell],
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    metric = next(iter(METRICS))
    why = {"metrics": {metric: None}, "missing": {metric: name}}
    draw_record(make_record(make_cell(), status=Status.ERROR, reason=name, **why))
    shown = "".join(capsys.readouterr().out.split())
    assert shown.count(name) == 2


def test_every_console_leaves_emoji_codes_alone() -> None:
    files = Path(vbench_mem.__file__).parent.rglob("*.py")
    made = [
        node
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Console"
    ]
    assert made
    for node in made:
        assert "emoji=False" in ast.unparse(node)


def test_a_suggested_command_is_what_the_user_would_type() -> None:
    assert command("run", "my matrices/a.yaml", Path("runs")) == (
        "vbench-mem run 'my matrices/a.yaml'"
    )
    assert command("show", "quick", Path("x")) == "vbench-mem show quick --store x"
    assert command("run", "quick", Path("./runs")) == "vbench-mem run quick"


def test_a_reader_that_goes_away_is_no_broken_budget() -> None:
    command = [sys.executable, "-m", "vbench_mem", "list", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (141, b"")


def test_a_video_that_cannot_be_read_is_the_users_mistake(
    write_matrix: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    (tmp_path / "captions.csv").write_text("path,caption\na.mp4,a cat\n")
    path = write_matrix()
    path.write_text(path.read_text() + "  clips: captions.csv\n")
    assert len({cell.load.clips_sha256 for cell in load_matrix(path).cells}) == 1

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vbench_mem.matrix.resolve.head_of", refuse)
    with pytest.raises(UsageError, match=r"clips: .*a\.mp4: cannot be read: permission denied"):
        load_matrix(path)
