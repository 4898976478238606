"""`check` holds predictions against a baseline, and writes the baseline."""

import json
import shlex
from pathlib import Path

import pytest

from tests.analysis.budgets.checking import GROWTH, HEAD, LARGER, Made, invoke
from tests.analysis.budgets.made import predicted
from vbench_mem.probes.prediction import Unpredicted


def test_a_limit_on_growth_holds_breaks_and_holds_again(path: Path, made: Made) -> None:
    first = invoke(path, "--update-baseline")
    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines()[:2] == [
        "joint_test frames=4 batch=2 resolution_px=32 device=cpu: added",
        "joint_test frames=8 batch=2 resolution_px=32 device=cpu: added",
    ]
    passed = invoke(path)
    assert (passed.exit_code, passed.stdout.count("PASS")) == (0, 2)
    made[8] = predicted(LARGER)
    broken = invoke(path)
    assert broken.exit_code == 1
    assert broken.stdout.splitlines()[1:] == [
        "FAIL joint_test frames=8: predicted_peak_bytes is 96.0 MiB (96.00 %) above the baseline "
        "of 100.0 MiB, 95.0 MiB more than the limit of 1 % or 1.0 MiB",
        "     at the peak grew: video.blocks.*.mlp.act activation +96.0 MiB",
        "verdicts: 2 (1 pass, 1 fail)",
        "to accept the growth: run this check with --update-baseline",
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
    assert again.stdout == f"{file}: unchanged, cells: 2\n"
    assert sorted(item.name for item in path.parent.iterdir()) == ["base.json", "m.yaml"]


def test_added_and_removed_cells_are_reported(path: Path, made: Made) -> None:
    invoke(path, "--update-baseline")
    made[16] = predicted()
    path.write_text(GROWTH.replace("[4, 8]", "[4, 16]"))
    result = invoke(path)
    assert result.exit_code == 1
    assert "FAIL joint_test frames=16: not in the baseline; run" in result.stdout
    assert result.stderr.startswith(
        "joint_test frames=8 batch=2 resolution_px=32 device=cpu: is in"
    )
    path.write_text(GROWTH.replace("[4, 8]", "4"))
    result = invoke(path)
    assert (result.exit_code, result.stderr.count("but not in the matrix")) == (0, 1)


def test_a_baseline_edited_by_hand_is_written_whole_again(path: Path, made: Made) -> None:
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
    assert invoke(path, "--update-baseline").stdout.endswith("base.json: written, cells: 1\n")


def test_a_cell_that_cannot_be_predicted_fails_and_is_not_in_the_baseline(
    path: Path, made: Made
) -> None:
    made[8] = Unpredicted(reason="it is compiled")
    updated = invoke(path, "--update-baseline")
    assert updated.exit_code == 0
    assert (
        "frames=8 batch=2 resolution_px=32 device=cpu: cannot be predicted, left out"
        in updated.stderr
    )
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
    assert updated.stderr == f"{name}: cannot be predicted, its old entry is kept: it is compiled\n"
    assert name not in updated.stdout
    after = json.loads(file.read_text())["cells"]
    assert after.keys() == before.keys() and after[name] == before[name]
    assert [key for key in after if after[key] != before[key]] == [name.replace("=8", "=4")]


@pytest.mark.parametrize("expected", ["the baseline does not exist yet", "not JSON"])
@pytest.mark.parametrize("arguments", [(), ("m.yaml", "--budgets", "limits here.yaml")])
def test_the_hint_for_a_baseline_is_a_command_that_writes_it(
    arguments: tuple[str, ...],
    expected: str,
    path: Path,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(path.parent)
    path.write_text(HEAD)
    limits = "matrix: m.yaml\nbaseline: b.json\nbudgets: [{metric: %s, max_growth: 0.01}]\n"
    Path(arguments[-1] if arguments else "budgets.yaml").write_text(limits % "predicted_peak_bytes")
    if expected == "not JSON":
        Path("b.json").write_text("half")
    result = invoke(*arguments)
    assert result.exit_code == 2 and expected in result.stderr
    program, verb, *hinted = shlex.split(result.stderr.split("`")[1])
    assert (program, verb) == ("vbench-mem", "check")
    Path("b.json").unlink(missing_ok=True)
    assert invoke(*hinted).exit_code == 0 and Path("b.json").exists()
    assert invoke(*arguments).exit_code == 0
