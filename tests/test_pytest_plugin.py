"""The pytest plugin, in test suites of a user."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.plugin_suite import HEAD, PLUGIN, ROOT, ending, run, section

SUITE = """
@pytest.mark.memory_budget("3 MiB")
def test_fits(predict_step):
    assert predict_step(build, step).categories["parameter"] == MIB

@pytest.mark.memory_budget("1.5 MiB")
def test_too_large(predict_step):
    predict_step(build, step)

@pytest.mark.memory_budget(3 * MIB)
def test_one_of_two_is_too_large(predict_step):
    predict_step(build, step)
    predict_step(lambda: [build(), build(), build()], lambda built: step(built[0]))

@pytest.mark.memory_budget("1.5 MiB", phase="forward")
@pytest.mark.memory_budget("0.5 MiB", category="gradient")
def test_parts(predict_step):
    predict_step(build, step)

@pytest.mark.memory_budget("1 MiB", phase="optimizer")
def test_absent_phase(predict_step):
    predict_step(build, infer)

@pytest.mark.memory_budget("4 GB")
def test_decimal(predict_step):
    raise AssertionError("never comes here")

@pytest.mark.memory_budget(max_growth="8 MB")
def test_bad_growth(predict_step): ...

@pytest.mark.memory_budget("0.0019 GiB")  # 1.95 MiB
def test_a_decimal_is_too_small(predict_step):
    predict_step(build, step)

@pytest.mark.memory_budget("0.0021 GiB")  # 2.15 MiB
def test_a_decimal_is_enough(predict_step):
    predict_step(build, step)

def test_options_reach_the_prediction(predict_step):
    assert predict_step(build, step, card="h100-80").card == "h100-80"
    assert predict_step(build, lambda state, item: step(state), steps=[1, 2]).card is None

@pytest.mark.memory_budget("4 GiB", phase="forwards")
def test_unknown_phase(predict_step): ...

@pytest.mark.memory_budget("4 GiB", phase="forward", category="gradient")
def test_both(predict_step): ...

@pytest.mark.memory_budget(limit="4 GiB")
def test_no_size(predict_step): ...

@pytest.mark.memory_budget("4 GiB")
def test_without_the_fixture(): ...

@pytest.mark.memory_budget("4 GiB")
def test_never_called(predict_step): ...

@pytest.mark.memory_budget("1 KiB")
def test_fails_by_itself(predict_step):
    predict_step(build, step)
    raise ValueError("its own")

@pytest.mark.memory_budget("1 KiB")
def test_skips(predict_step):
    pytest.skip("not today")

def test_without_a_budget(predict_step):
    predict_step(build, step)

@pytest.mark.memory_budget("1 KiB")
class TestNearest:
    @pytest.mark.memory_budget("3 MiB")
    def test_wide(self, predict_step):
        predict_step(build, step)

    def test_narrow(self, predict_step):
        predict_step(build, step)
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("suite")
    return run(
        folder, "--memory-report", f"--junitxml={folder / 'junit.xml'}", suite=HEAD + SUITE
    ) + (folder / "junit.xml").read_text("utf-8")


def test_a_step_within_its_budget_passes(output: str) -> None:
    assert ending(output, "test_fits") == "PASSED"
    assert ending(output, "test_without_a_budget") == "PASSED"


def test_a_budget_may_be_a_decimal(output: str) -> None:
    assert ending(output, "test_a_decimal_is_too_small") == "FAILED"
    assert ending(output, "test_a_decimal_is_enough") == "PASSED"


def test_the_card_and_a_list_of_steps_reach_the_prediction(output: str) -> None:
    assert ending(output, "test_options_reach_the_prediction") == "PASSED"


def test_a_step_above_its_budget_fails_with_the_memory_by_module(output: str) -> None:
    assert ending(output, "test_too_large") == "FAILED"
    output_of_test = section(output, "test_too_large")
    lines = output_of_test.strip().splitlines()
    # weights, their gradients, the batch, and two sums: 2 MiB + 16 KiB + a few bytes
    assert lines[0].startswith("memory_budget: a step is predicted to need 2.0 MiB (cpu), ")
    assert lines[0].endswith("more than the budget of 1.5 MiB")
    assert lines[1].startswith("the step's peak, 2.0 MiB, is in backward: parameter 1.0 MiB, grad")
    assert re.fullmatch(r"  \(top level\)\s+.*parameter 1\.0 MiB.*", lines[2])
    assert (
        "Traceback" not in output_of_test
        and "pytest_plugin.py" not in output_of_test
        and "def " not in output_of_test
    )


def test_every_prediction_of_a_test_counts(output: str) -> None:
    output_of_test = section(output, "test_one_of_two_is_too_large")
    assert output_of_test.count("memory_budget: a step is predicted to need") == 1
    assert "need 4.0 MiB (cpu)" in output_of_test


def test_parts_of_a_step_have_budgets_of_their_own(output: str) -> None:
    output_of_test = section(output, "test_parts")
    assert "memory_budget: gradient is predicted to need 1.0 MiB" in output_of_test
    assert "memory_budget: forward" not in output_of_test, (
        "1 MiB of weights and a batch fit 1.5 MiB"
    )
    output_of_test = section(output, "test_absent_phase")
    assert (
        output_of_test.strip() == "memory_budget: the step has no phase optimizer; it has forward"
    )


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ("test_decimal", "'4 GB' is not a size; write it like '4 GiB'"),
        ("test_bad_growth", "max_growth: '8 MB' is not a size; write it like '8 MiB'; or a share"),
        ("test_unknown_phase", "'forwards' is not known; did you mean forward?"),
        ("test_both", "phase and category exclude each other"),
        (
            "test_no_size",
            'takes one size, max_growth, or both; write @pytest.mark.memory_budget("4 GiB")',
        ),
        ("test_without_the_fixture", "has no effect, since the test does not use the fixture"),
    ],
)
def test_a_budget_that_cannot_be_checked_is_an_error_in_one_sentence(
    output: str, test: str, sentence: str
) -> None:
    assert ending(output, test) == "ERROR"
    output_of_test = section(output, test).strip()
    assert output_of_test.startswith(f"memory_budget: {sentence}")
    assert "\n" not in output_of_test


def test_a_budget_without_a_prediction_fails(output: str) -> None:
    assert ending(output, "test_never_called") == "FAILED"
    assert "the test never called predict_step" in section(output, "test_never_called")


def test_a_test_that_ends_otherwise_keeps_its_own_ending(output: str) -> None:
    assert "ValueError: its own" in section(output, "test_fails_by_itself")
    assert "memory_budget:" not in section(output, "test_fails_by_itself")
    assert "1 skipped" in output


def test_the_nearest_of_two_like_budgets_counts(output: str) -> None:
    assert ending(output, "TestNearest::test_wide") == "PASSED"
    assert ending(output, "TestNearest::test_narrow") == "FAILED"


def test_the_report_lists_what_was_predicted(output: str) -> None:
    table = output.partition("= predicted memory =")[2]
    rows = {row.split()[0]: re.split(r"\s{2,}", row) for row in table.splitlines() if "::" in row}
    assert rows["test_steps.py::test_fits"][1:] == ["2.0 MiB", "3.0 MiB"]
    assert rows["test_steps.py::test_one_of_two_is_too_large"][1:] == ["4.0 MiB", "3.0 MiB"]
    assert rows["test_steps.py::test_parts"][2] == "512.0 KiB gradient, 1.5 MiB forward"
    assert rows["test_steps.py::test_without_a_budget"][2] == "none"
    assert "test_steps.py::test_never_called" not in rows


def test_junit_keeps_what_was_predicted(output: str) -> None:
    suites = ElementTree.fromstring(output[output.index("<?xml") :])
    (case,) = (each for each in suites.iter("testcase") if each.get("name") == "test_fits")
    found = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert found["memory_budget"] == "3.0 MiB"
    assert 2 * 2**20 < int(found["predicted_peak_bytes"] or 0) < 2.1 * 2**20


def test_it_is_the_same_over_the_workers_of_xdist(output: str, tmp_path: Path) -> None:
    spread = run(tmp_path, "-n", "2", "-v", suite=HEAD + SUITE)
    counts = re.compile(r"=+ (\d+ failed, .*?) in ")
    assert counts.findall(spread) == counts.findall(output) != []
    table = spread.partition("= predicted memory =")[2]
    assert re.search(r"test_fits +2\.0 MiB +3\.0 MiB", table)


def test_predictions_are_reported_only_on_request_and_where_there_are_some(tmp_path: Path) -> None:
    assert "predicted memory" not in run(tmp_path, "-k", "test_fits", suite=HEAD + SUITE)
    assert "predicted memory" not in run(tmp_path, "-v", suite="def test_nothing(): ...")


def test_pytest_starts_without_torch_and_without_the_rest_of_the_package(tmp_path: Path) -> None:
    suite = """
import sys

def test_light(pytestconfig):
    assert pytestconfig.pluginmanager.has_plugin("vbench_mem.pytest_plugin")
    ours = {name for name in sys.modules if name.startswith("vbench_mem")}
    version = {"vbench_mem.base", "vbench_mem.base.version"}
    assert ours == {"vbench_mem", "vbench_mem.pytest_plugin", *version}
    assert not {"torch", "pydantic", "numpy"} & set(sys.modules)
"""
    assert "1 passed" in run(tmp_path, suite=suite)


def test_the_package_can_be_used_without_pytest() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None; from vbench_mem import predict_step;"
        "import vbench_mem.cli; assert 'vbench_mem.pytest_plugin' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_plugin_is_registered_under_the_packages_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"vbench_mem": PLUGIN}
