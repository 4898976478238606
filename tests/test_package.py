"""What is installed: every data file of the package, and the versions that were tested."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_data_file_of_the_package_goes_into_the_wheel() -> None:
    package = ROOT / "vbench_mem"
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["vbench_mem"]
    shipped = {path for pattern in patterns for path in package.glob(pattern)}
    data = {
        path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert data and data == shipped


def test_every_dependency_is_pinned_to_a_tested_version() -> None:
    pins = dict(
        line.lower().split("==")
        for line in (ROOT / ".ci" / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    )
    wanted = PROJECT["project"]["dependencies"]
    wanted += PROJECT["project"]["optional-dependencies"]["dev"]
    names = {re.split(r"[><=\[]", line)[0].lower() for line in wanted}
    assert names <= set(pins)
    assert pins["torch"] == "2.13.0"  # without a local label: the CUDA build where there is one
