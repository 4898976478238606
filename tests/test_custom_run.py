"""Whole matrices of a user's own encoders through the command line, good ones and broken ones."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent / "encoders" / "custom_example.py"
BROKEN = """
from torch import nn
from custom_example import ViViT


class Raising(ViViT):
    def forward(self, clips, ids, mask):
        return super().forward(clips, ids, mask.missing_attribute)


class Swapped(ViViT):
    def forward(self, clips, ids, mask):
        print("printed by a user")
        return super().forward(clips, ids, mask)[0]


def unbuilt(load):
    raise TypeError(f"cannot do {load.frames} frames\\nsince two were wanted")
"""
MATRIX = """
about: what do my own encoders need?
protocol: {warmup: 1, steps: 1, timeout_s: 120}
axes:
  encoder: [custom_example:build, broken:Raising, broken:Swapped, broken:unbuilt, joint_test]
  frames: 4
  batch: 2
  resolution_px: 32
  caption_tokens: 8
  device: cpu
budgets:
- {metric: peak_alloc_bytes, where: {family: custom, encoder: custom_example:build}, max: 1 GiB}
- {metric: predicted_peak_bytes, where: {variant: custom_example:build}, max: 1 GiB}
"""


def vbench(*arguments: object, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "vbench_mem", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, own_locks: None) -> Path:
    """Where the matrix was run; the command is given from elsewhere than the code lies."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "mine").mkdir()
    shutil.copy(EXAMPLE, folder / "mine")
    (folder / "mine" / "broken.py").write_text(BROKEN, encoding="utf-8")
    (folder / "mine" / "own.yaml").write_text(MATRIX, encoding="utf-8")
    done = vbench("run", "mine/own.yaml", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def cells(folder: Path) -> dict[str, dict[str, object]]:
    """By variant, what `show` says of each."""
    (place,) = json.loads(vbench("show", "mine/own.yaml", "--json", folder=folder).stdout)
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
        "(broken.py:8 in forward)"
    )
    failure = cell["failure"]
    assert isinstance(failure, dict) and failure["phase"] == "embed"
    assert 'broken.py", line 8, in forward' in failure["traceback"]
    assert "mask.missing_attribute" in failure["traceback"]


def test_an_error_of_its_building_is_told_in_its_first_line(
    cells: dict[str, dict[str, object]],
) -> None:
    cell = cells["broken:unbuilt"]
    reason = "TypeError: cannot do 4 frames (broken.py:18 in unbuilt)"
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
    whole = vbench("show", "mine/own.yaml", cells["broken:Raising"]["id"], folder=folder)
    assert whole.returncode == 0 and "broken:Raising" in whole.stdout
    assert "mask.missing_attribute" in whole.stdout


def test_the_report_has_it_and_its_budgets_hold(folder: Path) -> None:
    done = vbench("report", "mine/own.yaml", "--out", "out", folder=folder)
    assert done.returncode == 0, done.stderr
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "custom_example:build" in page and "broken:Swapped: forward returned" in page
    lines = (folder / "out" / "table.csv").read_text(encoding="utf-8").splitlines()
    assert sum("custom_example:build" in line for line in lines) == 1
    check = vbench("check", "mine/own.yaml", folder=folder)
    assert check.returncode == 0, check.stdout
    assert check.stdout.count("PASS custom_example:build") == 2


def test_a_plan_predicts_it_and_says_why_not_the_broken(folder: Path) -> None:
    done = vbench("plan", "mine/own.yaml", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)  # what the code prints is elsewhere
    assert "printed by a user" in done.stderr
    assert "missing_attribute" in done.stdout and "cannot do 4 frames" in done.stdout
