"""README, CONTRIBUTING and docs/: their tables, links, commands and examples match the code."""

import csv
import json
import re
import shlex
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from vbench_mem.base.metrics import METRICS, Metric, show
from vbench_mem.cli import app
from vbench_mem.cli.arguments import find_matrix
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.accuracy import AccuracyFile
from vbench_mem.matrix.exhibits import PAPER, Exhibit
from vbench_mem.matrix.load import load_matrix

ROOT = Path(__file__).parent.parent
PATHS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in PATHS}
README, CONTRIBUTING = TEXTS["README.md"], TEXTS["CONTRIBUTING.md"]
MAX_LINES = {"README.md": 150, "docs/architecture.md": 120}
COLUMNS = {
    "predicted peak": "predicted_peak_bytes",
    "peak memory": "peak_alloc_bytes",
    "ms/step": "step_ms",
}
RECALLS = {
    "spatial R@1": r"score\.measured\.generated-spatial@\d+\.t2v\.recall_at_1\.held-out",
    "temporal R@1": r"score\.measured\.generated-temporal@\d+\.t2v\.recall_at_1\.held-out",
}
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.S | re.M)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language, without their indent."""
    return [textwrap.dedent(found[3]) for found in BLOCK.finditer(text) if found[2] == language]


def cells_of(table: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()
    ]


def table_after(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    below = text[text.index(f"\n## {heading}\n") :]
    table = re.search(r"(?:^\|.*\n)+", below, re.M)
    assert table is not None
    return cells_of(table[0])[2:]


def table_from(report: Path) -> list[list[str]]:
    with (report / "table.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))

    def number(cell: str) -> float | None:
        return None if not cell else float(cell) if "." in cell else int(cell)

    def recall(row: dict[str, str], pattern: str) -> str:
        (column,) = (name for name in row if re.fullmatch(pattern, name))
        mean, spread = (100 * float(row[name]) for name in (column, f"{column}.spread"))
        return f"{mean:.1f} ± {spread:.1f} %"

    return [
        [
            row["variant"],
            *(show(c, number(row[c])) for c in COLUMNS.values()),
            *(recall(row, pattern) for pattern in RECALLS.values()),
        ]
        for row in rows
    ]


def table_in_readme() -> tuple[str, list[list[str]]]:
    """The report that the table is of, and its cells."""
    start = re.search(r"<!-- table: (\S+)/table\.csv -->", README)
    assert start is not None
    return start[1], cells_of(README[start.end() : README.index("<!-- end of table -->")])


def test_the_table_is_the_committed_reports() -> None:
    report, cells = table_in_readme()
    assert cells[0] == ["variant", *COLUMNS, *RECALLS]
    assert cells[2:] == table_from(ROOT / report)


def test_the_points_that_masking_costs_are_those_of_the_table() -> None:
    recalls = {row[0]: float(row[-1].split()[0]) for row in table_in_readme()[1][2:]}
    lost = re.search(r"loses\s+(\d+) points", README)
    assert lost is not None
    assert int(lost[1]) == round(recalls["joint_nano"] - recalls["joint_nano+mask75"])


@pytest.mark.parametrize("name", MAX_LINES)
def test_it_is_short(name: str) -> None:
    assert len(TEXTS[name].splitlines()) <= MAX_LINES[name]


def headings(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    found = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in found}


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_leads_somewhere(name: str) -> None:
    links = re.findall(r'\]\(([^)]+)\)|<img src="([^"]+)"', TEXTS[name])
    local = [link for pair in links for link in pair if link and not link.startswith("http")]
    assert local
    for link in local:
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if anchor:
            assert anchor in headings(target.read_text()), link


@pytest.mark.parametrize("name", TEXTS)
def test_every_path_in_code_marks_exists(name: str) -> None:
    for path in re.findall(r"`((?:vbench_mem|tests|matrices|docs|\.ci)/[^` ]*)`", TEXTS[name]):
        known = path.partition("<")[0]  # `<name>` stands for what the reader adds
        assert (ROOT / known).exists(), path


CONSOLE = "\n".join(
    line
    for text in TEXTS.values()
    for block in blocks(text, "console")
    for line in block.splitlines()
)
COMMANDS = sorted(set(re.findall(r"^(vbench-mem [^#\n]*)", CONSOLE, re.M)))
SCRIPTS = sorted(set(re.findall(r"^((?:bash |\./)[^#\n]*)", CONSOLE, re.M)))


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one_that_the_program_has(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    group = typer.main.get_command(app)
    context = group.commands[name].make_context(name, list(arguments))  # refuses unknown options
    matrix = context.params.get("matrix")
    for each in matrix if isinstance(matrix, list) else [matrix]:
        if each is not None:
            assert find_matrix(each).is_file()


@pytest.mark.parametrize("line", SCRIPTS)
def test_every_script_and_what_it_is_given_exists(line: str) -> None:
    words = shlex.split(line.removeprefix("bash "))
    paths = [word for word in words if "/" in word]
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), path


def test_all_kinds_of_lines_were_found() -> None:
    assert len(COMMANDS) > 15
    assert len(SCRIPTS) > 3


def test_the_matrices_are_those_of_the_folder() -> None:
    rows = table_after(TEXTS["docs/matrix.md"], "Matrices that come with the package")
    assert sorted(row[0].strip("`") for row in rows) == sorted(
        path.name for path in (ROOT / "matrices").glob("*.yaml")
    )


def test_the_packages_are_in_the_order_of_the_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = (
        each for each in project["tool"]["importlinter"]["contracts"] if each["type"] == "layers"
    )
    rows = table_after(TEXTS["docs/architecture.md"], "The packages")
    assert [row[0].strip("`") for row in rows] == contract["layers"][1:]  # above: what starts them


@pytest.mark.parametrize(("name", "cells"), [("README.md", 4), ("docs/matrix.md", 12)])
def test_the_example_matrix_is_one_that_loads(tmp_path: Path, name: str, cells: int) -> None:
    (text,) = blocks(TEXTS[name], "yaml")
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "a.mp4").touch()
    (tmp_path / "my" / "captions.csv").write_text("path,caption\na.mp4,a cat\n")
    (tmp_path / "m.yaml").write_text(text)
    assert len(load_matrix(tmp_path / "m.yaml").cells) == cells


def test_the_example_of_an_accuracy_section_is_well_formed() -> None:
    (text,) = blocks(TEXTS["docs/accuracy.md"], "yaml")
    section = yaml.safe_load(text)
    assert section.keys() == {"accuracy"}
    assert len(AccuracyFile.model_validate_json(json.dumps(section["accuracy"])).stages) == 2


def test_the_example_row_has_the_parameters_it_says() -> None:
    row = re.search(r'Encoder\(\s*"joint_s32",.*?\s([\d_]+),\s*PAPER', CONTRIBUTING, re.S)
    assert row is not None
    assert int(row[1]) == ENCODERS["joint_s16_coarse_space"].params  # the same encoder


def example_with(word: str) -> str:
    """The one Python example of CONTRIBUTING that has the word."""
    (found,) = (block for block in blocks(CONTRIBUTING, "python") if word in block)
    return found


def test_the_example_recipe_is_new_and_one_that_can_be() -> None:
    ((name, recipe),) = eval(f"{{{example_with('Recipe(')}}}", {"Recipe": Recipe}).items()
    assert name not in RECIPES
    assert recipe not in RECIPES.values()


def test_the_example_exhibit_is_one_that_can_be() -> None:
    row = eval(f"{{{example_with('Exhibit(')}}}", {"Exhibit": Exhibit, "PAPER": PAPER})
    assert all(isinstance(exhibit, Exhibit) for exhibit in row.values())


def test_the_example_metric_is_new_and_is_the_one_that_is_put() -> None:
    metric = eval(example_with("Metric("), {"Metric": Metric})
    assert metric.name not in METRICS
    assert metric.name.endswith(f"_{metric.unit}")
    assert f"put({metric.name}=" in example_with("found.put")


def test_the_example_reader_reads(tmp_path: Path) -> None:
    code: dict[str, Any] = {}
    exec(example_with("def read("), code)
    file = tmp_path / "tgif.tsv"
    file.write_text("http://a/b/clip1.gif\ta cat\nhttp://a/b/clip1.gif\ta dog\n")
    found = code["read"](file, None)
    assert [item.id for item in found.items] == ["clip1"]
    assert [query.text for query in found.queries] == ["a cat", "a dog"]
