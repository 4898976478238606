"""The gate as it is shipped: its matrix holds, and the workflow and the hook call what exists."""

import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from vbench_mem.analysis.budgets.baseline import keys_of, read_baseline, torch_version
from vbench_mem.cli import app
from vbench_mem.cli.arguments import find_matrix
from vbench_mem.matrix.load import load_matrix

ROOT = Path(__file__).parent.parent
MATRIX = ROOT / "matrices" / "gate.yaml"
WORKFLOW = yaml.safe_load((ROOT / "docs" / "memory-gate.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def steps() -> list[dict[str, Any]]:
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def commands() -> list[str]:
    runs = [line for step in steps() for line in step.get("run", "").splitlines()]
    return [line for line in [*runs, *(hook["entry"] for hook in HOOKS)] if "vbench-mem" in line]


def test_the_shipped_gate_holds() -> None:
    result = CliRunner(env={"GITHUB_ACTIONS": ""}).invoke(app, ["check", str(MATRIX), "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert {verdict["outcome"] for verdict in said["verdicts"]} == {"pass"}
    assert said["stale"] == []


def test_the_shipped_baseline_is_of_the_shipped_matrix_and_of_the_tested_torch() -> None:
    matrix = load_matrix(MATRIX)
    assert matrix.baseline is not None
    baseline = read_baseline(matrix.baseline)
    assert set(baseline.cells) == set(keys_of(matrix.wanted).values())
    assert {entry.target for entry in baseline.cells.values()} == {"cpu", "cuda"}
    assert matrix.baseline.read_text() == baseline.text()
    pinned = (ROOT / ".ci" / "constraints.txt").read_text()
    assert f"torch=={baseline.torch}." in pinned
    assert torch_version().count(".") == 1


def test_the_baseline_is_installed_beside_its_matrix() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["data-files"]["share/vbench_mem/matrices"]
    installed = {path.name for pattern in patterns for path in ROOT.glob(pattern)}
    assert {"gate.yaml", "gate_baseline.json"} <= installed


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_workflow_and_the_hook_has_its_options(line: str) -> None:
    program, name, *arguments = shlex.split(line)
    assert program == "vbench-mem"
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    with command.make_context(name, arguments) as context:  # raises for an unknown option
        matrix = context.params["matrix"]
    assert matrix is None or (ROOT / matrix).samefile(find_matrix(str(ROOT / matrix)))


def test_the_workflow_judges_pull_requests_and_keeps_the_junit_file() -> None:
    events = WORKFLOW[True]  # `on` is true in YAML 1.1, which PyYAML reads
    assert "pull_request" in events
    (check,) = [step["run"] for step in steps() if "vbench-mem check" in step.get("run", "")]
    report = shlex.split(check)[shlex.split(check).index("--junit") + 1]
    (kept,) = [step for step in steps() if "upload-artifact" in step.get("uses", "")]
    assert kept["with"]["path"] == report and kept["if"] == "always()"
    assert any(".ci/constraints.txt" in step.get("run", "") for step in steps())


def test_the_hook_has_what_pre_commit_asks_for() -> None:
    (hook,) = HOOKS
    assert hook["id"] == "vbench-mem-check"
    assert {"name", "entry", "language"} <= hook.keys()
    assert hook["language"] == "python" and hook["pass_filenames"] is False
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert shlex.split(hook["entry"])[0] in scripts
