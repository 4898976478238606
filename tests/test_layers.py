"""The layers of the package: twelve at most, each says what it never does; no import circles."""

import ast
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
LAYERS = CONTRACTS["contracts"][0]["layers"]
LINT = Path(sys.executable).with_name("lint-imports")
MAX_PACKAGES = 12
PACKAGES = sorted(path.parent for path in (ROOT / "vbench_mem").glob("*/__init__.py"))


def circle_in(graph: grimp.ImportGraph) -> list[str]:
    """Modules that import each other in a circle, the first again at the end; empty without one."""
    needs = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def write_package(folder: Path, sources: dict[str, str]) -> None:
    """A package of every layer in `folder`, empty but for `sources` (path -> text)."""
    for name in (name for layer in LAYERS for name in layer.split(" | ")):
        single = name in ("__main__", "pytest_plugin")
        sources.setdefault(f"{name}.py" if single else f"{name}/__init__.py", "")
    for path, text in {"__init__.py": "", **sources}.items():
        file = folder / "vbench_mem" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_at_most_twelve_packages_lie_at_the_top() -> None:
    assert 1 < len(PACKAGES) <= MAX_PACKAGES


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_each_package_says_what_it_never_does(package: Path) -> None:
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
    assert text is not None
    assert "never" in text.lower()


def test_no_module_needs_itself() -> None:
    assert circle_in(grimp.build_graph("vbench_mem", cache_dir=None)) == []


LAZY = "def f() -> None:\n    from {0} import g\n"
TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {0} import g\n"


@pytest.mark.parametrize("back", [LAZY, TYPES], ids=["lazy", "type checking"])
def test_a_circle_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, back: str) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "circular"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "inner" / "__init__.py").write_text("from circular.inner.a import f")
    (package / "inner" / "a.py").write_text(back.format("circular.inner"))
    circle = circle_in(grimp.build_graph("circular", cache_dir=None))
    assert set(circle) == {"circular.inner", "circular.inner.a"}


UPWARD = {"base/a.py": "from vbench_mem.matrix import cell\n", "matrix/cell.py": ""}
BROKEN = {
    "a package imports one above it": UPWARD,
    "late": {**UPWARD, "base/a.py": LAZY.format("vbench_mem.matrix.cell")},
    "for types alone": {**UPWARD, "base/a.py": TYPES.format("vbench_mem.matrix.cell")},
    "a package that is in no layer": {"extra/__init__.py": ""},
    "two modules import each other": {
        "base/a.py": "from vbench_mem.base import b\n",
        "base/b.py": LAZY.format("vbench_mem.base.a"),
    },
    "two packages in a package do": {
        "report/draw/a.py": "from vbench_mem.report.write import c\n",
        "report/draw/b.py": "",
        "report/draw/__init__.py": "",
        "report/write/c.py": "",
        "report/write/d.py": LAZY.format("vbench_mem.report.draw.b"),
        "report/write/__init__.py": "",
    },
}


@pytest.mark.parametrize("sources", BROKEN.values(), ids=BROKEN)
def test_the_contract_refuses(tmp_path: Path, sources: dict[str, str]) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    write_package(tmp_path, dict(sources))
    answer = lint(tmp_path)
    assert answer.returncode == 1
    assert "1 broken" in answer.stdout


def test_the_contract_allows_what_points_downward(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    write_package(tmp_path, {"matrix/a.py": LAZY.format("vbench_mem.base")})
    answer = lint(tmp_path)
    assert (answer.returncode, answer.stderr) == (0, "")
