"""Whole bursts of tiny encoders: every metric present, phases named, bad losses refused."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from vbench_mem.base.errors import Unsupported
from vbench_mem.base.metrics import METRICS, PREDICTED
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import burst
from vbench_mem.probes.burst import run_burst
from vbench_mem.probes.measured import Measured
from vbench_mem.probes.memory import finite
from vbench_mem.probes.train_step import Trainer

Make = Callable[..., Cell]
STEP = ["forward", "backward", "optimizer"]


def check_answers(found: Measured) -> None:
    """Every metric is a plausible number, or None with a reason."""
    assert found.metrics.keys() == METRICS.keys()
    for name, value in found.metrics.items():
        assert (value is None) == (name in found.missing), name
        assert value is None or math.isfinite(value), name
        assert METRICS[name].unit != "bytes" or value is None or isinstance(value, int), name
    assert all(found.missing.values())


def test_a_burst_answers_every_metric_and_names_its_phases(small_cell: Make) -> None:
    entered: list[str] = []
    found = run_burst(small_cell(recipe="mask75", frames=16), entered.append)
    check_answers(found)
    numbers: dict[str, Any] = found.metrics
    assert entered == ["check", "build", "batch", "embed", *STEP, *STEP, "time", "flops", "predict"]
    assert numbers["tokens_per_clip"] == 8 * 16
    assert numbers["tokens_trained_per_clip"] == 32
    assert numbers["params"] == numbers["params_video"] + numbers["params_text"] + 1
    assert numbers["peak_alloc_bytes"] >= max(
        numbers[f"{phase}_peak_bytes"] for phase in ("forward", "backward", "optimizer")
    )
    assert numbers["build_bytes"] < numbers["embed_peak_bytes"] < numbers["peak_alloc_bytes"]
    assert numbers["host_rss_bytes"] > numbers["peak_alloc_bytes"]
    assert numbers["loss_last"] < numbers["loss_first"]
    assert "separate passes" in found.details["passes"]
    assert found.details["memory_method"] == "storages tracked (CPU)"
    assert len(found.details["steps_ms"]) == 2
    flop_per_s = 1e9 * numbers["step_gflop"] * numbers["clips_per_s"]
    assert 1e12 * numbers["achieved_tflop_per_s"] == pytest.approx(flop_per_s)


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": "bfloat16", "checkpoint": True, "attention": "math", "encoder": "tubevit_test"},
        {"dtype": "float16", "recipe": "lora8", "optimizer": "fused"},
        {"dtype": "bfloat16", "mode": "embed"},
    ],
)
def test_every_runtime_answers_every_metric(small_cell: Make, fields: dict[str, Any]) -> None:
    cell = small_cell(**{"frames": 16} | fields)
    found = run_burst(cell, lambda _: None)
    check_answers(found)
    if cell.load.mode == "embed":
        assert found.metrics["peak_alloc_bytes"] == found.metrics["embed_peak_bytes"]
        assert found.metrics["loss_first"] is None


def test_checkpointing_takes_less_memory_and_the_same_loss(small_cell: Make) -> None:
    plain, again = (
        run_burst(small_cell(frames=16, checkpoint=checkpoint), lambda _: None)
        for checkpoint in (False, True)
    )
    kept, recomputed = plain.metrics["forward_peak_bytes"], again.metrics["forward_peak_bytes"]
    assert kept is not None and recomputed is not None and recomputed < kept
    assert plain.metrics["loss_first"] == pytest.approx(again.metrics["loss_first"], rel=1e-6)


def test_the_same_cell_takes_the_same_bytes_and_the_same_losses(small_cell: Make) -> None:
    first, second = (run_burst(small_cell(recipe="mask75"), lambda _: None) for _ in range(2))
    assert first.details["losses"] == second.details["losses"]
    for name, value in first.metrics.items():
        if METRICS[name].unit == "bytes" and name != "host_rss_bytes":
            assert second.metrics[name] == value, name


def test_unsupported_is_raised_before_any_work(small_cell: Make) -> None:
    entered: list[str] = []
    with pytest.raises(Unsupported):
        run_burst(small_cell(attention="cudnn"), entered.append)
    assert entered == ["check"]


def test_a_loss_that_is_no_number_is_an_error(
    small_cell: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Trainer.step
    done: list[int] = []

    def poisoned(self: Trainer, *given: Any) -> torch.Tensor:
        done.append(1)
        return step(self, *given) * (math.nan if len(done) > 3 else 1)

    monkeypatch.setattr(Trainer, "step", poisoned)
    with pytest.raises(FloatingPointError, match="the loss is nan in step 2 of the time pass"):
        run_burst(small_cell(), lambda _: None)
    with pytest.raises(FloatingPointError, match="the loss is inf in step 1"):
        finite(math.inf, "step 1")


def test_a_burst_on_clips_separates_decoding_from_computing(small_cell: Make) -> None:
    cell = small_cell(input="clips", clips="generated", frames=4, caption_tokens=4)
    cell = replace(cell, load=replace(cell.load, fps=1.0))
    found = run_burst(cell, lambda _: None)
    check_answers(found)
    numbers: dict[str, Any] = found.metrics
    assert numbers["decode_ms"] > 0
    assert numbers["transfer_ms"] is None, "it is decoded where it is used"
    assert numbers["end_to_end_clips_per_s"] < numbers["clips_per_s"]
    clips = cell.load.batch * (1 + cell.protocol.warmup + cell.protocol.steps)
    assert found.details["clips"]["decoded"] == clips
    assert numbers["captions_truncated"] == clips, "no caption of the set fits into 4 tokens"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # inductor's own import
@pytest.mark.parametrize("mode", ["train", "embed"])
def test_a_compiled_encoder_on_a_cpu_has_times_and_a_reason_for_missing_memory(
    small_cell: Make, mode: str
) -> None:
    found = run_burst(small_cell(compile=True, mode=mode), lambda _: None)
    check_answers(found)
    assert found.metrics["compile_s"] is not None and found.metrics["compile_s"] > 1
    assert "compiled" in found.missing["peak_alloc_bytes"]


def test_a_compiled_burst_takes_its_first_step_in_the_time_pass_on_a_cpu(
    small_cell: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a fake compiler, so that this code runs in every run of the tests."""
    monkeypatch.setattr(torch, "compile", lambda encoder, dynamic: encoder)
    monkeypatch.setattr(burst, "check", lambda cell, device: None)
    entered: list[str] = []
    found = run_burst(small_cell(compile=True), entered.append)
    check_answers(found)
    assert entered == ["check", "build", "batch", "time", "flops", "predict"]
    assert found.metrics["compile_s"] is not None
    assert found.metrics["build_bytes"] is not None
    assert found.metrics["peak_alloc_bytes"] is None


def test_a_burst_has_its_prediction_beside_its_measurement(small_cell: Make) -> None:
    """On a cpu they are equal to the byte, by phase and by category."""
    numbers = run_burst(small_cell(dtype="bfloat16"), lambda _: None).metrics
    pairs = {name: name.replace("predicted_", "") for name in PREDICTED}
    pairs["predicted_peak_bytes"] = "peak_alloc_bytes"
    on_card = ("predicted_reserved_bytes", "predicted_process_bytes")
    for predicted, measured in pairs.items():
        if predicted in on_card:
            assert numbers[predicted] is None
        else:
            assert numbers[predicted] == numbers[measured], predicted


@pytest.mark.gpu
@pytest.mark.parametrize("fields", [{}, {"dtype": "bfloat16", "checkpoint": True}])
def test_a_burst_on_a_card_has_its_five_numbers(small_cell: Make, fields: dict[str, Any]) -> None:
    found = run_burst(small_cell(device="cuda", frames=16, **fields), lambda _: None)
    check_answers(found)
    numbers: dict[str, Any] = found.metrics
    assert found.details["memory_method"] == "caching allocator (CUDA)"
    assert numbers["peak_alloc_bytes"] <= numbers["peak_reserved_bytes"]
    assert numbers["build_bytes"] >= 4 * numbers["params"]
    names = ("parameter", "gradient", "optimizer", "input", "activation", "temporary")
    parts = [numbers[f"{name}_bytes"] for name in names]
    assert min(parts) >= 0 and sum(parts) == numbers["peak_alloc_bytes"]
    assert found.details["growth_of_last_step_bytes"] == 0
    assert numbers["step_ms"] > 0


@pytest.mark.gpu
def test_the_same_cell_has_the_same_losses_on_a_card_and_a_cpu(small_cell: Make) -> None:
    first = run_burst(small_cell(device="cuda"), lambda _: None).metrics["loss_first"]
    other = run_burst(small_cell(device="cpu"), lambda _: None).metrics["loss_first"]
    assert first == pytest.approx(other, abs=0.5), "other weights and noise, the same distribution"
