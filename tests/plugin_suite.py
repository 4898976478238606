"""A test suite of a user's own, run by pytest with our plugin."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLUGIN = "vbench_mem.pytest_plugin"


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
