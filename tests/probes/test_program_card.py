"""Programs written for a card, predicted for one on a machine that need not have it."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.probes.models import mlp, vectors
from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.any_step import predict_step
from vbench_mem.probes.prediction import Prediction

LARGE = 4096


def on_card(build: Callable[[], Any], step: Callable[[Any], object]) -> Prediction:
    return predict_step(build, step, target="cuda")


def trained(
    autocast: Callable[[], Any],
    make: Callable[[], nn.Module] = mlp,
    batch: Callable[[], Tensor] = vectors,
) -> Prediction:
    def build() -> Any:
        model = make()
        return model, torch.optim.SGD(model.parameters(), lr=0.1), batch()

    def step(state: Any) -> None:
        model, optimizer, x = state
        with autocast():
            loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return on_card(build, step)


def wide() -> Tensor:
    return torch.randn(LARGE, 64)


def set_by_hand() -> Any:
    torch.set_autocast_dtype("cuda", torch.bfloat16)
    return torch.autocast("cuda", torch.get_autocast_dtype("cuda"))


@pytest.mark.filterwarnings("ignore:`torch.cuda.amp.autocast:FutureWarning")
@pytest.mark.parametrize(
    "autocast",
    [
        lambda: torch.autocast("cuda", torch.bfloat16),
        lambda: torch.autocast(device_type="cuda", dtype=torch.bfloat16),
        lambda: torch.amp.autocast("cuda", torch.bfloat16),
        lambda: torch.cuda.amp.autocast(dtype=torch.bfloat16),
        lambda: torch.autocast(torch.device("cuda").type, torch.bfloat16),
        lambda: torch.autocast("cuda"),  # float16, a card's own default
        set_by_hand,
    ],
)
def test_autocast_of_a_card_acts_on_the_traced_tensors(autocast: Callable[[], Any]) -> None:
    full = trained(lambda: torch.autocast("cpu", enabled=False), batch=wide)
    half = trained(lambda: torch.autocast("cpu", torch.bfloat16), batch=wide)
    found = trained(autocast, batch=wide)
    assert found.phases == half.phases
    assert found.peak_bytes < full.peak_bytes


def test_autocast_of_a_card_is_left_off_where_it_is_turned_off() -> None:
    off = trained(lambda: torch.autocast("cuda", torch.bfloat16, enabled=False))
    assert off == trained(lambda: torch.autocast("cpu", enabled=False))


class Scaled(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cuda", cast_inputs=torch.bfloat16)
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.seen = x.dtype
        return x * 2

    @staticmethod
    @torch.amp.custom_bwd(device_type="cuda")
    def backward(ctx: Any, *gradients: Any) -> Any:
        assert ctx.seen is torch.bfloat16
        return gradients[0] * 2


def test_casts_of_own_functions_are_those_of_a_card() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(64, 64)

        def forward(self, x: Tensor) -> Tensor:
            return Scaled.apply(self.inner(x).float())

    trained(lambda: torch.autocast("cuda", torch.bfloat16), Model)


def model_to(device: Any) -> Callable[[], nn.Module]:
    return lambda: mlp().to(device)


@pytest.mark.parametrize(
    ("make", "batch"),
    [
        (lambda: mlp().cuda(), lambda: vectors().cuda()),
        (lambda: mlp().cuda(0), lambda: vectors().cuda(0, non_blocking=True)),
        (model_to("cuda"), lambda: vectors().to("cuda:0")),
        (model_to(torch.device("cuda", 0)), lambda: torch.randn(32, 64, device="cuda")),
        (lambda: mlp().to("cuda", torch.float32), lambda: vectors().pin_memory().to("cuda")),
        (lambda: mlp().to(device="cuda"), lambda: vectors().to(device="cuda", copy=True)),
    ],
)
def test_what_is_put_on_a_card_counts_there_once(
    make: Callable[[], nn.Module], batch: Callable[[], Tensor]
) -> None:
    found = trained(torch.enable_grad, make, batch)
    plain = trained(torch.enable_grad)
    assert (found.peak_bytes, found.steady_bytes) == (plain.peak_bytes, plain.steady_bytes)
    assert found.categories == plain.categories


def test_a_default_device_is_the_card() -> None:
    def make() -> nn.Module:
        with torch.device("cuda"):
            return mlp()

    def made() -> nn.Module:
        torch.set_default_device("cuda")
        return mlp()

    plain = trained(torch.enable_grad)
    for each in (make, made):
        found = trained(torch.enable_grad, each, lambda: torch.randn(32, 64, device="cuda"))
        assert found.peak_bytes == plain.peak_bytes
    assert torch.get_default_device() == torch.device("cpu")


def test_data_that_stays_on_the_host_takes_nothing_of_the_card() -> None:
    def build(rows: int = 64) -> Any:
        return mlp().cuda(), torch.randn(rows, 64)

    def step(state: Any) -> None:
        model, data = state
        for batch in data[:64].split(32):
            model(batch.cuda()).sum().backward()
        model.zero_grad()

    small, large = (on_card(lambda n=n: build(n), step) for n in (64, 64_000))  # type: ignore[misc]
    assert small.peak_bytes == large.peak_bytes
    assert small.categories["input"] == 4 * 32 * 64  # the copy of a batch
    said_nothing = on_card(lambda: (mlp(), torch.randn(64_000, 64)), lambda _: None)
    assert said_nothing.peak_bytes > 4 * 64_000 * 64  # so everything is taken to be on the card


def test_what_is_kept_on_the_host_does_not_grow_on_the_card() -> None:
    def growth(keep: Callable[[Tensor], Tensor]) -> int | None:
        kept: list[Tensor] = []

        def step(state: Any) -> None:
            model, x = state
            with torch.no_grad():
                kept.append(keep(model(x.cuda())))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return on_card(lambda: (mlp().cuda(), vectors()), step).growth_bytes

    assert growth(lambda y: y) == 4 * 32 * 64
    assert growth(lambda y: y.cpu()) == growth(lambda y: y.to("cpu")) == 0


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.cuda(),
        lambda model: model.to("cuda"),
        lambda model: torch.randn(3, device="cuda"),
        lambda model: torch.tensor([1.0], device=torch.device("cuda")),
    ],
)
def test_a_card_in_a_program_predicted_for_a_cpu_is_refused(use: Callable[[Any], object]) -> None:
    with pytest.raises(Unsupported, match="write target='cuda', or leave the device out"):
        predict_step(mlp, use)


def test_two_cards_are_refused() -> None:
    with pytest.raises(Unsupported, match="two cards, cuda:0 and cuda:1"):
        on_card(lambda: (mlp().to("cuda:0"), mlp().to("cuda:1")), lambda _: None)


def test_a_program_may_ask_for_the_card() -> None:
    def step(_: Any) -> None:
        assert torch.cuda.is_available() and torch.cuda.device_count() == 1
        assert torch.cuda.is_bf16_supported()
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.manual_seed_all(0)

    before = torch.cuda.is_available()
    on_card(lambda: None, step)
    assert torch.cuda.is_available() is before
