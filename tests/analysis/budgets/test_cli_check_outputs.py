"""`check` predicts what it judges, and tells people and machines."""

import json
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from tests.analysis.budgets.checking import GROWTH, HEAD, LARGER, Made, invoke
from tests.analysis.budgets.made import MIB, predicted


def test_predicted_budgets_need_no_record_and_measured_ones_do(
    path: Path, made: Made, tmp_path: Path
) -> None:
    limits = "budgets:\n- {metric: predicted_peak_bytes, max: 1 GiB}\n"
    path.write_text(HEAD + limits)
    assert invoke(path, "--store", tmp_path / "none").exit_code == 0
    path.write_text(HEAD + limits + "- {metric: step_ms, max: 5}\n")
    mixed = invoke(path, "--store", tmp_path / "none", "--json")
    assert mixed.exit_code == 3
    data = json.loads(mixed.stdout)
    assert [verdict["outcome"] for verdict in data["verdicts"]] == ["pass", "pass"]
    assert "no records; measure with" in data["reason"] and data["reason"] in mixed.stderr
    path.write_text(HEAD + limits.replace("1 GiB", "1 MiB") + "- {metric: step_ms, max: 5}\n")
    assert invoke(path, "--store", tmp_path / "none").exit_code == 1
    assert not (tmp_path / "none").exists()


def test_json_has_what_grew_and_where_the_budget_stands(path: Path, made: Made) -> None:
    invoke(path, "--update-baseline")
    made[8] = predicted(LARGER)
    result = invoke(path, "--json")
    data = json.loads(result.stdout)
    assert data["exit_code"] == result.exit_code == 1
    good, bad = data["verdicts"]
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


def test_junit_is_written_for_passes_and_failures(path: Path, made: Made, tmp_path: Path) -> None:
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
    assert text.startswith("### before\n### vbench-mem check m, verdicts: 2 (1 pass, 1 fail)\n")
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
    assert bare.exit_code == 2 and "name a MATRIX, or write a file budgets.yaml" in bare.stderr
    path.write_text(HEAD)
    limits = "matrix: m.yaml\nbudgets: [{metric: predicted_peak_bytes, max: 99 MiB}]\n"
    Path("budgets.yaml").write_text(limits)
    assert invoke().stdout.count("FAIL") == 2
    Path("other.yaml").write_text(limits.replace("99", "100"))
    assert invoke("--budgets", "other.yaml").exit_code == 0
    assert invoke("m.yaml").exit_code == 3  # of itself the matrix states none


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        (GROWTH, (), "base.json: the baseline does not exist yet; write it with"),
        (GROWTH.replace("baseline: base.json\n", ""), (), "max_growth needs a baseline; write"),
        (HEAD, ("--update-baseline",), "no baseline to write; write baseline: m_baseline.json"),
        (GROWTH, ("--update-baseline", "--json"), "leave out --junit and --json"),
        (GROWTH.replace("base.json", "m.yaml"), ("--update-baseline",), "m.yaml: not JSON"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2_before_any_work(
    text: str,
    arguments: tuple[str, ...],
    expected: str,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vbench_mem.cli.predicting.predict_shown", None)
    path.write_text(text)
    result = invoke(path, *arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ") and expected in result.stderr
    assert path.read_text() == text
