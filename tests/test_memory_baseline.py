"""Growth of predictions over a committed baseline, in test suites of a user."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.plugin_suite import ending, run, section

# a row of weights, 1023 and a bias, is 4 KiB
SUITE = """
import pytest
from torch import nn, ones

def rows(count):
    return nn.Linear(1023, count), ones(1, 1023)

def step(state):
    state[0](state[1]).sum().backward()
    state[0].zero_grad()

def parameters(limit):
    return pytest.mark.memory_budget(max_growth=limit, category="parameter")

@parameters("1 %")
@pytest.mark.parametrize("count", NEW([101, 102], [100, 100]), ids=["kept", "too much"])
def test_share(predict_step, count):
    predict_step(lambda: rows(count), step)

@parameters("8 KiB")
@pytest.mark.parametrize("count", NEW([102, 103], [100, 100]), ids=["kept", "too much"])
def test_size(predict_step, count):
    predict_step(lambda: rows(count), step)

@pytest.mark.memory_budget(max_growth=0)
def test_equal(predict_step):
    predict_step(lambda: rows(100), step)
    predict_step(lambda: rows(50), step)

@parameters("50 %")
def test_other_number(predict_step):
    for _ in range(NEW(1, 2)):
        predict_step(lambda: rows(10), step)

@parameters("50 %")
def test_other_target(predict_step):
    predict_step(lambda: rows(10), step, target=NEW("cuda", "cpu"))

@parameters("50 %")
def test_other_card(predict_step):
    predict_step(lambda: rows(10), step, card=NEW("h100-80", "rtx4090"))

@parameters("50 %")
def test_old_torch_grown(predict_step):
    predict_step(lambda: rows(NEW(20, 10)), step)

@parameters("50 %")
def test_old_torch_equal(predict_step):
    predict_step(lambda: rows(10), step)

@pytest.mark.memory_budget("1 KiB", max_growth="1 %")
def test_above_its_size(predict_step):
    predict_step(lambda: rows(10), step)

@pytest.mark.memory_budget("1 MiB")
def test_without_growth(predict_step):
    predict_step(lambda: rows(10), step)

ATTEMPTS = []

@pytest.mark.memory_budget("90 KiB", max_growth=0)
def test_again(predict_step):
    ATTEMPTS.append(1)
    predict_step(lambda: rows(1000 if len(ATTEMPTS) == 1 else 10), step)
    assert len(ATTEMPTS) > 1, "fails at first"
"""
# as plugins that run a failed test again do
AGAIN = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    if item.name != "test_again":
        return None
    for attempt in range(2):
        item._initrequest()
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            if attempt == 0 and report.failed:
                report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
    return True

def pytest_report_teststatus(report):
    return ("rerun", "R", "RERUN") if report.outcome == "rerun" else None
"""
OLD, NEW = "NEW = lambda new, old: old\n", "NEW = lambda new, old: new\n"
UPDATE, FILE = "--update-memory-baseline", "memory_baseline.json"


def entries(folder: Path) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads((folder / FILE).read_text())["tests"]
    return {name.removeprefix("test_steps.py::"): entry for name, entry in found.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the baseline of the old sizes; two entries then say that another torch made them."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "conftest.py").write_text(AGAIN)
    first = run(folder, UPDATE, "-n", "1", suite=OLD + SUITE)
    assert "1 failed, 12 passed" in first, first
    assert "memory_budget: predictions of 11 tests in" in first
    text = (folder / FILE).read_text()
    data = json.loads(text)
    assert text == json.dumps(data, indent=1, sort_keys=True) + "\n"
    for name in ("test_old_torch_grown", "test_old_torch_equal"):
        data["tests"][f"test_steps.py::{name}"][0]["torch"] = "2.3"
    (folder / FILE).write_text(json.dumps(data))
    return folder


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    """Of the new sizes, with a test that the baseline does not know."""
    added = '\n@parameters("1 %")\n@pytest.mark.parametrize("case", ["a b"])\n'
    added += "def test_added(predict_step, case):\n    predict_step(lambda: rows(1), step)\n"
    return run(folder, "--memory-report", suite=NEW + SUITE + added)


def test_an_update_writes_the_tests_that_pass_and_judge_growth(folder: Path) -> None:
    found = entries(folder)
    assert "test_above_its_size" not in found and "test_without_growth" not in found
    sizes = [dict(each["metrics"]) for each in found["test_equal"]]  # type: ignore[call-overload]
    assert [each["predicted_parameter_bytes"] for each in sizes] == [100 * 4096, 50 * 4096]
    assert sorted(path.name for path in folder.iterdir() if "baseline" in path.name) == [FILE]


def test_growth_up_to_the_limit_passes_and_above_it_fails(output: str) -> None:
    for test in ("test_share", "test_size"):
        assert re.search(rf"^PASSED test_steps.py::{test}\[kept\]", output, re.M)
    lines = section(output, r"test_share\[too much\]").strip().splitlines()
    assert lines[0] == (
        "memory_budget: parameter is predicted to need 408.0 KiB (cpu), 8.0 KiB more than the "
        "400.0 KiB of the baseline, and may grow by 1 % or 4.0 KiB"
    )
    assert "at the peak grew: " in lines[1]
    assert "12.0 KiB more than the 400.0 KiB of the baseline, and may grow by 8.0 KiB" in section(
        output, r"test_size\[too much\]"
    )


def test_every_prediction_is_compared_with_its_own(output: str) -> None:
    assert ending(output, "test_equal") == "PASSED"
    assert section(output, "test_other_number").strip() == (
        "memory_budget: memory_baseline.json has 2 predictions for test_steps.py::"
        "test_other_number, which now makes 1; write them anew with "
        "`pytest --update-memory-baseline test_steps.py::test_other_number`"
    )


def test_a_missing_entry_fails_with_the_command_that_writes_it(output: str) -> None:
    assert section(output, r"test_added\[a b\]").strip() == (
        "memory_budget: memory_baseline.json has no entry for test_steps.py::test_added[a b]; "
        "write it with `pytest --update-memory-baseline 'test_steps.py::test_added[a b]'`"
    )


def test_an_entry_for_another_target_or_card_is_not_compared(output: str) -> None:
    said = section(output, "test_other_target").strip()
    assert said.startswith("memory_budget: cannot be compared: the baseline is for cpu, this")
    said = section(output, "test_other_card").strip()
    assert re.fullmatch(r".*the baseline is for rtx4090, this prediction for h100-80", said)


def test_growth_over_an_entry_of_another_torch_says_so(output: str) -> None:
    said = section(output, "test_old_torch_grown")
    assert "; the baseline was predicted with torch 2.3, this with 2." in said
    assert ending(output, "test_old_torch_equal") == "PASSED"


def test_a_test_that_runs_again_is_judged_by_its_last_attempt(output: str) -> None:
    assert ending(output, "test_again") == "PASSED" and "1 rerun" in output
    table = output.partition("= predicted memory =")[2].partition("= short test summary")[0]
    assert table.count("::test_again") == 1
    assert re.search(r"::test_again +8\d\.\d KiB +90\.0 KiB, \+0 %$", table, re.M)


def test_an_update_keeps_the_entries_of_tests_that_do_not_run(folder: Path, output: str) -> None:
    before = entries(folder)
    os.chmod(folder / FILE, 0o444)  # replaced in one step, not written into
    assert "2 passed" in run(folder, UPDATE, "-k", "test_share", suite=NEW + SUITE)
    after = entries(folder)
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed == {"test_share[kept]", "test_share[too much]"}
    assert before.keys() == after.keys()


def test_a_file_that_is_no_baseline_is_refused_before_any_test_runs(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    with pytest.raises(AssertionError, match=r"old\.json: schema None, this code reads 1; delete"):
        run(tmp_path, UPDATE, "-o", "memory_baseline=old.json", suite=NEW + SUITE)
