"""A pytest plugin for memory budgets: the fixture `predict_step`, the marker `memory_budget`.

pytest imports this at every start: torch and the rest of the package are imported when needed.

    @pytest.mark.memory_budget("4 GiB")
    def test_a_step_fits(predict_step):
        predict_step(build, step)

`max_growth="1 %"` compares with a committed file, which `pytest --update-memory-baseline` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from vbench_mem.analysis.budgets.step import MemoryBudget
    from vbench_mem.probes.prediction import Prediction

MARKER, FIXTURE = "memory_budget", "predict_step"
OURS = PEAK, LIMIT = "predicted_peak_bytes", MARKER  # in a test's report, also in JUnit XML


PREDICTIONS = pytest.StashKey[list["Prediction"]]()
BUDGETS = pytest.StashKey[list["MemoryBudget"]]()
ENTRIES = "memory_entries"  # those of one test, in its report, which xdist carries as plain data


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("vbench_mem")
    group.addoption(
        "--memory-report",
        action="store_true",
        help="show the predicted memory of each test, as -v does",
    )
    group.addoption(
        "--update-memory-baseline",
        action="store_true",
        help=f"write what {MARKER}(max_growth=...) compares with, and check no growth; the entries "
        "of tests that do not run or do not pass are kept",
    )
    parser.addini(
        "memory_baseline",
        f"file that {MARKER}(max_growth=...) compares with, relative to the root folder",
        default="memory_baseline.json",
    )


def pytest_configure(config: pytest.Config) -> None:
    # the reports of xdist's workers go to the process that writes
    if config.getoption("update_memory_baseline") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(BaselineUpdate(baseline_path(config)))
    config.addinivalue_line(
        "markers",
        f"{MARKER}(size, max_growth=None, phase=None, category=None): fail the test if a training "
        f"step that it predicts with the fixture {FIXTURE} needs more memory than `size`, such as "
        "'4 GiB', or grows over its baseline by more than `max_growth`, such as '1 %' or '8 MiB'",
    )


@pytest.fixture
def predict_step(request: pytest.FixtureRequest) -> Callable[..., Prediction]:
    """`vbench_mem.predict_step`; its predictions are checked against the test's budgets."""
    predictions = request.node.stash[PREDICTIONS]

    def predict(
        build: Callable[[], Any], step: Callable[..., object], **options: Any
    ) -> Prediction:
        from vbench_mem.probes.any_step import predict_step

        predictions.append(predict_step(build, step, **options))
        return predictions[-1]

    return predict


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A budget that cannot be read or has no effect is an error of the test."""
    # a plugin may run a test again: each attempt is judged by its own predictions
    item.stash[PREDICTIONS] = []
    item.user_properties[:] = [each for each in item.user_properties if each[0] not in OURS]
    budgets: dict[object, MemoryBudget] = {}
    for mark in item.iter_markers(MARKER):  # the nearest comes first and counts
        for budget in read(mark):
            budgets.setdefault(budget.part, budget)
    if budgets and FIXTURE not in getattr(item, "fixturenames", ()):
        refuse(f"has no effect, since the test does not use the fixture {FIXTURE}")
    item.stash[BUDGETS] = list(budgets.values())


def read(mark: pytest.Mark) -> list[MemoryBudget]:
    from vbench_mem.analysis.budgets.step import budgets_of
    from vbench_mem.base.errors import UsageError

    try:
        return list(budgets_of(mark.args, mark.kwargs))
    except UsageError as error:
        why = str(error)
    refuse(why)


def refuse(why: str) -> NoReturn:
    pytest.fail(f"{MARKER}: {why}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Check the budgets of a test that has passed."""
    budgets = item.stash.get(BUDGETS, [])
    try:
        result = yield
    finally:
        predictions = item.stash.get(PREDICTIONS, [])
        item.user_properties += [(PEAK, each.peak_bytes) for each in predictions]
        if predictions:
            item.user_properties += [(LIMIT, str(budget)) for budget in budgets]
    if budgets and not predictions:
        refuse(f"has no effect, since the test never called {FIXTURE}")
    if broken := list(broken_by(item, predictions, budgets)):
        pytest.fail("\n\n".join(f"{MARKER}: {text}" for text in broken), pytrace=False)
    return result


def broken_by(
    item: pytest.Item, predictions: list[Prediction], budgets: list[MemoryBudget]
) -> Iterator[str]:
    """Messages about the budgets that are broken; growth is not judged in an update."""
    if not budgets:
        return
    from vbench_mem.analysis.budgets.step import judge_step
    from vbench_mem.analysis.budgets.step_baseline import entries_for
    from vbench_mem.base.errors import UsageError

    sizes, grown = ([each for each in budgets if each.is_growth == kind] for kind in (False, True))
    for prediction in predictions:
        yield from filter(None, (judge_step(prediction, each, None) for each in sizes))
    if not grown or item.config.getoption("update_memory_baseline"):
        return
    try:
        entries = entries_for(baseline_path(item.config), name_of(item), predictions)
    except UsageError as error:
        yield str(error)
        return
    for prediction, entry in zip(predictions, entries, strict=True):
        yield from filter(None, (judge_step(prediction, each, entry) for each in grown))


def baseline_path(config: pytest.Config) -> Path:
    return config.rootpath / str(config.getini("memory_baseline"))


def name_of(item: pytest.Item) -> str:
    """The node id, without what xdist adds to it for a group."""
    return item.nodeid if item.parent is None else f"{item.parent.nodeid}::{item.name}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In an update, the entries of a test that has passed go into its report."""
    report = yield
    updates = item.config.getoption("update_memory_baseline") and report.when == "call"
    if updates and report.passed and any(each.is_growth for each in item.stash[BUDGETS]):
        from vbench_mem.analysis.budgets.step_baseline import step_entry

        entries = [step_entry(each).model_dump(mode="json") for each in item.stash[PREDICTIONS]]
        vars(report)[ENTRIES] = {name_of(item): entries}
    return report


class BaselineUpdate:
    """Collects the entries of the tests that pass, and writes them at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fresh: dict[str, Any] = {}  # by node id

    def pytest_sessionstart(self) -> None:
        """A file that cannot be updated is refused before any test runs."""
        self.write()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.fresh |= vars(report).get(ENTRIES, {})

    def pytest_sessionfinish(self) -> None:
        if self.fresh:
            self.write()

    def write(self) -> None:
        from vbench_mem.analysis.budgets.step_baseline import update_step_baseline
        from vbench_mem.base.errors import UsageError

        try:
            update_step_baseline(self.path, self.fresh)
        except UsageError as error:
            raise pytest.UsageError(f"{MARKER}: {error}") from error

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.line(f"{MARKER}: predictions of {len(self.fresh)} tests in {self.path}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The predicted memory by test, also of xdist's workers."""
    if not config.getoption("memory_report") and config.get_verbosity() <= 0:
        return
    stats = terminalreporter.stats.items()
    reports = [each for kind, group in stats if kind != "rerun" for each in group]
    rows = [
        row for report in reports if getattr(report, "when", "") == "call" for row in of(report)
    ]
    if not rows:
        return
    rows = [("test", "predicted", "budget"), *sorted(rows)]
    wide = [max(len(row[place]) for row in rows) for place in range(2)]
    terminalreporter.section("predicted memory")
    for test, predicted, budget in rows:
        terminalreporter.line(f"{test:{wide[0]}}  {predicted:>{wide[1]}}  {budget}")


def of(report: pytest.TestReport) -> Iterator[tuple[str, str, str]]:
    from vbench_mem.base.units import format_bytes

    properties = [(str(name), value) for name, value in report.user_properties]
    peaks = [int(str(value)) for name, value in properties if name == PEAK]
    limits = [str(value) for name, value in properties if name == LIMIT]
    if peaks:
        yield report.nodeid, format_bytes(max(peaks)), ", ".join(limits) or "none"
