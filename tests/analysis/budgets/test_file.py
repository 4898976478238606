"""Budgets in a file of their own: added to the matrix's, each with the line it stands on."""

from pathlib import Path

import pytest

from tests.rows import TEXT
from vbench_mem.analysis.budgets.file import CheckRequest, read_request
from vbench_mem.base.errors import UsageError
from vbench_mem.base.strict_yaml import line_of
from vbench_mem.matrix.load import load_matrix
from vbench_mem.matrix.schema import matrix_schema

LIMITS = """\
matrix: small.yaml
baseline: old/base.json
budgets:
  - {metric: predicted_peak_bytes, max_growth: 0.01}

  - metric: predicted_activation_bytes
    where: {variant: joint_test}
    max: 1 GiB
"""


def found(text: str) -> Path:
    path = Path(text)
    if path.is_file():
        return path
    raise UsageError(f"no file {text}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(
        TEXT + "budgets: [{metric: step_ms, max: 10}]\n", encoding="utf-8"
    )
    (tmp_path / "budgets.yaml").write_text(LIMITS, encoding="utf-8")
    return tmp_path


def request(folder: Path, matrix: Path | None = None) -> CheckRequest:
    return read_request(None if matrix is None else str(matrix), folder / "budgets.yaml", found)


def refused(folder: Path, text: str, matrix: Path | None = None) -> str:
    (folder / "budgets.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        request(folder, matrix)
    return str(caught.value)


def test_budgets_of_a_file_are_added_to_those_of_the_matrix(folder: Path) -> None:
    both = request(folder)
    assert [each.budget.metric for each in both.placed] == [
        "step_ms",
        "predicted_peak_bytes",
        "predicted_activation_bytes",
    ]
    assert [(each.path.name, each.place) for each in both.placed] == [
        ("small.yaml", "budgets[0]"),
        ("budgets.yaml", "budgets[0]"),
        ("budgets.yaml", "budgets[1]"),
    ]
    assert both.matrix.budgets == tuple(each.budget for each in both.placed)
    assert both.matrix.baseline == folder / "old" / "base.json"


def test_each_budget_knows_its_line(folder: Path) -> None:
    for each in request(folder).placed:
        assert each.line is not None
        assert each.budget.metric in each.path.read_text().splitlines()[each.line - 1]


def test_a_missing_budgets_file_is_one_sentence(folder: Path) -> None:
    message = refused(folder, "matrix: small.yaml\nbudgets: []\n")
    assert message.endswith("budgets.yaml: budgets: [] is empty; write at least 1")


def test_a_place_that_is_not_there_has_no_line() -> None:
    assert line_of("a: [1, 2]\nb: 3\n", ("b",)) == 2
    assert line_of("a: [1, 2]\nb: 3\n", ("a", 5)) is None
    assert line_of("a: [1, 2]\n", ("c", 0)) is None
    assert line_of("a: 1\n", ("a", "b")) is None
    assert line_of("", ("a",)) is None


def test_a_matrix_may_be_typed_in_place_of_naming_it(folder: Path) -> None:
    text = LIMITS.replace("matrix: small.yaml\n", "")
    (folder / "budgets.yaml").write_text(text)
    assert request(folder, folder / "small.yaml").matrix.name == "small"
    assert "has no matrix; add matrix: to it, or give one on the command line" in refused(
        folder, text
    )


def test_two_matrices_are_not_one(folder: Path) -> None:
    (folder / "other.yaml").write_text((folder / "small.yaml").read_text())
    assert request(folder, folder / "small.yaml").matrix.name == "small"
    message = refused(folder, LIMITS, folder / "other.yaml")
    assert "but the command line has" in message and "remove one of the two" in message


def test_two_baselines_are_not_one(folder: Path) -> None:
    matrix = folder / "small.yaml"
    matrix.write_text(matrix.read_text() + "baseline: old/base.json\n")
    assert request(folder).matrix.baseline == folder / "old" / "base.json"
    assert load_matrix(matrix).baseline == folder / "old" / "base.json"
    matrix.write_text(matrix.read_text().replace("old/base.json", "new.json"))
    assert "names another one; keep one of the two" in refused(folder, LIMITS)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("max_growth", "max_grwth", "budgets[0]: no key called 'max_grwth' here; did you mean"),
        ("small.yaml", "smal.yaml", "matrix: no file smal.yaml"),
        ("baseline:", "base_line:", "no key called 'base_line' here; did you mean baseline?"),
        ("variant: joint_test", "variant: joint_tset", "budgets[1].where.variant: no encoder"),
        ("max: 1 GiB", "max: 1 GB", "budgets[1]: max: '1 GB' is not a size"),
        (LIMITS, "[]", "a budgets file is a mapping"),
        (LIMITS, "matrix: small.yaml\nbudgets: []\n", "budgets: "),
        (LIMITS, "matrix: small.yaml\n", "budgets: is missing"),
        (LIMITS, "a: [", "not YAML"),
    ],
)
def test_an_error_is_reported_with_the_file_and_the_place(
    old: str, new: str, expected: str, folder: Path
) -> None:
    message = refused(folder, LIMITS.replace(old, new))
    assert message.startswith(f"{folder / 'budgets.yaml'}: ") and expected in message


def test_the_schema_of_a_matrix_knows_the_baseline_and_limits_on_growth() -> None:
    schema = matrix_schema()
    assert "baseline" in schema["properties"]
    assert "max_growth" in schema["$defs"]["Budget"]["properties"]
