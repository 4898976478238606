"""Forms of common programs: each is predicted, and equals the program when run, to the byte."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, TensorDataset

from tests.probes.forms import WIDTH, Build, same, train, with_adam
from tests.probes.models import conv, images, mlp, vectors
from vbench_mem.base.errors import Unsupported, UsageError
from vbench_mem.probes.any_step import predict_step


def from_meta() -> nn.Module:
    with torch.device("meta"):
        model = mlp()
    return model.to_empty(device="cpu")


CONVERSIONS: dict[str, tuple[Callable[[], nn.Module], Build]] = {
    "bfloat16": (lambda: mlp().to(torch.bfloat16), vectors),
    "half": (lambda: mlp().half(), vectors),
    "double": (lambda: mlp().double(), vectors),
    "float": (lambda: mlp().half().float(), vectors),
    "type": (lambda: mlp().type(torch.bfloat16), vectors),
    "cpu": (lambda: mlp().to("cpu"), vectors),
    "device_and_dtype": (lambda: mlp().to(torch.device("cpu"), torch.bfloat16), vectors),
    "like_a_tensor": (lambda: mlp().to(torch.zeros(1, dtype=torch.float64)), vectors),
    "channels_last": (lambda: conv().to(memory_format=torch.channels_last), images),
    "to_empty": (lambda: mlp().to_empty(device="cpu"), vectors),
    "meta": (from_meta, vectors),
    "meta_half": (lambda: from_meta().half(), vectors),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_a_converted_module_is_exact_to_the_byte(name: str) -> None:
    same(with_adam(*CONVERSIONS[name]), train)


def test_a_module_converted_in_the_step_after_its_optimiser_was_made() -> None:
    def step(state: Any) -> None:
        state[0].to(torch.float64)
        train(state)
        state[0].float()

    same(with_adam(mlp), step)


def test_a_conversion_takes_gradients_along() -> None:
    def step(state: Any) -> None:
        model, _, x = state
        model(x).sum().backward()
        model.half()
        assert all(each.grad.dtype is torch.float16 for each in model.parameters())
        model.float().zero_grad()

    same(with_adam(mlp), step)


def test_a_truncated_normal_start_ends_and_costs_nothing() -> None:
    def make() -> nn.Module:
        model = nn.Linear(1024, 128)  # more than the values that are computed
        nn.init.trunc_normal_(model.weight, std=0.02)
        nn.init.trunc_normal_(model.bias, std=1.0, a=2.0, b=9.0)  # in the tail
        return model

    plain = with_adam(lambda: nn.Linear(1024, 128), lambda: torch.randn(4, 1024))
    found = predict_step(with_adam(make, lambda: torch.randn(4, 1024)), train)
    assert found == predict_step(plain, train)


def test_a_loop_that_waits_for_a_value_ends() -> None:
    def build() -> Tensor:
        x = torch.randn(512, 256)
        while True:
            outside = x.abs() > 2
            if not outside.any():
                return x
            x = torch.where(outside, torch.randn(512, 256), x)

    assert predict_step(build, lambda x: x.sum()).build_bytes == 4 * 512 * 256


def test_a_number_is_printed_as_a_number() -> None:
    said: list[str] = []

    def step(state: Any) -> None:
        loss = state[0](state[2]).square().mean().detach()
        said.append(f"{loss:.3f} {loss.item():.1f} {float(loss)} {int(loss)}")

    large = with_adam(mlp, lambda: torch.randn(2000, WIDTH))  # too large to be computed
    predict_step(large, step, steps=1)
    assert said == ["1.000 1.0 1.0 1"]


def checks(x: Tensor) -> None:
    """What programs require of values that are all right."""
    if (x < -1e9).any():
        raise ValueError
    if torch.any(x > 1e9) or x.isnan().any() or not torch.isfinite(x).all():
        raise ValueError
    if not (x > -1e9).all():
        raise ValueError(f"a message with {x.shape}")
    if (x > 1e9).sum() > 0:
        raise ValueError
    if bool((x > 1e9).any()):
        raise ValueError
    if (x > 1e9).any().item():
        raise ValueError
    assert x.max() < 1e9
    assert not (x.min() < -1e9)
    F.gaussian_nll_loss(x, torch.zeros_like(x), x.exp()).backward()
    torch.distributions.Normal(x, x.exp()).log_prob(x).mean().backward()
    x.grad = None


def test_checks_of_values_pass() -> None:
    same(lambda: torch.randn(512, 256, requires_grad=True), checks)


def loader(workers: int) -> Build:
    def build() -> Any:
        data = TensorDataset(torch.randn(8, WIDTH))
        return mlp(), DataLoader(
            data, 4, shuffle=True, num_workers=workers, persistent_workers=workers > 0
        )

    return build


def epoch(state: Any) -> None:
    model, batches = state
    for (x,) in batches:
        model(x).sum().backward()
        model.zero_grad()


def test_a_loader_with_workers_is_one_without() -> None:
    assert predict_step(loader(2), epoch) == predict_step(loader(0), epoch)
    same(loader(0), epoch)


class Packed(nn.Module):
    def __init__(self, kind: Any, **options: Any) -> None:
        super().__init__()
        self.inner = kind(16, 32, batch_first=True, **options)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        pack, pad = nn.utils.rnn.pack_padded_sequence, nn.utils.rnn.pad_packed_sequence
        packed = pack(x, lengths, batch_first=True, enforce_sorted=False)
        padded, found = pad(self.inner(packed)[0], batch_first=True)
        assert found.tolist() == lengths.tolist()
        return padded


@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"bidirectional": True}], ids=str)
@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM, nn.RNN])
def test_packed_sequences_are_exact_to_the_byte(kind: Any, options: dict[str, Any]) -> None:
    def build() -> Any:
        return Packed(kind, **options), torch.randn(4, 7, 16), torch.tensor([3, 7, 5, 2])

    def step(state: Any) -> None:
        model, x, lengths = state
        model(x, lengths).sum().backward()
        model.zero_grad()

    same(build, step)


def test_a_resized_storage_is_noticed_at_once() -> None:
    def step(x: Tensor) -> None:
        x.untyped_storage().resize_(0)
        y = torch.ones(1000)
        del y
        x.untyped_storage().resize_(4000)

    found = predict_step(lambda: torch.randn(1000), step)
    assert (found.peak_bytes, found.steady_bytes) == (4000, 4000)


def test_modules_compiled_in_place_run_uncompiled() -> None:
    def make() -> nn.Module:
        model = mlp()
        model.compile()
        return model

    assert predict_step(with_adam(make), train) == predict_step(with_adam(mlp), train)


@pytest.mark.parametrize("words", [1000, 20])
@pytest.mark.parametrize("optimizer", [torch.optim.SparseAdam, torch.optim.Adagrad])
@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
def test_sparse_gradients_are_those_of_the_allocator_but_for_indices(
    words: int, optimizer: Any
) -> None:
    def build() -> Any:
        table = nn.Embedding(words, WIDTH, sparse=True)
        return table, optimizer(table.parameters()), torch.randint(0, words, (16, 8))

    def step(state: Any) -> None:
        table, made, ids = state
        table(ids).square().mean().backward()
        made.step()
        made.zero_grad()

    said = predict_step(build, step)
    torch.manual_seed(0)
    state = build()
    step(state)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        step(state)
    assert profiled.profiler is not None
    events = [e for e in profiled.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = peak = said.steady_bytes
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    assert held == said.steady_bytes
    assert abs(said.peak_bytes - peak) <= 4 * 8 * 128  # a few lists of 128 indices
    assert 0 < said.categories["gradient"] <= 128 * (4 * WIDTH + 8)


def test_ids_that_are_not_known_leave_sparse_gradients_unpredicted() -> None:
    def step(table: nn.Module) -> None:
        table(torch.randn(100_000).long() * 0).sum().backward()
        torch.optim.SparseAdam(table.parameters()).step()

    with pytest.raises(Unsupported, match="sparse"):
        predict_step(lambda: nn.Embedding(10, 4, sparse=True), step)


@pytest.mark.parametrize("convert", [nn.Module.half, nn.Module.cuda, lambda m: m.to("cuda")])
def test_a_module_made_outside_is_refused_before_a_conversion_takes_its_weights(
    convert: Callable[[nn.Module], nn.Module],
) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    before = [weight.clone() for weight in model.parameters()]
    with pytest.raises(Unsupported, match="Linear was made outside of `build`"):
        predict_step(lambda: convert(model), lambda _: None, target="cuda")
    for weight, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(weight, old)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 2.0}, "steps: 2.0 is no number of steps and no list"),
        ({"steps": True}, "steps: True is no number"),
        ({"steps": "2"}, "steps: '2' is no number"),
        ({"card": 24}, "card: 24 is no text; write it in quotes"),
        ({"allocator": 128}, "allocator: 128 is no text"),
    ],
)
def test_an_argument_of_another_type_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        predict_step(lambda: nn.Linear(2, 2), lambda _: None, **options)
