"""A pytest plugin for memory budgets: the fixture `predict_step`, the marker `memory_budget`.

pytest imports this at every start: torch and the rest of the package are imported when needed.

    @pytest.mark.memory_budget("4 GiB")
    def test_a_step_fits(predict_step):
        predict_step(build, step)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import pytest

if TYPE_CHECKING:
    from vbench_mem.probes.prediction import Prediction, Target

MARKER, FIXTURE = "memory_budget", "predict_step"
USE = f'write @pytest.mark.{MARKER}("4 GiB"), with phase= or category= where only a part counts'
SHOWN = 5  # modules in a message
PEAK, LIMIT = "predicted_peak_bytes", MARKER  # properties of a test's report, also in JUnit XML


class MemoryBudget(NamedTuple):
    """At most `limit` bytes in the whole step, in one phase, or in one category at the peak."""

    limit: int
    phase: str | None
    category: str | None

    def __str__(self) -> str:
        from vbench_mem.base.units import format_bytes

        return " ".join(filter(None, (format_bytes(self.limit), self.phase or self.category)))


PREDICTIONS = pytest.StashKey[list["Prediction"]]()
BUDGETS = pytest.StashKey[list[MemoryBudget]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("vbench_mem").addoption(
        "--memory-report",
        action="store_true",
        help="show the predicted memory of each test, as -v does",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(size, phase=None, category=None): fail the test if a training step that it "
        f"predicts with the fixture {FIXTURE} needs more memory than `size`, such as '4 GiB'",
    )


@pytest.fixture
def predict_step(request: pytest.FixtureRequest) -> Callable[..., Prediction]:
    """`vbench_mem.predict_step`; its predictions are checked against the test's budgets."""
    predictions = request.node.stash.setdefault(PREDICTIONS, [])

    def predict(
        build: Callable[[], Any],
        step: Callable[[Any], object],
        *,
        steps: int = 2,
        target: Target = "cpu",
    ) -> Prediction:
        from vbench_mem.probes.any_step import predict_step

        predictions.append(predict_step(build, step, steps=steps, target=target))
        return predictions[-1]

    return predict


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A budget that cannot be read or has no effect is an error of the test."""
    budgets: dict[tuple[str | None, str | None], MemoryBudget] = {}
    for mark in item.iter_markers(MARKER):  # the nearest comes first and counts
        budget = read(mark)
        budgets.setdefault((budget.phase, budget.category), budget)
    if budgets and FIXTURE not in getattr(item, "fixturenames", ()):
        refuse(f"has no effect, since the test does not use the fixture {FIXTURE}")
    item.stash[BUDGETS] = list(budgets.values())


def read(mark: pytest.Mark) -> MemoryBudget:
    from vbench_mem.base.errors import UsageError, nearest
    from vbench_mem.base.units import parse_bytes
    from vbench_mem.probes.prediction import STEP_PHASES
    from vbench_mem.probes.timeline import CATEGORIES

    if len(mark.args) != 1 or mark.kwargs.keys() - {"phase", "category"}:
        refuse(f"takes one size; {USE}")
    phase, category = mark.kwargs.get("phase"), mark.kwargs.get("category")
    if phase is not None and category is not None:
        refuse("phase and category exclude each other: categories are those at the step's peak")
    for word, known in ((phase, STEP_PHASES), (category, CATEGORIES)):
        if word is not None and word not in known:
            refuse(f"'{word}' is not known{nearest(str(word), known)}")
    try:
        return MemoryBudget(parse_bytes(mark.args[0]), phase, category)
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
    if broken := [text for each in predictions for one in budgets for text in judge(each, one)]:
        pytest.fail("\n\n".join(broken), pytrace=False)
    return result


def judge(prediction: Prediction, budget: MemoryBudget) -> Iterator[str]:
    """A message if the budget is broken."""
    from vbench_mem.base.units import format_bytes

    what, needed = "a step", prediction.peak_bytes
    if budget.phase is not None:
        if budget.phase not in prediction.phases:
            yield f"{MARKER}: the step has no phase {budget.phase}; it has " + ", ".join(
                prediction.phases
            )
            return
        what, needed = budget.phase, prediction.phases[budget.phase]
    if budget.category is not None:
        what, needed = budget.category, prediction.categories[budget.category]
    if needed > budget.limit:
        yield (
            f"{MARKER}: {what} is predicted to need {format_bytes(needed)} ({prediction.target}), "
            f"{format_bytes(needed - budget.limit)} more than the budget of "
            f"{format_bytes(budget.limit)}\n{explain(prediction)}"
        )


def explain(prediction: Prediction) -> str:
    """The memory at the peak by category and by module, the largest first."""
    from vbench_mem.base.units import format_bytes

    def listed(sizes: dict[str, int]) -> str:
        found = sorted(sizes.items(), key=lambda each: -each[1])
        return ", ".join(f"{name} {format_bytes(size)}" for name, size in found if size)

    peak, categories = format_bytes(prediction.peak_bytes), dict(prediction.categories)
    lines = [f"the step's peak, {peak}, is in {prediction.peak_phase}: {listed(categories)}"]
    modules = {path or "(top level)": dict(sizes) for path, sizes in prediction.modules.items()}
    largest = sorted(modules, key=lambda path: -sum(modules[path].values()))[:SHOWN]
    wide = max(map(len, largest), default=0)
    for path in largest:
        size = format_bytes(sum(modules[path].values()))
        lines.append(f"  {path:{wide}}  {size:>10}  {listed(modules[path])}")
    return "\n".join(lines)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The predicted memory by test, also of xdist's workers."""
    if not config.getoption("memory_report") and config.get_verbosity() <= 0:
        return
    reports = [each for group in terminalreporter.stats.values() for each in group]
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
