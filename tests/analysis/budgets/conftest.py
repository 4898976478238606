"""A matrix with a limit on growth, and predictions of it that a test makes up."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.analysis.budgets.checking import GROWTH
from tests.analysis.budgets.made import predicted
from vbench_mem.analysis.budgets.predict import Outcome, Wanted
from vbench_mem.probes.prediction import Prediction, Unpredicted


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.yaml"
    path.write_text(GROWTH)
    return path


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[int, Prediction | Unpredicted]:
    """Predictions by the cell's frames in place of those of the code, and no others are made."""
    given: dict[int, Prediction | Unpredicted] = {4: predicted(), 8: predicted()}

    def answer(wanted: Wanted) -> Mapping[str, Outcome]:
        return {key: given[cell.load.frames] for key, (cell, _) in wanted.items()}

    monkeypatch.setattr("vbench_mem.cli.predicting.predict_shown", answer)
    return given
