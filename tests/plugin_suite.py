"""A test suite of a user's own, run by pytest with our plugin."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLUGIN = "vbench_mem.pytest_plugin"
HEAD = """
import pytest
import torch
from torch import nn

MIB = 2**20

def build():  # parameters of exactly 1 MiB
    return nn.Linear(511, 512), torch.ones(8, 511)

def step(state):
    model, batch = state
    model(batch).sum().backward()
    model.zero_grad()

def infer(state):
    with torch.no_grad():
        state[0](state[1])
"""


def run(folder: Path, *options: str, suite: str) -> str:
    """The output of pytest on a suite of its own, whether or not the plugin is installed."""
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (folder / "test_steps.py").write_text(suite)
    plugin = ["-p", "no:vbench_mem", "-p", PLUGIN]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugin, *options]
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, "--strict-markers", "--color=no", "-rA"],
        cwd=folder,
        env=surroundings | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    assert not done.stderr, done.stderr
    return done.stdout


def ending(output: str, test: str) -> str:
    """PASSED, FAILED, SKIPPED or ERROR, as the short summary has it."""
    found = re.findall(rf"^([A-Z]+) test_steps\.py::{test}\b", output, re.MULTILINE)
    assert len(found) == 1, output
    return found[0]


def section(output: str, test: str) -> str:
    """What is printed about a test that failed, down to the next."""
    found = re.search(
        rf"^_+ (?:ERROR at setup of )?{test} _+\n(.*?)(?=^[_=]{{9}})", output, re.S | re.M
    )
    assert found is not None, output
    return found[1]
