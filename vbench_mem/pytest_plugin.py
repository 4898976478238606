"""Memory budgets in anybody's unit tests: the fixture `predict_step`, the marker `memory_budget`.

pytest imports this on every start: nothing else of ours, nor torch, is imported until a test asks.

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
PEAK, LIMIT = "predicted_peak_bytes", MARKER  # what a report keeps, in JUnit's file as well


class Budget(NamedTuple):
    """At most so many bytes; of the whole step, of one phase, or of one category at the peak."""

    limit: int
    phase: str | None
    category: str | None

    def __str__(self) -> str:
        from vbench_mem.base.units import format_bytes

        return " ".join(filter(None, (format_bytes(self.limit), self.phase or self.category)))


MADE = pytest.StashKey[list["Prediction"]]()
BUDGETS = pytest.StashKey[list[Budget]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("vbench_mem").addoption(
        "--memory-report",
        action="store_true",
        help="show what memory was predicted, as -v does",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(size, phase=None, category=None): fail the test when a training step that it "
        f"predicts with the fixture {FIXTURE} needs more memory than `size`, such as '4 GiB'",
    )


@pytest.fixture
def predict_step(request: pytest.FixtureRequest) -> Callable[..., Prediction]:
    """`vbench_mem.predict_step`, whose predictions are held against the test's budgets."""
    made = request.node.stash.setdefault(MADE, [])

    def predict(
        build: Callable[[], Any],
        step: Callable[[Any], object],
        *,
        steps: int = 2,
        target: Target = "cpu",
    ) -> Prediction:
        from vbench_mem.probes.any_step import predict_step

        made.append(predict_step(build, step, steps=steps, target=target))
        return made[-1]

    return predict


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A budget that cannot be read, or that nothing is held against, is an error of the test."""
    budgets: dict[tuple[str | None, str | None], Budget] = {}
    for mark in item.iter_markers(MARKER):  # the nearest first, which counts
        budget = read(mark)
        budgets.setdefault((budget.phase, budget.category), budget)
    if budgets and FIXTURE not in getattr(item, "fixturenames", ()):
        refuse(f"the test does not use the fixture {FIXTURE}, so nothing is held against it")
    item.stash[BUDGETS] = list(budgets.values())


def read(mark: pytest.Mark) -> Budget:
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
        return Budget(parse_bytes(mark.args[0]), phase, category)
    except UsageError as error:
        why = str(error)
    refuse(why)


def refuse(why: str) -> NoReturn:
    pytest.fail(f"{MARKER}: {why}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that is through is held against its budgets; one that failed has failed already."""
    budgets = item.stash.get(BUDGETS, [])
    try:
        result = yield
    finally:
        made = item.stash.get(MADE, [])
        item.user_properties += [(PEAK, each.peak_bytes) for each in made]
        if made:
            item.user_properties += [(LIMIT, str(budget)) for budget in budgets]
    if budgets and not made:
        refuse(f"the test never called {FIXTURE}, so nothing is held against it")
    if broken := [text for each in made for budget in budgets for text in judge(each, budget)]:
        pytest.fail("\n\n".join(broken), pytrace=False)
    return result


def judge(prediction: Prediction, budget: Budget) -> Iterator[str]:
    """What is wrong, in words."""
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
    """Who holds the memory at the peak, the largest first."""
    from vbench_mem.base.units import format_bytes

    def listed(held: dict[str, int]) -> str:
        found = sorted(held.items(), key=lambda each: -each[1])
        return ", ".join(f"{name} {format_bytes(size)}" for name, size in found if size)

    peak, categories = format_bytes(prediction.peak_bytes), dict(prediction.categories)
    lines = [f"the step's peak, {peak}, is in {prediction.peak_phase}: {listed(categories)}"]
    modules = {path or "(top level)": dict(held) for path, held in prediction.modules.items()}
    largest = sorted(modules, key=lambda path: -sum(modules[path].values()))[:SHOWN]
    wide = max(map(len, largest), default=0)
    for path in largest:
        size = format_bytes(sum(modules[path].values()))
        lines.append(f"  {path:{wide}}  {size:>10}  {listed(modules[path])}")
    return "\n".join(lines)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What was predicted, by test; the reports of xdist's workers come here too."""
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
