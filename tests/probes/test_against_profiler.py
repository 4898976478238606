"""Predicted peaks against torch's profiler, which watches without a dispatch mode."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.probes.profiled import profiled_peak
from vbench_mem.probes.any_step import predict_step

State = tuple[nn.Module, Tensor]
ROWS, WIDTH = 512, 64


class Sum(nn.Module):
    """One activation with many uses, each of which gives it a gradient."""

    def __init__(self, branches: int) -> None:
        super().__init__()
        self.first = nn.Linear(WIDTH, 1024)
        self.branches = nn.ModuleList(nn.Linear(1024, 8) for _ in range(branches))

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.first(x)
        return torch.cat([branch(hidden) for branch in self.branches])


class Scattered(nn.Module):
    """Gradients that are scattered: of gathered elements and of indexed rows."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(WIDTH, 256)
        self.columns = torch.zeros(ROWS, 64, dtype=torch.long)
        self.rows = torch.arange(100)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.first(x)
        return hidden.gather(1, self.columns).sum() + hidden[self.rows].sum() + hidden.exp().sum()


class Turned(nn.Module):
    """A linear layer with a bias and a large result, of an input that is not contiguous."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Linear(ROWS, 4096)

    def forward(self, x: Tensor) -> Tensor:
        return self.wide(x.view(1, ROWS, WIDTH).transpose(1, 2)).mean()


class Tied(nn.Module):
    """A word table that is also the last layer: its gradients are added up, one a view."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5000, WIDTH)
        self.last = nn.Linear(WIDTH, 5000, bias=False)
        self.last.weight = self.words.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.words(torch.arange(16)) + x[:16])


class Elementwise(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.function = nn.Linear(WIDTH, 1024), function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.first(x))


class Images(nn.Module):
    """Normalised and enlarged, by operations that torch could also take apart."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.norm, self.mode = nn.BatchNorm2d(8), mode

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(self.norm(x.view(4, 8, 32, 32)), scale_factor=2, mode=self.mode)


MODELS: dict[str, Callable[[], nn.Module]] = {
    "two uses": lambda: Sum(2),
    "five uses": lambda: Sum(5),
    "scattered": Scattered,
    "turned": Turned,
    "tied": Tied,
    "silu": lambda: Elementwise(F.silu),
    "mish": lambda: Elementwise(F.mish),
    "hardswish": lambda: Elementwise(F.hardswish),
    "nearest": lambda: Images("nearest"),
    "bilinear": lambda: Images("bilinear"),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_training_step_is_predicted_as_torch_runs_it_unwatched(name: str) -> None:
    def build() -> State:
        return MODELS[name](), torch.randn(ROWS, WIDTH)

    def step(state: State) -> None:
        model, x = state
        model(x).square().sum().backward()
        model.zero_grad()

    predicted = predict_step(build, step, steps=3)
    assert predicted.peak_bytes - predicted.steady_bytes == pytest.approx(
        profiled_peak(build, step), abs=64
    )


PRODUCTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "einsum": lambda x, y: torch.einsum("ij,kj->ik", x, y),
    "inner": torch.inner,
    "tensordot": lambda x, y: torch.tensordot(x, y, dims=([1], [1])),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_autocast_reaches_into_composite_products_in_inference_mode(name: str) -> None:
    """As it does unwatched: they take what the plain product takes, whose operands are cast."""

    def build() -> tuple[Tensor, Tensor]:
        return torch.randn(ROWS, 1024), torch.randn(ROWS, 1024)

    def peak(product: Callable[[Tensor, Tensor], Tensor]) -> int:
        def step(state: tuple[Tensor, Tensor]) -> Tensor:
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                return product(*state)

        assert step(build()).dtype is torch.bfloat16
        return predict_step(build, step).peak_bytes

    assert peak(PRODUCTS[name]) == peak(lambda x, y: x @ y.t())
