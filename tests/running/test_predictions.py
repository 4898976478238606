"""Predictions in worker processes: every cell has an outcome, and stopping is quick."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.source import find_custom
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.predict import predict
from vbench_mem.probes.prediction import Prediction, Unpredicted
from vbench_mem.running.predictions import in_workers, predict_all

ENDING = """
import os

from torch import nn


class build(nn.Module):
    def __init__(self, load):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, clips, ids, mask):
        {}
"""


def test_every_cell_has_an_outcome_by_its_key_in_the_order_given(
    make_cell: Callable[..., Cell],
) -> None:
    plain, compiled = make_cell(), make_cell(runtime=Runtime(device="cpu", compile=True))
    done: list[str] = []
    found = predict_all({"b": (compiled, "cpu"), "a": (plain, "cpu")}, done.append, jobs=2)
    assert list(found) == ["b", "a"] and sorted(done) == ["a", "b"]
    assert isinstance(found["a"], Prediction) and isinstance(found["b"], Unpredicted)
    assert found["a"].peak_bytes == predict(plain, "cpu").peak_bytes
    assert "compiled" in found["b"].reason and found["b"].traceback is None


def test_no_cells_start_no_workers() -> None:
    before = multiprocessing.active_children()
    assert predict_all({}) == {}
    assert multiprocessing.active_children() == before


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("os._exit(1)", "its process died"),
        ("raise SystemExit('no such file')", "SystemExit: no such file"),
    ],
)
def test_an_encoder_that_ends_its_process_leaves_the_other_predictions(
    make_cell: Callable[..., Cell], write_code: Callable[..., Path], ending: str, reason: str
) -> None:
    folder = write_code(ENDING.format(ending)).parent
    own = Cell(
        encoder="own_code:build",
        recipe_name="full",
        spec=find_custom("own_code:build", folder),
        recipe=RECIPES["full"],
        load=Load(frames=2, batch=2, resolution_px=4),
        runtime=Runtime(device="cpu"),
    )
    done: list[str] = []
    plain = make_cell()
    wanted = {"own": (own, "cpu"), "one": (plain, "cpu"), "two": (plain, "cpu")}
    found = predict_all(wanted, done.append, jobs=2)  # type: ignore[arg-type]
    assert sorted(done) == ["one", "own", "two"]
    assert isinstance(found["one"], Prediction) and found["one"] == found["two"]
    assert isinstance(found["own"], Unpredicted) and found["own"].reason.startswith(reason)


CHANGING = """
import os

import torch
from torch import nn

torch.set_default_dtype(torch.float64)  # as it is imported


class build(nn.Module):
    def __init__(self, load):
        super().__init__()
        os.chdir("/")
        torch.use_deterministic_algorithms(True)
        self.video, self.text = nn.Linear(3, 8), nn.Embedding(30522, 8)
        nn.init.trunc_normal_(self.text.weight, std=0.02)  # more values than are computed
        self.float().double()

    def forward(self, clips, ids, mask):
        return self.video(clips.mean((1, 3, 4)).double()), self.text(ids).mean(1)
"""


def test_an_encoder_that_changes_its_process_changes_no_other_prediction(
    make_cell: Callable[..., Cell], write_code: Callable[..., Path]
) -> None:
    folder = write_code(CHANGING).parent
    own = Cell(
        encoder="own_code:build",
        recipe_name="full",
        spec=find_custom("own_code:build", folder),
        recipe=RECIPES["full"],
        load=Load(frames=2, batch=2, resolution_px=4),
        runtime=Runtime(device="cpu"),
    )
    plain = make_cell()
    wanted = {"own": (own, "cpu"), "plain": (plain, "cpu"), "again": (own, "cpu")}
    found = predict_all(wanted, jobs=1)  # type: ignore[arg-type]
    assert found["plain"] == predict(plain, "cpu")
    assert isinstance(found["own"], Prediction) and found["own"] == found["again"]
    assert found["own"].categories["parameter"] == 8 * (4 * 8 + 30522 * 8 + 1)


def test_ctrl_c_does_not_wait_for_what_has_begun() -> None:
    # a shell that runs tests in the background has them ignore Ctrl-C
    handled = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = set(multiprocessing.active_children())
    pressed: list[float] = []

    def press() -> None:
        while len(set(multiprocessing.active_children()) - before) < 2:
            time.sleep(0.01)
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            list(in_workers({str(i): (time.sleep, (600,)) for i in range(9)}, jobs=2))
    finally:
        signal.signal(signal.SIGINT, handled)
    assert time.perf_counter() - pressed[0] < 60
    assert set(multiprocessing.active_children()) <= before
