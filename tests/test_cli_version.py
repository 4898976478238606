"""`--version`, and names that are nearly those of matrices."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from vbench_mem import __version__
from vbench_mem.cli import app


def test_the_version_is_printed_without_a_command() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"vbench-mem {__version__}\n")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("mine", "mine.yaml"), ("mnie.yaml", "mine.yaml"), ("qick", "quick"), ("./mne.yaml", None)],
)
def test_a_misspelt_matrix_is_answered_with_the_nearest_name_here_or_shipped(
    typed: str, meant: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.yaml").write_text("about: q\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["show", typed])
    assert result.exit_code == 2
    assert f"did you mean {meant or 'mine.yaml'}?" in result.stderr
    assert str(tmp_path) not in result.stderr


def test_a_name_that_is_like_none_is_answered_with_where_to_look(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["show", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert "`vbench-mem list matrices` lists those of the package" in result.stderr
