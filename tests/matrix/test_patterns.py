"""`encoder: "*_test"` means the encoders of the table whose names match."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.axes import PATTERN
from vbench_mem.matrix.conditions import check_when
from vbench_mem.matrix.load import Matrix, load_matrix
from vbench_mem.matrix.schema import matrix_schema

Write = Callable[..., Path]
HEAD = "about: a question\n"
TESTS = [name for name in ENCODERS if fnmatchcase(name, "*_test")]


def read(write: Write, encoder: str, rest: str = "") -> Matrix:
    text = f"{HEAD}axes: {{encoder: {encoder}, frames: 16, batch: 2}}\n{rest}"
    return load_matrix(write(text))


def encoders(matrix: Matrix) -> list[str]:
    return [cell.encoder for cell in matrix.cells]


def test_a_pattern_is_all_matching_encoders_in_the_tables_order(write_matrix: Write) -> None:
    matrix = read(write_matrix, '"*_test"')
    assert len(TESTS) > 5 and encoders(matrix) == TESTS
    assert matrix.varying == ("encoder",)


def test_a_pattern_of_one_encoder_is_that_encoder(write_matrix: Write) -> None:
    exact, pattern = read(write_matrix, TESTS[0]), read(write_matrix, f"'{TESTS[0][:-1]}?'")
    assert exact.cells == pattern.cells and pattern.varying == ()


def test_patterns_mix_with_names_and_what_overlaps_counts_once(write_matrix: Write) -> None:
    last = TESTS[-1]
    matrix = read(write_matrix, f'[{last}, "*_test", "{last[:3]}*_test", "{TESTS[0]}"]')
    assert encoders(matrix) == [last, *TESTS[:-1]]
    many = read(write_matrix, '["*_b16", "*_test"]')
    assert encoders(many) == [name for name in ENCODERS if name.endswith("_b16")] + TESTS


def test_a_pattern_that_matches_nothing_is_refused(write_matrix: Write) -> None:
    for encoder in ('"*_tset"', f'[{TESTS[0]}, "*_tset"]'):
        with pytest.raises(UsageError, match=r"axes\.encoder: no encoder matches '\*_tset'; `vb"):
            read(write_matrix, encoder)
    with pytest.raises(UsageError, match=r"budgets\[0\]\.where\.encoder: no encoder matches"):
        read(
            write_matrix,
            TESTS[0],
            "budgets: [{metric: step_ms, max: 1, where: {encoder: 'x*'}}]\n",
        )


def test_a_pattern_without_quotes_is_answered_with_the_quotes(write_matrix: Write) -> None:
    with pytest.raises(UsageError, match="quote a pattern"):
        read(write_matrix, "*_test")


def test_conditions_take_patterns_too(write_matrix: Write) -> None:
    assert check_when({"encoder": ["*_test", TESTS[0]]}) == {"encoder": [*TESTS, TESTS[0]]}
    first = TESTS[0]
    rule = f"skip: [{{when: {{encoder: '{first[:2]}*'}}, reason: not today}}]\n"
    matrix = read(write_matrix, '"*_test"', rule)
    skipped = [cell.encoder for cell in matrix.cells if cell.id in matrix.skipped]
    assert skipped == [name for name in TESTS if name.startswith(first[:2])]


def test_the_schema_admits_patterns() -> None:
    axis = matrix_schema()["$defs"]["Axes"]["properties"]["encoder"]["anyOf"]
    kinds = [kind for kind in axis if kind.get("pattern") == PATTERN]
    items = next(kind["items"]["anyOf"] for kind in axis if kind.get("type") == "array")
    assert len(kinds) == 1 and kinds[0] in items
