"""FLOPs and bytes of a user's own encoder, against counts by hand; what is not to be had has a
reason and never fails a burst."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.encoders.custom_code import HEAD, cell_of
from vbench_mem.base.errors import UsageError
from vbench_mem.base.metrics import METRICS, PREDICTED
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.burst import run_burst
from vbench_mem.probes.custom_flops import count_custom
from vbench_mem.probes.predict import predict

Write = Callable[..., Path]
# Pixels of a frame (3 x 4 x 4) to 16, of 2 frames each; then 16 to 8 for clips and for captions.
TOWERS = """
class Frames(nn.Module):
    def __init__(self, load):
        super().__init__()
        self.first = nn.Linear(3 * load.resolution_px**2, 16)
        self.register_buffer("scale", torch.from_numpy(numpy.full(16, 0.5, "float32")))

    def forward(self, clips):
        return (self.first(clips.flatten(2)) * self.scale).mean(1)

class Towers(nn.Module):
    def __init__(self, load):
        super().__init__()
        self.video, self.text = Frames(load), nn.Embedding(30522, 16)
        self.clips, self.captions = nn.Linear(16, 8), nn.Linear(16, 8)

    def forward(self, clips, ids, mask):
        return self.clips(self.video(clips)), self.captions(self.text(ids).mean(1))

build = Towers
"""
SOURCE = f"import numpy\n{HEAD}{TOWERS}"
FRAME, HEAD_FLOP = 2 * 48 * 16, 2 * 16 * 8
GIGA = 1e9


def gflop(*flop: int) -> object:
    return pytest.approx(sum(flop) / GIGA)


@pytest.fixture
def towers(write_code: Write, tmp_path: Path) -> Cell:
    write_code(SOURCE)
    return cell_of(tmp_path)


def test_flops_are_those_of_a_count_by_hand(towers: Cell) -> None:
    found = count_custom(towers)
    numbers, details = found.metrics, found.details["flops"]
    assert numbers["forward_video_gflop"] == numbers["embed_video_gflop"] == gflop(2 * FRAME)
    assert numbers["forward_video_gflop_per_frame"] == gflop(FRAME)
    assert numbers["forward_text_gflop"] == 0
    # pixels need no gradient, so a backward of the tower is as large as its forward
    assert numbers["step_video_gflop"] == gflop(2 * 2 * FRAME)
    assert numbers["step_gflop"] == gflop(2 * 2 * FRAME, 2 * 3 * HEAD_FLOP)
    assert details["step_outside_towers_gflop"] == gflop(2 * 3 * HEAD_FLOP)
    assert details["embed_gflop"] == gflop(2 * FRAME, 2 * HEAD_FLOP)


def test_fvcore_agrees(towers: Cell) -> None:
    found = count_custom(towers)
    assert found.metrics["forward_video_fvcore_gmac"] == gflop(FRAME)
    assert 2 * found.details["flops"]["forward_fvcore_gmac"] == pytest.approx(
        found.details["flops"]["forward_gflop"]
    )


def test_a_prediction_equals_the_measured_peak_to_the_byte(towers: Cell) -> None:
    found = run_burst(towers, lambda _: None)
    assert found.metrics.keys() == METRICS.keys()
    for name in PREDICTED:
        measured = name.removeprefix("predicted_")
        measured = {"peak_bytes": "peak_alloc_bytes"}.get(measured, measured)
        if found.metrics[name] is not None:
            assert found.metrics[name] == found.metrics[measured], name
    assert found.metrics["predicted_peak_bytes"] is not None
    weights = 48 * 16 + 16 + 30522 * 16 + 2 * (16 * 8 + 8) + 1
    assert found.metrics["params"] == found.metrics["params_trained"] == weights
    assert found.metrics["params_video"] == 48 * 16 + 16
    assert found.metrics["params_text"] == 30522 * 16
    assert found.metrics["tokens_per_clip"] is found.metrics["tokens_per_s"] is None
    per_s = found.metrics["clips_per_s"]
    assert per_s is not None and found.metrics["achieved_tflop_per_s"] == pytest.approx(
        found.metrics["step_gflop"] * per_s / 1000
    )


def test_an_embedding_run_counts_its_forward(towers: Cell, at_load: Callable[..., Cell]) -> None:
    found = run_burst(at_load(towers, mode="embed"), lambda _: None)
    assert found.metrics["step_gflop"] is None and "no training step" in found.missing["step_gflop"]
    assert found.metrics["forward_video_gflop"] == gflop(2 * FRAME)
    rate = found.metrics["achieved_tflop_per_s"] / found.metrics["clips_per_s"]
    assert 1000 * rate == gflop(2 * FRAME, 2 * HEAD_FLOP)


@pytest.fixture
def at_load() -> Callable[..., Cell]:
    return lambda cell, **fields: replace(cell, load=replace(cell.load, **fields))


def test_without_towers_the_whole_is_counted_and_each_tower_has_a_reason(
    write_code: Write, tmp_path: Path
) -> None:
    write_code(SOURCE.replace("self.video", "self.seen").replace("self.text", "self.read"))
    found = run_burst(cell_of(tmp_path), lambda _: None)
    assert found.metrics["step_gflop"] == gflop(2 * 2 * FRAME, 2 * 3 * HEAD_FLOP)
    for name in ("params_video", "forward_video_gflop", "forward_video_fvcore_gmac"):
        assert found.missing[name] == "this encoder has no module called video"
    assert found.missing["step_text_gflop"].endswith("no module called text")
    assert "no closed form" in found.missing["step_closed_gflop"]


def test_a_product_without_a_formula_leaves_no_number_and_is_named(
    write_code: Write, tmp_path: Path, at_load: Callable[..., Cell]
) -> None:
    captions = "self.captions(self.text(ids).mean(1))"
    square = "torch.linalg.matrix_exp(self.captions.weight[:, :8])"
    write_code(SOURCE.replace(captions, square))
    found = run_burst(at_load(cell_of(tmp_path), batch=8), lambda _: None)
    assert "left out" in found.missing["step_gflop"]
    assert "linalg_matrix_exp" in found.missing["step_gflop"]
    assert "Uncounted" in found.details["flops"]["not_counted"]
    assert found.metrics["predicted_peak_bytes"] is not None  # bytes need no formula


def test_code_that_reads_its_values_is_measured_and_neither_predicted_nor_counted(
    write_code: Write, tmp_path: Path
) -> None:
    look = "clips.sum().numpy();\n        return self.clips(self.video(clips))"
    write_code(SOURCE.replace("return self.clips(self.video(clips))", look))
    found = run_burst(cell_of(tmp_path), lambda _: None)
    assert found.metrics["peak_alloc_bytes"] and found.metrics["step_ms"]
    reason = found.missing["predicted_peak_bytes"]
    assert re.match(r"own_code\.py:\d+: a tensor becomes a numpy array.*\.item\(\)$", reason)
    assert found.missing["step_gflop"].startswith("not counted: ")
    assert found.missing["mfu"] == "the FLOPs or the time of a step are missing"
    assert all(value is None or math.isfinite(value) for value in found.metrics.values())


def test_a_prediction_reports_errors_of_the_code(write_code: Write, tmp_path: Path) -> None:
    write_code(HEAD + TOWERS)  # numpy is not imported
    with pytest.raises(NameError, match="numpy"):
        predict(cell_of(tmp_path), "cpu")
    write_code("def build(load): return None\n", "nothing")
    with pytest.raises(UsageError, match=r"must return a torch\.nn\.Module"):
        predict(cell_of(tmp_path, "nothing:build"), "cuda")
