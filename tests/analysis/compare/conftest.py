"""A small matrix, and an empty repository that is the current folder."""

from pathlib import Path

import pytest

from tests.analysis.compare.made import git
from tests.rows import matrix_of
from vbench_mem.matrix.load import Matrix


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    (tmp_path / "m").mkdir()
    return matrix_of(tmp_path / "m")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    monkeypatch.chdir(folder)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    return folder
