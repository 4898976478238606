"""Models of `transformers` under `predict_step`: small ones against a real step, to the byte, and
full-size ones without the memory that they would need."""

import warnings
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.plugin_suite import run as run_suite
from tests.probes.real import run
from tests.probes.transformers_models import (
    MODELS,
    State,
    build,
    step,
)
from vbench_mem import Prediction
from vbench_mem.probes import resident
from vbench_mem.probes.any_step import predict_step

GIB = 2**30


def enable_checkpointing(model: Any) -> None:
    """By the name that this version of transformers has for it."""
    new = getattr(model, "activation_checkpointing_enable", None)
    (new or model.gradient_checkpointing_enable)()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("name", MODELS)
def test_the_prediction_of_a_small_model_is_exact_to_the_byte(
    name: str, dtype: torch.dtype
) -> None:
    make, one = partial(build, name, small=True), partial(step, dtype=dtype)
    found = predict_step(make, one)
    assert (found.peak_bytes, found.steady_bytes) == run(make, one)
    assert sum(found.categories.values()) == found.peak_bytes


def test_dropout_makes_no_difference_to_that() -> None:
    make = partial(build, "vivit", small=True, dropout=True)
    found = predict_step(make, step)
    assert (found.peak_bytes, found.steady_bytes) == run(make, step)


def test_a_checkpointed_model_recomputes_what_it_did_not_keep() -> None:
    def make() -> State:
        state = build("vivit", small=True)
        enable_checkpointing(state[0])
        return state

    found = predict_step(make, step)
    assert (found.peak_bytes, found.steady_bytes) == run(make, step)
    kept = predict_step(partial(build, "vivit", small=True), step)
    assert found.phases["forward"] < kept.phases["forward"]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_full_size_model_is_predicted_without_its_memory(name: str) -> None:
    resident.reset_peak()
    before = resident.take_peak()
    resident.reset_peak()
    found = predict_step(partial(build, name, small=False), step)
    assert resident.take_peak() - before < GIB / 8
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, _ = MODELS[name][0]()
    weights = {path: weight.nbytes for path, weight in model.named_parameters()}
    trained = [size for path, size in weights.items() if not path.startswith("pooler")]
    assert found.categories["optimizer"] == 2 * sum(trained) + 4 * len(trained)
    buffers = sum(buffer.nbytes for buffer in model.buffers())
    assert found.categories["parameter"] == sum(weights.values()) + buffers
    assert found.peak_bytes > GIB


def largest(found: Prediction) -> str:
    return max(found.modules, key=lambda path: sum(found.modules[path].values()))


def test_modules_have_the_paths_of_the_model() -> None:
    found = predict_step(partial(build, "vivit", small=False), step)
    assert largest(found) == "layers.*.mlp.activation_fn"
    assert found.modules[largest(found)]["activation"] > GIB


@pytest.mark.slow  # its suite imports this repository's tests, which an installed package has not
def test_a_card_needs_less_than_12_gib_for_two_clips_of_vivit(tmp_path: Path) -> None:
    """By the plugin, as a user would write it; a quarter of that is refused."""
    suite = """
import pytest
from tests.probes.transformers_models import build, step

@pytest.mark.memory_budget("12 GiB")
@pytest.mark.memory_budget("512 MiB", category="parameter")
def test_fits(predict_step):
    predict_step(lambda: build("vivit", small=False), step, target="cuda")

@pytest.mark.memory_budget("3 GiB")
def test_does_not(predict_step):
    predict_step(lambda: build("vivit", small=False), step, target="cuda")
"""
    output = run_suite(tmp_path, suite=suite)
    assert "PASSED test_steps.py::test_fits" in output
    assert "FAILED test_steps.py::test_does_not - Failed: memory_budget: a step is " in output
    assert "layers.*.mlp.activation_fn" in output
