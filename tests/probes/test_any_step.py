"""Training steps of users: the prediction equals the same step when run, to the byte."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.probes import real
from tests.probes.models import Program, Recurrent, State, encoder, mlp, sequences, vectors
from tests.probes.programs import PROGRAMS, bf16, made, train
from vbench_mem.probes.any_step import predict_step
from vbench_mem.probes.prediction import Prediction

AdamW = torch.optim.AdamW
MLP_WEIGHTS = 64 * 256 + 256 + 256 * 64 + 64 + 64 + 64


def predict(program: Program, **options: Any) -> Prediction:
    return predict_step(program.build, program.step, steps=program.steps, **options)


def run(program: Program) -> tuple[int, int]:
    return real.run(program.build, program.step, program.steps)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_prediction_of_a_step_is_exact_to_the_byte(name: str) -> None:
    predicted, measured = predict(PROGRAMS[name]), run(PROGRAMS[name])
    assert (predicted.peak_bytes, predicted.steady_bytes) == measured
    assert sum(predicted.categories.values()) == predicted.peak_bytes
    assert max(predicted.phases.values()) == predicted.peak_bytes
    assert predicted.phases[predicted.peak_phase] == predicted.peak_bytes
    assert sum(sum(held.values()) for held in predicted.modules.values()) == predicted.peak_bytes


def test_phases_and_categories_are_found_without_help() -> None:
    found = predict(PROGRAMS["mlp"])
    assert list(found.phases) == ["forward", "backward", "optimizer"]
    assert found.categories["parameter"] == 4 * MLP_WEIGHTS
    assert found.categories["gradient"] == 4 * MLP_WEIGHTS  # all are there once AdamW begins
    assert found.categories["optimizer"] == 2 * 4 * MLP_WEIGHTS + 6 * 4  # two moments, six counts
    assert found.categories["input"] == 4 * 32 * 64
    assert found.build_bytes == 4 * MLP_WEIGHTS + 4 * 32 * 64


def test_activations_are_what_forward_keeps_for_backward() -> None:
    def step(x: Tensor) -> None:
        x.exp().exp().sum().backward()
        x.grad = None

    found = predict_step(lambda: torch.zeros(1000, requires_grad=True), step)
    assert found.peak_phase == "backward"
    # the results of both exp, the loss and the gradient of the loss that backward starts with
    assert found.categories["activation"] == 2 * 4000 + 4 + 4
    assert found.categories["input"] == 4000


def test_an_inference_has_only_a_forward_and_no_gradients() -> None:
    found = predict(PROGRAMS["inference"])
    assert list(found.phases) == ["forward"]
    assert found.categories["gradient"] == found.categories["optimizer"] == 0


def test_a_closure_goes_forward_and_backward_within_the_optimiser() -> None:
    assert set(predict(PROGRAMS["closure"]).phases) == {"forward", "backward", "optimizer"}


def test_a_phase_that_comes_twice_has_the_larger_peak() -> None:
    """The second half adds its gradients to those of the first."""
    twice, once = PROGRAMS["in_two_halves"], made(mlp, lambda: torch.randn(16, 64))
    alone = predict_step(once, train).phases
    assert predict(twice).phases["backward"] > alone["backward"] + 2 * 4 * MLP_WEIGHTS // 3


def test_memory_is_laid_at_the_door_of_modules() -> None:
    def build() -> dict[str, Any]:
        model = nn.ModuleDict({"wide": nn.Linear(64, 1024), "deep": nn.ModuleList([mlp(), mlp()])})
        return {"batch": vectors(), "optimizer": AdamW(model.parameters()), "model": model}

    def step(state: dict[str, Any]) -> None:
        model = state["model"]
        loss = model["wide"](state["batch"]).mean()
        for each in model["deep"]:
            loss = loss + each(state["batch"]).mean()
        loss.backward()
        state["optimizer"].step()
        state["optimizer"].zero_grad()

    found = predict_step(build, step).modules
    assert found["wide"]["parameter"] == found["wide"]["gradient"] == 4 * 65 * 1024
    assert found["wide"]["optimizer"] == 2 * 4 * 65 * 1024 + 2 * 4
    assert found["deep.*.*"]["parameter"] == 2 * 4 * (MLP_WEIGHTS - 2 * 64) + 2 * 4 * 2 * 64


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        lambda model: (1, {"a": [model]}),
        lambda model: SimpleNamespace(inner=SimpleNamespace(model=model)),
        lambda model: lambda: model,  # out of sight until it is called
    ],
    ids=["bare", "containers", "attributes", "hidden"],
)
def test_weights_are_found_wherever_the_state_keeps_them(wrap: Callable[[Any], Any]) -> None:
    kept: list[nn.Module] = []

    def build() -> Any:
        kept[:] = [mlp()]
        return wrap(kept[0])

    def step(_: Any) -> None:
        kept[0](torch.ones(2, 64)).sum().backward()
        kept[0].zero_grad()

    assert predict_step(build, step).categories["parameter"] == 4 * MLP_WEIGHTS


def test_tensors_from_numpy_are_inputs() -> None:
    assert predict(PROGRAMS["data_of_numpy"]).categories["input"] == 4 * 32 * 64


def test_the_same_program_gets_the_same_answer() -> None:
    program = PROGRAMS["randomly_masked"]
    assert predict(program) == predict(program)


def test_a_card_uses_foreach_unless_the_user_chose_otherwise() -> None:
    default, foreach, loop = (
        predict(PROGRAMS[name], target="cuda") for name in ("mlp_default", "mlp", "mlp_loop")
    )
    assert default == foreach
    assert default.phases["optimizer"] >= loop.phases["optimizer"]
    assert default.target == "cuda" and default.reserved_bytes


def test_a_card_applies_dropout_without_storing_scores() -> None:
    def program(dropout: float) -> Program:
        return Program(made(partial(encoder, dropout), lambda: torch.randn(1, 1024, 64)), bf16)

    plain, dropping = (predict(program(p), target="cuda") for p in (0.0, 0.1))
    assert plain.attention == dropping.attention
    assert "_scaled_dot_product_flash_attention" in plain.attention
    scores_of_a_layer = 4 * 1024 * 1024 * torch.bfloat16.itemsize
    assert 0 < dropping.peak_bytes - plain.peak_bytes < scores_of_a_layer
    on_cpu = predict(program(0.1))
    assert not on_cpu.attention, "a cpu has no kernel that drops"
    assert on_cpu.peak_bytes > dropping.peak_bytes + 3 * scores_of_a_layer


def test_on_a_card_the_counts_of_steps_stay_on_the_host() -> None:
    cpu, card = (predict(PROGRAMS["mlp"], target=target) for target in ("cpu", "cuda"))
    assert cpu.categories["optimizer"] - card.categories["optimizer"] == 6 * 4


def test_kernels_that_take_memory_unseen_are_named() -> None:
    program = Program(made(partial(Recurrent, nn.LSTM), sequences), train)
    found = predict(program)
    assert any("mkldnn_rnn" in name for name in found.unseen)
    assert found.peak_bytes <= run(program)[0]


def test_a_state_of_ones_own_kind_is_handed_from_build_to_step() -> None:
    seen: list[State] = []
    predict_step(made(mlp, vectors), lambda state: seen.append(state))
    assert [type(each) for each in seen] == [State, State]
    assert seen[0] is seen[1]
