"""The parent stays light: planning, storing and showing never import torch."""

import json
import subprocess
import sys
from functools import cache

import pytest

HEAVY = ("torch", "matplotlib", "fvcore", "transformers", "pandas", "numpy", "av")
PARENTS = [
    "vbench_mem.cli",
    "vbench_mem.cli.measure",
    "vbench_mem.cli.progress",
    "vbench_mem.cli.tables",
    "vbench_mem.matrix.load",
    "vbench_mem.matrix.schema",
    "vbench_mem.running.store",
    "vbench_mem.running.plan",
    "vbench_mem.running.runner",
    "vbench_mem.running.launch",
    "vbench_mem.running.eta",
    "vbench_mem.running.forecast",
    "vbench_mem.running.target",
    "vbench_mem.cli.planning",
    "vbench_mem.cli.gate",
    "vbench_mem.analysis.compare.reading",
    "vbench_mem.report.comparison.terminal",
    "vbench_mem.report.comparison.document",
    "vbench_mem.report.comparison.picture",
    "vbench_mem.analysis.budgets.predict",
    "vbench_mem.analysis.budgets.github",
    "vbench_mem.analysis.budgets.junit",
    "vbench_mem.cli.forecasts",
    "vbench_mem.cli.predicting",
    "vbench_mem.machine.cards",
    "vbench_mem.machine.environment",
    "vbench_mem.machine.nvml",
    "vbench_mem.encoders.table",
    "vbench_mem.encoders.recipes",
    "vbench_mem.encoders.source",
    "vbench_mem.encoders.variants",
    "vbench_mem.weights.checkpoint",
    "vbench_mem.weights.find",
    "vbench_mem.weights.report",
    "vbench_mem.weights.kinds",
    "vbench_mem.probes.closed_form",
    "vbench_mem.analysis.fit.solve",
    "vbench_mem.analysis.fit.variants",
    "vbench_mem.analysis.fit.table",
    "vbench_mem.analysis.fit.limit",
    "vbench_mem.analysis.claims.memory",
    "vbench_mem.analysis.claims.table",
    "vbench_mem.data.annotations.read",
    "vbench_mem.data.annotations.facts",
    "vbench_mem.cli.data",
    "vbench_mem.cli.synthetic",
    "vbench_mem.data.synthetic.benchmark",
    "vbench_mem.accuracy.retrieval.chance",
    "vbench_mem.data.paragraphs",
]


def imported_by(code: str) -> set[str]:
    """The heavy packages that are there after this code, in a fresh interpreter."""
    tell = f"import sys; {code}; print(*(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()) if done.stdout.strip() else set()


@cache
def brought_in() -> dict[str, list[str]]:
    """By parent module, the heavy packages that came with it, in one interpreter for all."""
    code = f"""
import importlib, json, sys
found, known = {{}}, set()
for name in {PARENTS}:
    importlib.import_module(name)
    found[name] = sorted(set({HEAVY}) & set(sys.modules) - known)
    known.update(found[name])
print(json.dumps(found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("module", PARENTS)
def test_a_parent_module_does_not_import_torch(module: str) -> None:
    assert not {*brought_in()[module]} & {"torch", "matplotlib", "fvcore", "transformers"}


def test_the_command_line_starts_without_any_heavy_package() -> None:
    assert imported_by("import vbench_mem.cli") == set()


def test_reading_the_environment_does_not_import_torch() -> None:
    code = "from vbench_mem.machine.environment import read_environment; read_environment()"
    assert "torch" not in imported_by(code)
