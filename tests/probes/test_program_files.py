"""Weights that a program reads from files, or makes of numpy's arrays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tests.probes.forms import WIDTH, same, train, with_adam
from tests.probes.models import mlp
from vbench_mem.probes.any_step import predict_step


@pytest.fixture
def files(tmp_path: Path) -> Path:
    weights = nn.Linear(WIDTH, WIDTH).state_dict()
    torch.save(weights, tmp_path / "w.pt")
    torch.save({"model": weights}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    save_file(weights, tmp_path / "w.safetensors")
    np.savez(tmp_path / "w.npz", **{name: each.numpy() for name, each in weights.items()})
    return tmp_path


def opened(path: Path) -> dict[str, Tensor]:
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in list(file.keys())}


READERS: dict[str, Callable[[Path], dict[str, Tensor]]] = {
    "torch": lambda folder: torch.load(folder / "w.pt"),
    "mapped": lambda folder: torch.load(folder / "w.pt", mmap=True, map_location="cpu"),
    "old": lambda folder: torch.load(folder / "old.pt")["model"],
    "safetensors": lambda folder: load_file(folder / "w.safetensors"),
    "safe_open": lambda folder: opened(folder / "w.safetensors"),
    "numpy": lambda folder: {
        name: torch.from_numpy(each) for name, each in np.load(folder / "w.npz").items()
    },
}


@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("name", READERS)
def test_weights_of_a_file_count_once_and_as_parameters(
    name: str, assign: bool, files: Path
) -> None:
    def make() -> nn.Module:
        model = nn.Linear(WIDTH, WIDTH)
        model.load_state_dict(READERS[name](files), assign=assign)
        return model

    found = predict_step(with_adam(make), train)
    fresh = predict_step(with_adam(lambda: nn.Linear(WIDTH, WIDTH)), train)
    assert (found.peak_bytes, found.categories) == (fresh.peak_bytes, fresh.categories)
    assert found.build_bytes == fresh.build_bytes


def test_weights_that_are_read_onto_a_card_count_once(files: Path) -> None:
    def build(read: Callable[[], dict[str, Tensor]] | None) -> Callable[[], Any]:
        def make() -> nn.Module:
            model = nn.Linear(WIDTH, WIDTH).cuda()
            if read is not None:
                model.load_state_dict(read())
            return model

        return with_adam(make, lambda: torch.randn(32, WIDTH, device="cuda"))

    fresh, *others = (
        predict_step(build(read), train, target="cuda")
        for read in (
            None,
            lambda: load_file(files / "w.safetensors", device="cuda"),
            lambda: torch.load(files / "w.pt", map_location="cuda"),
        )
    )
    assert all(each.peak_bytes == fresh.peak_bytes for each in others)
    assert all(each.categories == fresh.categories for each in others)


def test_a_parameter_of_numpys_data_is_a_parameter() -> None:
    def build() -> nn.Module:
        words = torch.from_numpy(np.zeros((100, WIDTH), dtype=np.float32))
        return nn.Embedding.from_pretrained(words, freeze=False)

    def step(words: nn.Module) -> None:
        words(torch.arange(8)).sum().backward()
        words.zero_grad()

    assert predict_step(build, step).categories["parameter"] == 4 * 100 * WIDTH
    same(build, step)


def test_a_checkpoint_of_a_prediction_never_replaces_a_real_one(files: Path) -> None:
    before = (files / "w.pt").read_bytes()
    predict_step(with_adam(mlp), lambda s: torch.save(s[0].state_dict(), files / "w.pt"))
    assert (files / "w.pt").read_bytes() == before
