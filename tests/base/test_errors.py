"""An error in one sentence, with the place in the user's own code."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vbench_mem.base.errors import error_summary
from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.source import find_custom
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Unpredicted
from vbench_mem.running.endings import of_exception
from vbench_mem.running.predictions import predict_all
from vbench_mem.running.record import Status

WRONG = """from torch import nn


class build(nn.Module):
    def __init__(self, load):
        super().__init__()
        self.layer = nn.Linear(5, 4)

    def forward(self, clips, ids, mask):
        return self.layer(clips[:, 0, 0, 0]), None
"""


def caught(function: Callable[[], object]) -> json.JSONDecodeError:
    with pytest.raises(json.JSONDecodeError, match="Expecting property name") as raised:
        function()
    error = raised.value
    assert error.__traceback__ is not None
    return error.with_traceback(error.__traceback__.tb_next)  # without this function's own


def run(code: str, file: str) -> Callable[[], object]:
    return lambda: exec(compile(code, file, "exec"), {})


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("/home/me/own.py", " (own.py:3 in build)"),
        ("/venv/lib/python3.11/site-packages/torch/nn/own.py", ""),
        ("<string>", ""),
    ],
)
def test_an_error_has_the_last_place_in_the_users_code(file: str, place: str) -> None:
    code = "import json\ndef build():\n    json.loads('{')\nbuild()\n"
    error = caught(run(code, file))
    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # without `run`
    first = str(caught(lambda: json.loads("{")))
    assert error_summary(error) == f"JSONDecodeError: {first}{place}"
    ending = of_exception(error, "forward")
    assert (ending.status, ending.reason) == (Status.ERROR, error_summary(error))


def test_a_prediction_that_fails_names_the_line_of_the_encoder(
    write_code: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = write_code(WRONG).parent
    cell = Cell(
        encoder="own_code:build",
        recipe_name="full",
        spec=find_custom("own_code:build", folder),
        recipe=RECIPES["full"],
        load=Load(frames=2, batch=2, resolution_px=4),
        runtime=Runtime(device="cpu"),
    )
    (found,) = predict_all({"own": (cell, "cpu")}).values()
    assert isinstance(found, Unpredicted)
    assert found.reason.startswith("RuntimeError: ")
    assert found.reason.endswith(" (own_code.py:10 in forward)")
    assert "fake_tensor" not in capfd.readouterr().err
