"""One measuring run at a time on a machine, whatever the matrix and wherever the records go."""

import subprocess
import sys
from pathlib import Path

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.machine.lock import hold, one_run_per_machine

HOLD = """
from vbench_mem.machine.lock import one_run_per_machine
with one_run_per_machine():
    print("held", flush=True)
    input()
"""
ONE = """
about: one small cell
protocol: {warmup: 1, steps: 1}
axes: {encoder: joint_test, frames: 4, batch: 1, device: cpu}
"""


def test_another_process_that_measures_refuses_a_run_which_leaves_nothing(tmp_path: Path) -> None:
    matrix = tmp_path / "one.yaml"
    matrix.write_text(ONE)
    run = [sys.executable, "-m", "vbench_mem", "run", str(matrix), "--store", str(tmp_path / "x")]
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        refused = subprocess.run(run, capture_output=True, text=True, check=False)
        other.communicate("\n")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "another run is measuring on this machine; wait until it ends" in refused.stderr
    assert not (tmp_path / "x").exists()


def test_the_machine_is_free_again_after_a_run_and_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vbench_mem.machine.lock.tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with one_run_per_machine(), pytest.raises(UsageError, match="wait"), one_run_per_machine():
        pass
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="another run"), one_run_per_machine():
            pass
        other.kill()
    with one_run_per_machine():
        pass


def test_a_lock_that_cannot_be_made_is_the_users_mistake(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"cannot be written to: .*; move it"),
        hold(tmp_path, "busy", "move it"),
    ):
        pass
