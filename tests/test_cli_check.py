"""`check` from the command line: it predicts what it judges, and tells people and machines."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
from typer.testing import CliRunner, Result

from tests.budgets.made import MIB, MODULES, predicted
from vbench_mem.budgets.foresee import Outcome, Wanted
from vbench_mem.cli import app
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.prediction import Prediction, Unpredicted

ROOT = Path(__file__).parent.parent
HEAD = """\
about: does it grow?
axes: {encoder: joint_test, resolution_px: 32, frames: [4, 8], batch: 2, device: cpu}
"""
GROWTH = HEAD + (
    "baseline: base.json\nbudgets:\n  - {metric: predicted_peak_bytes, max_growth: 0.01}\n"
)
LARGER = MODULES | {"video.blocks.*.mlp.act": {"activation": 192 * MIB}}


def invoke(*arguments: object, **environ: str) -> Result:
    settings = {"COLUMNS": "80", "GITHUB_ACTIONS": "", **environ}
    return CliRunner(env=settings).invoke(app, ["check", *(str(item) for item in arguments)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.yaml"
    path.write_text(GROWTH)
    return path


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[int, Prediction | Unpredicted]:
    """Predictions by the cell's frames in place of those of the code, and no others are made."""
    given: dict[int, Prediction | Unpredicted] = {4: predicted(), 8: predicted()}

    def answer(wanted: Wanted) -> Mapping[str, Outcome]:
        return {key: given[cell.load.frames] for key, (cell, _) in wanted.items()}

    monkeypatch.setattr("vbench_mem.cli.predicting.predict_shown", answer)
    return given


Made = dict[int, Prediction | Unpredicted]


def test_a_limit_on_growth_holds_breaks_and_holds_again(path: Path, made: Made) -> None:
    first = invoke(path, "--update-baseline")
    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines()[:2] == [
        "joint_test frames=4 batch=2 resolution_px=32 device=cpu: new",
        "joint_test frames=8 batch=2 resolution_px=32 device=cpu: new",
    ]
    held = invoke(path)
    assert (held.exit_code, held.stdout.count("PASS")) == (0, 2)
    made[8] = predicted(LARGER)
    broken = invoke(path)
    assert broken.exit_code == 1
    assert broken.stdout.splitlines()[1:] == [
        "FAIL joint_test frames=8: predicted_peak_bytes is 96.0 MiB (96.00 %) above the baseline "
        "of 100.0 MiB, limit 1 % or 1.0 MiB, 95.0 MiB over",
        "     at the peak grew: video.blocks.*.mlp.act activation +96.0 MiB",
        "2 verdicts: 1 pass, 1 fail",
        "growth that is meant: run this check with --update-baseline",
    ]
    agreed = invoke(path, "--update-baseline")
    assert "96.0 MiB (96.00 %) above the baseline of 100.0 MiB" in agreed.stdout
    assert invoke(path).exit_code == 0


def test_the_baseline_is_rewritten_byte_for_byte(path: Path, made: Made) -> None:
    file = path.parent / "base.json"
    invoke(path, "--update-baseline")
    first = file.read_bytes()
    path.write_text(GROWTH.replace("[4, 8]", "[8, 4]"))
    again = invoke(path, "--update-baseline")
    assert file.read_bytes() == first
    assert again.stdout == f"{file}: 2 cells, as it was\n"
    assert sorted(item.name for item in path.parent.iterdir()) == ["base.json", "m.yaml"]


def test_a_cell_that_came_or_went_is_told(path: Path, made: Made) -> None:
    invoke(path, "--update-baseline")
    made[16] = predicted()
    path.write_text(GROWTH.replace("[4, 8]", "[4, 16]"))
    result = invoke(path)
    assert result.exit_code == 1
    assert "FAIL joint_test frames=16: not in the baseline; run" in result.stdout
    assert result.stderr.startswith("joint_test frames=8 batch=2 resolution_px=32 device=cpu: in")
    path.write_text(GROWTH.replace("[4, 8]", "4"))
    result = invoke(path)
    assert (result.exit_code, result.stderr.count("no cell of the matrix")) == (0, 1)


def test_a_baseline_that_was_cut_by_hand_is_written_whole_again(path: Path, made: Made) -> None:
    invoke(path, "--update-baseline")
    file = path.parent / "base.json"
    whole = file.read_text()
    cut = json.loads(whole)
    for entry in cut["cells"].values():
        del entry["metrics"]["predicted_peak_bytes"]
    file.write_text(json.dumps(cut))
    again = invoke(path, "--update-baseline")
    assert again.exit_code == 0, again.output
    assert again.stdout.count("predicted_peak_bytes was not in the baseline\n") == 2
    assert file.read_text() == whole


def test_one_cell_is_not_called_cells(path: Path, made: Made) -> None:
    path.write_text(GROWTH.replace("[4, 8]", "4"))
    assert invoke(path, "--update-baseline").stdout.endswith("base.json: 1 cell, written\n")


def test_what_cannot_be_predicted_fails_and_is_left_out_of_the_baseline(
    path: Path, made: Made
) -> None:
    made[8] = Unpredicted(reason="it is compiled")
    updated = invoke(path, "--update-baseline")
    assert updated.exit_code == 0
    assert "frames=8 batch=2 resolution_px=32 device=cpu: left out" in updated.stderr
    result = invoke(path)
    assert result.exit_code == 1
    assert (
        "FAIL joint_test frames=8: predicted_peak_bytes was not predicted (it is" in result.stdout
    )


def test_a_cell_that_cannot_be_predicted_any_more_keeps_its_entry(path: Path, made: Made) -> None:
    file = path.parent / "base.json"
    invoke(path, "--update-baseline")
    before = json.loads(file.read_text())["cells"]
    made[4], made[8] = predicted(LARGER), Unpredicted(reason="it is compiled")
    updated = invoke(path, "--update-baseline")
    name = "joint_test frames=8 batch=2 resolution_px=32 device=cpu"
    assert updated.exit_code == 0
    assert (
        updated.stderr == f"{name}: its old entry is kept, it cannot be predicted: it is compiled\n"
    )
    assert name not in updated.stdout
    after = json.loads(file.read_text())["cells"]
    assert after.keys() == before.keys() and after[name] == before[name]
    assert [key for key in after if after[key] != before[key]] == [name.replace("=8", "=4")]


@pytest.mark.parametrize("said", ["no baseline there yet", "not JSON"])
@pytest.mark.parametrize("arguments", [(), ("m.yaml", "--budgets", "limits here.yaml")])
def test_the_hint_for_a_baseline_is_a_command_that_writes_it(
    arguments: tuple[str, ...],
    said: str,
    path: Path,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(path.parent)
    path.write_text(HEAD)
    limits = "matrix: m.yaml\nbaseline: b.json\nbudgets: [{metric: %s, max_growth: 0.01}]\n"
    Path(arguments[-1] if arguments else "budgets.yaml").write_text(limits % "predicted_peak_bytes")
    if said == "not JSON":
        Path("b.json").write_text("half")
    result = invoke(*arguments)
    assert result.exit_code == 2 and said in result.stderr
    program, verb, *hinted = shlex.split(result.stderr.split("`")[1])
    assert (program, verb) == ("vbench-mem", "check")
    Path("b.json").unlink(missing_ok=True)
    assert invoke(*hinted).exit_code == 0 and Path("b.json").exists()
    assert invoke(*arguments).exit_code == 0


def test_predicted_budgets_need_no_record_and_measured_ones_do(
    path: Path, made: Made, tmp_path: Path
) -> None:
    limits = "budgets:\n- {metric: predicted_peak_bytes, max: 1 GiB}\n"
    path.write_text(HEAD + limits)
    assert invoke(path, "--store", tmp_path / "none").exit_code == 0
    path.write_text(HEAD + limits + "- {metric: step_ms, max: 5}\n")
    mixed = invoke(path, "--store", tmp_path / "none", "--json")
    assert mixed.exit_code == 3
    said = json.loads(mixed.stdout)
    assert [verdict["outcome"] for verdict in said["verdicts"]] == ["pass", "pass"]
    assert "no records; measure with" in said["reason"] and said["reason"] in mixed.stderr
    path.write_text(HEAD + limits.replace("1 GiB", "1 MiB") + "- {metric: step_ms, max: 5}\n")
    assert invoke(path, "--store", tmp_path / "none").exit_code == 1
    assert not (tmp_path / "none").exists()


def test_json_has_what_grew_and_where_the_budget_stands(path: Path, made: Made) -> None:
    invoke(path, "--update-baseline")
    made[8] = predicted(LARGER)
    result = invoke(path, "--json")
    said = json.loads(result.stdout)
    assert said["exit_code"] == result.exit_code == 1
    good, bad = said["verdicts"]
    assert good["changes"] == [] and bad["changes"] == [
        {
            "module": "video.blocks.*.mlp.act",
            "category": "activation",
            "before_bytes": 96 * MIB,
            "after_bytes": 192 * MIB,
        }
    ]
    assert (bad["baseline"], bad["actual"]) == (100 * MIB, 196 * MIB)
    assert (bad["file"], bad["line"], bad["budget"]) == (str(path), 5, "budgets[0]")


def test_junit_is_written_whether_it_holds_or_not(path: Path, made: Made, tmp_path: Path) -> None:
    report = tmp_path / "new" / "memory.xml"
    invoke(path, "--update-baseline")
    assert invoke(path, "--junit", report).exit_code == 0
    assert xml.parse(report).getroot().get("failures") == "0"
    made[8] = predicted(LARGER)
    assert invoke(path, "--junit", report).exit_code == 1
    (failure,) = xml.parse(report).getroot().iter("failure")
    assert "video.blocks.*.mlp.act activation +96.0 MiB" in (failure.text or "")
    refused = invoke(path, "--junit", tmp_path)
    assert refused.exit_code == 2 and "is a folder" in refused.stderr


def test_on_github_it_annotates_and_adds_to_the_summary(path: Path, made: Made) -> None:
    invoke(path, "--update-baseline")
    made[8] = predicted(LARGER)
    summary = path.parent / "summary.md"
    summary.write_text("### before\n")
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_WORKSPACE": str(path.parent),
    }
    result = invoke(path, **github)
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("::")]
    assert line.startswith(
        "::error file=m.yaml,line=5,title=FAIL predicted_peak_bytes max_growth::joint_test frames=8"
    )
    assert "96.00 %25" in line and "%0Aat the peak grew: video.blocks" in line
    text = summary.read_text()
    assert text.startswith("### before\n### vbench-mem check m: 1 of 2 verdicts fail\n")
    as_json = invoke(path, "--json", **github)
    assert json.loads(as_json.stdout)["exit_code"] == 1 and "::error" in as_json.stderr
    nowhere = invoke(path, **github | {"GITHUB_STEP_SUMMARY": str(path.parent)})
    assert nowhere.exit_code == 1 and "no summary" in nowhere.stderr
    assert "::" not in invoke(path).stdout


def test_a_budgets_file_is_found_by_its_name(
    path: Path, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bare = invoke()
    assert bare.exit_code == 2 and "name a matrix, or write budgets.yaml" in bare.stderr
    path.write_text(HEAD)
    limits = "matrix: m.yaml\nbudgets: [{metric: predicted_peak_bytes, max: 99 MiB}]\n"
    Path("budgets.yaml").write_text(limits)
    assert invoke().stdout.count("FAIL") == 2
    Path("other.yaml").write_text(limits.replace("99", "100"))
    assert invoke("--budgets", "other.yaml").exit_code == 0
    assert invoke("m.yaml").exit_code == 3  # of itself the matrix states none


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        (GROWTH, (), "base.json: no baseline there yet; write it with"),
        (GROWTH.replace("baseline: base.json\n", ""), (), "max_growth needs a baseline; write"),
        (HEAD, ("--update-baseline",), "no baseline to write; write baseline: m_baseline.json"),
        (GROWTH, ("--update-baseline", "--json"), "leave out --junit and --json"),
        (GROWTH.replace("base.json", "m.yaml"), ("--update-baseline",), "m.yaml: not JSON"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2_before_any_work(
    text: str, arguments: tuple[str, ...], says: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vbench_mem.cli.predicting.predict_shown", None)
    path.write_text(text)
    result = invoke(path, *arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ") and says in result.stderr
    assert path.read_text() == text


CHANGED = ("return x * torch.sigmoid(1.702 * x)", "return x.sin() * torch.sigmoid(1.702 * x)")
BOTH = """\
about: does it grow?
axes: {encoder: joint_test, activation: [gelu, quick_gelu], frames: 16, batch: 8, device: cpu}
baseline: base.json
budgets: [{metric: predicted_backward_peak_bytes, max_growth: 0.01}]
"""


def test_a_layer_that_keeps_one_more_activation_is_named_and_an_untouched_encoder_holds(
    tmp_path: Path,
) -> None:
    """The code itself is edited, in a copy of the package; nothing is stood in for."""
    package = tmp_path / "vbench_mem"
    shutil.copytree(ROOT / "vbench_mem", package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "both.yaml").write_text(BOTH)

    def vbench(*arguments: str) -> "subprocess.CompletedProcess[str]":
        environ = {**os.environ, "PYTHONPATH": str(tmp_path), "GITHUB_ACTIONS": ""}
        command = [sys.executable, "-m", "vbench_mem", "check", "both.yaml", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )

    done = vbench("--update-baseline")
    assert done.returncode == 0, done.stderr
    layers = package / "encoders" / "layers.py"
    before = layers.read_text()
    layers.write_text(before.replace(*CHANGED))
    assert layers.read_text() != before
    broken = vbench("--json")
    assert broken.returncode == 1, broken.stderr
    untouched, touched = json.loads(broken.stdout)["verdicts"]
    assert (untouched["label"], untouched["outcome"]) == ("joint_test", "pass")
    assert untouched["changes"] == [] and untouched["actual"] == untouched["baseline"]
    assert touched["label"] == "joint_test,activation=quick_gelu"
    assert touched["outcome"] == "fail"
    assert touched["notes"] == ["at the peak grew: video.blocks.*.mlp.act activation +8.0 MiB"]
    spec = ENCODERS["joint_test"].spec
    tokens = 16 // spec.tubelet_frames * (spec.resolution_px // spec.patch_px) ** 2
    kept = 8 * tokens * spec.tower.mlp * spec.tower.depth * 4  # in every layer, float32
    assert touched["actual"] - touched["baseline"] == kept == 8 * MIB
