"""What is installed: every data file of the package, its metadata, and the versions tested."""

import re
import tomllib
from pathlib import Path

import yaml

from vbench_mem import __version__

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
    for pattern in patterns:
        assert list(package.glob(pattern)), pattern


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "vbench_mem").rglob("*.py")}
    assert folders == {path.parent for path in (ROOT / "vbench_mem").rglob("__init__.py")}


def test_the_licence_is_the_one_that_is_named() -> None:
    project = PROJECT["project"]
    assert project["license"] == "Apache-2.0"
    texts = [(ROOT / name).read_text() for name in project["license-files"]]
    assert [text.split()[:4] for text in texts] == [["Apache", "License", "Version", "2.0,"]]
    assert "END OF TERMS AND CONDITIONS" in texts[0]
    licences = [name for name in project["classifiers"] if name.startswith("License ::")]
    assert licences == []  # setuptools refuses them beside a licence expression


def test_the_pythons_that_are_named_begin_with_the_oldest_that_is_required() -> None:
    names = PROJECT["project"]["classifiers"]
    named = [name.rpartition(" ")[2] for name in names if re.search(r":: 3\.\d+$", name)]
    assert PROJECT["project"]["requires-python"] == f">={named[0]}"


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["message"] and citation["title"] and citation["authors"]
    (paper,) = citation["references"]
    assert paper["url"].rpartition("/")[2] in paper["identifiers"][0]["value"]


def test_the_changelog_has_a_place_for_what_comes() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == "[Unreleased]"


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
