"""The key `exhibits` of a matrix: known names only, and nothing that is measured changes."""

from pathlib import Path
from typing import get_args

import pytest

from tests.rows import TEXT, matrix_of
from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.exhibits import EXHIBITS, Name
from vbench_mem.matrix.schema import matrix_schema


def test_a_matrix_asks_for_exhibits_in_its_own_order_each_once(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, f"{TEXT}exhibits: [table1, figure2, table1]\n")
    assert matrix.exhibits == ("table1", "figure2")
    assert matrix_of(tmp_path).exhibits == ()


def test_exhibits_change_no_id_of_a_cell(tmp_path: Path) -> None:
    with_them = matrix_of(tmp_path, f"{TEXT}exhibits: [figure2]\n")
    assert with_them.cells == matrix_of(tmp_path).cells
    assert [cell.id for cell in with_them.cells] == [cell.id for cell in matrix_of(tmp_path).cells]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("[figur2]", r"exhibits\[0\]: 'figur2' is not a choice; did you mean figure2\?"),
        ("[table1, 2]", r"exhibits\[1\]: 2 is not a choice; known: table1, table2, figure2, "),
        ("figure2", "exhibits: 'figure2' is not a list"),
    ],
)
def test_a_misspelt_exhibit_is_refused_with_the_nearest_one(
    tmp_path: Path, written: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        matrix_of(tmp_path, f"{TEXT}exhibits: {written}\n")


def test_the_schema_offers_every_exhibit_of_the_table() -> None:
    assert matrix_schema()["properties"]["exhibits"]["items"]["enum"] == list(EXHIBITS)
    assert set(get_args(Name)) == set(EXHIBITS)


def test_an_exhibit_says_where_it_is_and_how_certain_its_reading_is() -> None:
    for name, exhibit in EXHIBITS.items():
        kind, number = name[:-1].capitalize(), name[-1]
        assert exhibit.title.startswith(f"{kind} {number}: ")
        assert f"v1, {name[:-1]} {number}" in exhibit.source
        assert exhibit.sure.startswith("confirmed")
        assert exhibit.states
