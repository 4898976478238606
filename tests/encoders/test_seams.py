"""What keeps a family in its two files: no other module of the package knows one by its name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import vbench_mem
from vbench_mem.encoders.families import FAMILIES
from vbench_mem.encoders.table import ENCODERS

PACKAGE = Path(vbench_mem.__file__).parent
HOMES = (PACKAGE / "encoders" / "families", PACKAGE / "encoders" / "towers")
LAYOUTS = {family.rows[0].spec.layout for family in FAMILIES}
CLASSES = {family.spec.__name__ for family in FAMILIES}
NAMES = LAYOUTS | CLASSES | set(ENCODERS) | {row.family for row in ENCODERS.values()}


def names_in(code: str) -> Iterator[str]:
    """Identifiers and parts of dotted imports, and the words of every string but docstrings."""
    tree = ast.parse(code)
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module or "").split(".")
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) in prose:
                continue
            words = re.findall(r"\w+", node.value)
            # a sentence may say "joint attention"; a string of one word, or a word that is written
            # with underscores, is a name
            yield from (word for word in words if len(words) == 1 or "_" in word)


def families_in(code: str) -> set[str]:
    return NAMES & {*names_in(code)}


MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not any(path.is_relative_to(home) for home in HOMES)
]


def test_no_module_outside_families_and_towers_names_a_family() -> None:
    found = {str(path): families_in(path.read_text(encoding="utf-8")) for path in MODULES}
    assert len(found) > 300 and {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "code",
    [
        "isinstance(spec, Joint)",
        "if spec.layout == 'tubevit': pass",
        "from vbench_mem.encoders.families.frame_level import x",
        "text = 'write encoder: joint_b16'",
        "def is_joint(): joint = 1",
        "match spec.layout:\n    case 'joint' | 'tubevit': pass",
    ],
)
def test_a_family_that_is_named_is_found(code: str) -> None:
    assert families_in(code)


def test_a_sentence_about_joint_attention_names_no_family() -> None:
    assert not families_in("text = 'joint attention sees all tokens at once'")


def test_the_rows_of_the_table_are_those_of_the_families_each_with_its_own_layout() -> None:
    rows = [row for family in FAMILIES for row in family.rows]
    assert len(ENCODERS) == len(rows) and len(LAYOUTS) == len(CLASSES) == len(FAMILIES)
    for family in FAMILIES:
        assert {type(row.spec) for row in family.rows} == {family.spec}
        assert len({row.spec.layout for row in family.rows}) == 1
