"""Anybody's training step: prediction against the same step really run, to the byte."""

import gc
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.nn.modules.module import _global_forward_pre_hooks
from torch.optim.optimizer import _global_optimizer_pre_hooks

import vbench_mem
from tests.probes.programs import (
    PROGRAMS,
    Program,
    Recurrent,
    State,
    bf16,
    encoder,
    made,
    mlp,
    sequences,
    train,
    vectors,
)
from vbench_mem.errors import Unsupported, UsageError
from vbench_mem.prediction import Prediction
from vbench_mem.probes.any_step import predict_step
from vbench_mem.probes.corrections import corrected
from vbench_mem.probes.storages import StorageTracker

AdamW = torch.optim.AdamW
aten = torch.ops.aten
MLP_WEIGHTS = 64 * 256 + 256 + 256 * 64 + 64 + 64 + 64


def predict(program: Program, **options: Any) -> Prediction:
    return predict_step(program.build, program.step, steps=program.steps, **options)


def run(program: Program) -> tuple[int, int]:
    """The peak of the last step, and what is held after it, of a program that really runs."""
    torch.manual_seed(0)
    with StorageTracker() as tracker:
        state = program.build()
        for step in range(1, program.steps + 1):
            gc.collect()
            tracker.timeline.begin("step", step)
            program.step(state)
        gc.collect()
    timeline = tracker.timeline
    return timeline.peak(*timeline.of_step(program.steps)).bytes, timeline.levels()[-1]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_step_needs_what_was_predicted_to_the_byte(name: str) -> None:
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


def test_activations_are_what_forward_leaves_to_backward() -> None:
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
    """The second half's gradients come on top of the first's."""
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


def test_what_numpy_made_is_an_input() -> None:
    assert predict(PROGRAMS["data_of_numpy"]).categories["input"] == 4 * 32 * 64


def test_the_same_program_gets_the_same_answer() -> None:
    program = PROGRAMS["randomly_masked"]
    assert predict(program) == predict(program)


def test_values_that_are_small_and_known_are_told_truly() -> None:
    told: list[Any] = []

    def step(_: object) -> None:
        ids = torch.tensor([3, 0, 5, 0])
        told.append([ids.sum().item(), ids.tolist(), bool((ids == 0).any()), len(ids.nonzero())])
        told.append(ids[ids != 0].tolist())
        told.append(torch.equal(ids, ids.clone()))
        told.append(torch.linspace(0, 0.5, 3).tolist())

    predict_step(lambda: None, step, steps=1)
    assert told == [[8, [3, 0, 5, 0], True, 2], [3, 5], True, [0.0, 0.25, 0.5]]


def test_nothing_unknown_is_told_to_have_overflowed() -> None:
    def step(x: Tensor) -> None:
        y = x.exp()
        if y.isnan().any() or torch.isinf(y).any() or not torch.isfinite(y).all():
            raise ValueError("diverged")

    predict_step(lambda: torch.randn(1000, 1000), step)


def test_what_is_written_into_a_known_tensor_from_an_unknown_one_is_unknown() -> None:
    def step(large: Tensor) -> None:
        counts = torch.zeros(4, dtype=torch.int64)
        counts.copy_(large[:4].long())
        torch.arange(9)[counts.nonzero()]

    with pytest.raises(Unsupported, match=r"what aten\.nonzero\.default returns depends on values"):
        predict_step(lambda: torch.randn(1000, 1000)[0], step)


@pytest.mark.parametrize("operation", [lambda x: x[x > 0], lambda x: x.masked_select(x > 0)])
def test_a_shape_that_follows_from_unknown_values_is_refused(
    operation: Callable[[Tensor], Tensor],
) -> None:
    with pytest.raises(Unsupported, match="make the mask or the count from something small"):
        predict_step(lambda: torch.randn(1000, 1000), operation)


@pytest.mark.filterwarnings("ignore:Using `torch.compile", "ignore::DeprecationWarning")
def test_a_compiled_module_is_refused() -> None:
    def step(model: Callable[[Tensor], Tensor]) -> None:
        model(vectors())

    with pytest.raises(Unsupported, match="its kernels allocate out of sight"):
        predict_step(lambda: torch.compile(mlp()), step)


class Own(Exception):
    """A user's."""


@pytest.mark.parametrize("where", ["build", "step"])
def test_a_users_error_comes_through_with_its_own_traceback_and_nothing_stays(where: str) -> None:
    def fail(*_: object) -> None:
        raise Own

    before = torch.get_rng_state(), FakeTensor.__deepcopy__
    build, step = (fail, print) if where == "build" else (vectors, fail)
    with pytest.raises(Own) as caught:
        predict_step(build, step)
    assert caught.traceback[-1].name == "fail"
    assert torch.equal(torch.get_rng_state(), before[0])
    assert FakeTensor.__deepcopy__ is before[1]
    assert gc.isenabled() and not gc.get_freeze_count()
    assert type(mlp()(vectors())) is Tensor
    assert not _global_optimizer_pre_hooks and not _global_forward_pre_hooks


def test_too_few_steps_and_unknown_targets_are_refused() -> None:
    with pytest.raises(UsageError, match="0 is too few; write 1 or more"):
        predict_step(vectors, print, steps=0)
    with pytest.raises(UsageError, match=r"'cud' is not known; did you mean cuda\?"):
        predict_step(vectors, print, target="cud")  # type: ignore[arg-type]


def test_a_card_updates_all_weights_at_once_unless_told_otherwise() -> None:
    default, foreach, loop = (
        predict(PROGRAMS[name], target="cuda") for name in ("mlp_default", "mlp", "mlp_loop")
    )
    assert default == foreach
    assert default.phases["optimizer"] >= loop.phases["optimizer"]
    assert default.target == "cuda" and default.reserved_bytes


def test_a_card_drops_scores_without_writing_them_down() -> None:
    def program(dropout: float) -> Program:
        return Program(made(partial(encoder, dropout), lambda: torch.randn(1, 1024, 64)), bf16)

    plain, dropping = (predict(program(p), target="cuda") for p in (0.0, 0.1))
    assert plain.attention == dropping.attention
    assert "_scaled_dot_product_flash_attention" in plain.attention
    scores_of_a_layer = 4 * 1024 * 1024 * HALF.itemsize
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


def test_a_deep_copy_of_fake_tensors_is_like_one_of_real_ones() -> None:
    def tied() -> tuple[nn.ModuleList, list[Tensor]]:
        first, second = nn.Linear(8, 8), nn.Linear(8, 8)
        second.weight = first.weight
        kept = torch.zeros(8, requires_grad=True)
        kept.own = "kept"  # type: ignore[attr-defined]
        kept.sum().backward()
        rows = torch.zeros(4, 8)
        return nn.ModuleList([first, second]), [kept, rows, rows[1:]]

    def look(state: Any) -> None:
        (first, second), (kept, rows, last) = deepcopy(state)
        assert first.weight is second.weight and isinstance(first.weight, nn.Parameter)
        assert first.weight.requires_grad and storage(first.weight) == storage(first.weight.t())
        assert storage(first.weight) != storage(state[0][0].weight)
        assert kept.own == "kept" and kept.requires_grad and kept.grad.shape == (8,)
        assert storage(rows) == storage(last) != storage(state[1][1])
        assert last.shape == (3, 8) and last.storage_offset() == 8
        with pytest.raises(RuntimeError, match=r"leaves|explicitly by the user"):
            deepcopy(first.weight * 2)

    look(tied())  # what is true of real ones ...
    predict_step(tied, look, steps=1)


def storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def forms(result: Any) -> list[tuple[torch.dtype, torch.Size, int]]:
    tensors = result if isinstance(result, tuple) else (result,)
    return [(each.dtype, each.shape, each.untyped_storage().nbytes()) for each in tensors]


HALF = torch.bfloat16
Rows = Callable[..., Tensor]
OPERATIONS: dict[str, tuple[Any, Callable[[Rows, Tensor], list[Any]]]] = {
    "layer_norm": (aten.native_layer_norm.default, lambda x, w: [x(4, 8), [8], w, w, 1e-5]),
    "group_norm": (
        aten.native_group_norm.default,
        lambda x, w: [x(4, 8, 25), w, w, 4, 8, 25, 2, 1e-5],
    ),
    "batch_norm": (
        aten.native_batch_norm.default,
        lambda x, w: [x(4, 8), w, w, w.clone(), w.clone(), True, 0.1, 1e-5],
    ),
    "mse": (aten.mse_loss.default, lambda x, _: [x(4, 8), x(4, 8)]),
    "mse, spread": (aten.mse_loss.default, lambda x, _: [x(4, 8), x(8), 2]),
    "mse, each": (aten.mse_loss.default, lambda x, _: [x(4, 8), x(4, 8), 0]),
    "smooth_l1": (aten.smooth_l1_loss.default, lambda x, _: [x(4, 8), x(4, 8)]),
    "soft_margin": (aten.soft_margin_loss.default, lambda x, _: [x(4, 8), x(4, 8)]),
    "cross_entropy": (aten.binary_cross_entropy.default, lambda x, _: [x(4, 8), x(4, 8)]),
}


@pytest.mark.parametrize("weights", [torch.float32, HALF])
@pytest.mark.parametrize("name", OPERATIONS)
def test_results_of_fake_tensors_are_corrected_to_what_a_cpu_returns(
    name: str, weights: torch.dtype
) -> None:
    operation, arguments = OPERATIONS[name]

    def give() -> list[Any]:
        return arguments(lambda *size: torch.rand(size).to(HALF), torch.ones(8, dtype=weights))

    real = operation(*give())
    with FakeTensorMode():
        given = give()
        fake = corrected(operation, given, operation(*given))
    assert forms(fake) == forms(real)


def test_the_example_of_the_docstring_runs() -> None:
    text = inspect.getdoc(predict_step) or ""
    start = text.index("    import torch")
    example = textwrap.dedent(text[start : text.index("Args:")])
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "predict_step(build, step)" in example and "assert" in example


def test_the_package_gives_the_api_and_imports_torch_only_when_asked() -> None:
    assert vbench_mem.predict_step is predict_step
    assert vbench_mem.Prediction is Prediction
    with pytest.raises(AttributeError, match="has no attribute 'predict_stop'"):
        _ = vbench_mem.predict_stop
    code = (
        "import sys, vbench_mem; from vbench_mem import Prediction; assert 'torch' not in "
        "sys.modules; from vbench_mem import predict_step; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_state_of_ones_own_kind_is_handed_from_build_to_step() -> None:
    seen: list[State] = []
    predict_step(made(mlp, vectors), lambda state: seen.append(state))
    assert [type(each) for each in seen] == [State, State]
    assert seen[0] is seen[1]
