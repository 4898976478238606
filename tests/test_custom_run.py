"""Whole matrices of a user's own encoders through the command line, good ones and broken ones."""

import json
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vbench_mem.cli import app

EXAMPLE = Path(__file__).parent / "encoders" / "custom_example.py"
LIGHT = """
from torch import nn


class Light(nn.Module):
    def __init__(self, load):
        super().__init__()
        self.colours, self.words = nn.Linear(3, 32), nn.Embedding(30522, 32)

    def forward(self, clips, ids, mask):
        return self.colours(clips.mean((1, 3, 4))), self.words(ids * mask).mean(1)
"""
BROKEN = """
from light import Light


class Raising(Light):
    def forward(self, clips, ids, mask):
        return super().forward(clips, ids, mask.missing_attribute)


class Swapped(Light):
    def forward(self, clips, ids, mask):
        print("printed by a user")
        return super().forward(clips, ids, mask)[0]


def unbuilt(load):
    raise TypeError(f"cannot do {load.frames} frames\\nsince two were wanted")
"""
MATRIX = """
about: what do my own encoders need?
protocol: {warmup: 1, steps: 1, timeout_s: 600}
axes:
  encoder: [custom_example:build, broken:Raising, broken:Swapped, broken:unbuilt, joint_test]
  frames: 4
  batch: 2
  resolution_px: 32
  caption_tokens: 8
  device: cpu
  threads: 1
budgets:
- {metric: peak_alloc_bytes, where: {family: custom, encoder: custom_example:build}, max: 1 GiB}
- {metric: predicted_peak_bytes, where: {variant: custom_example:build}, max: 1 GiB}
"""


def invoke(*arguments: str, folder: Path) -> Result:
    with chdir(folder):
        return CliRunner(env={"COLUMNS": "80", "GITHUB_ACTIONS": ""}).invoke(app, list(arguments))


def vbench(*arguments: object, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "vbench_mem", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, own_locks: None) -> Path:
    """Where the matrix was run; the command is given from elsewhere than the code lies."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "mine").mkdir()
    shutil.copy(EXAMPLE, folder / "mine")
    for name, text in {"light.py": LIGHT, "broken.py": BROKEN, "own.yaml": MATRIX}.items():
        (folder / "mine" / name).write_text(text, encoding="utf-8")
    done = vbench("run", "mine/own.yaml", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def cells(folder: Path) -> dict[str, dict[str, object]]:
    """By variant, what `show` says of each."""
    (place,) = json.loads(invoke("show", "mine/own.yaml", "--json", folder=folder).stdout)
    return {cell["variant"]: cell for cell in place["cells"]}


def test_an_encoder_out_of_transformers_is_measured(cells: dict[str, dict[str, object]]) -> None:
    cell = cells["custom_example:build"]
    assert cell["status"] == cells["joint_test"]["status"] == "ok", cell["reason"]
    numbers = cell["metrics"]
    assert isinstance(numbers, dict)
    assert numbers["params"] == numbers["params_video"] + numbers["params_text"] + 1
    forward, step = numbers["forward_text_gflop"], numbers["step_text_gflop"]
    # two layers of width 32 over 8 tokens: projections, scores and values, feed-forward of 64
    assert forward == 2 * (4 * 8 * 32**2 + 2 * 8**2 * 32 + 2 * 8 * 32 * 64) * 2 / 1e9
    assert step == pytest.approx(3 * forward)
    assert numbers["predicted_peak_bytes"] == numbers["peak_alloc_bytes"]


def test_an_error_of_its_forward_keeps_its_traceback(cells: dict[str, dict[str, object]]) -> None:
    cell = cells["broken:Raising"]
    assert cell["status"] == "error"
    assert cell["reason"] == (
        "AttributeError: 'Tensor' object has no attribute 'missing_attribute' "
        "(broken.py:7 in forward)"
    )
    failure = cell["failure"]
    assert isinstance(failure, dict) and failure["phase"] == "embed"
    assert 'broken.py", line 7, in forward' in failure["traceback"]
    assert "mask.missing_attribute" in failure["traceback"]


def test_an_error_in_build_is_reported_by_its_first_line(
    cells: dict[str, dict[str, object]],
) -> None:
    cell = cells["broken:unbuilt"]
    reason = "TypeError: cannot do 4 frames (broken.py:17 in unbuilt)"
    assert (cell["status"], cell["reason"]) == ("error", reason)
    failure = cell["failure"]
    assert isinstance(failure, dict) and failure["phase"] == "build"
    assert "since two were wanted" in failure["traceback"]


def test_a_wrong_result_is_one_sentence(cells: dict[str, dict[str, object]]) -> None:
    cell = cells["broken:Swapped"]
    assert cell["status"] == "error"
    assert cell["reason"] == (
        "broken:Swapped: forward returned (2, 32); it must return (video_BE, text_BE), "
        "two tensors of one shape (2, width)"
    )


def test_show_prints_one_record_in_full(folder: Path, cells: dict[str, dict[str, object]]) -> None:
    whole = invoke("show", "mine/own.yaml", str(cells["broken:Raising"]["id"]), folder=folder)
    assert whole.exit_code == 0 and "broken:Raising" in whole.stdout
    assert "mask.missing_attribute" in whole.stdout


def test_the_report_has_it_and_its_budgets_hold(folder: Path) -> None:
    done = invoke("report", "mine/own.yaml", "--out", "out", folder=folder)
    assert done.exit_code == 0, done.output
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "custom_example:build" in page and "broken:Swapped: forward returned" in page
    lines = (folder / "out" / "table.csv").read_text(encoding="utf-8").splitlines()
    assert sum("custom_example:build" in line for line in lines) == 1
    check = invoke("check", "mine/own.yaml", folder=folder)
    assert check.exit_code == 0, check.output
    assert check.stdout.count("PASS custom_example:build") == 2


def test_a_plan_predicts_it_and_says_why_not_the_broken(folder: Path) -> None:
    done = vbench("plan", "mine/own.yaml", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)  # what the code prints is elsewhere
    assert "printed by a user" in done.stderr
    assert "missing_attribute" in done.stdout and "cannot do 4 frames" in done.stdout
