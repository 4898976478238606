"""The training loops of the measured runs: what is made, freed and kept, in their order.

Each function returns the `build` and the `step` that `predict_step` takes. A name that a program
binds anew keeps its old value until then: `kept` holds those of the loops.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.benchmarks.measured.models.place import on_meta, place


@dataclass
class State:
    model: nn.Module
    optimizer: torch.optim.Optimizer
    kept: dict[str, Any] = field(default_factory=dict)


Maker = Callable[[], nn.Module]
Program = tuple[Callable[[], State], Callable[[State], None]]
STEPS = 4  # of every prediction


def builder(make: Maker, optimizer: Any, dtype: torch.dtype | None = None) -> Callable[[], State]:
    """`build`: the model on the device in training mode, then cast where the run cast it."""
    module = on_meta(make)  # outside of `build`, which would count it as memory

    def build() -> State:
        model = place(module).train()
        if dtype is not None:
            place(model, dtype)
        return State(model, optimizer(model.parameters()))

    return build


def tokens_of(batch: int, tokens: int) -> Tensor:
    return torch.ones(batch, tokens, dtype=torch.long)


def xmem_language(
    make: Maker,
    optimizer: Any,
    batch: int,
    tokens: int,
    late_zero: bool,
    cache: Callable[[], dict[str, Any]],
) -> Program:
    """Token ids, mask and labels of one length.

    late_zero  gradients are freed after forward; else at the start of the step
    cache      makes the arguments of each forward that carry a cache of keys and values
    """

    def step(state: State) -> None:
        state.kept["batch"] = None  # the loop has the next batch, on the host
        names = ("input_ids", "attention_mask", "labels")
        state.kept["batch"] = {name: tokens_of(batch, tokens) for name in names}
        if not late_zero:
            state.optimizer.zero_grad()
        state.kept["outputs"] = state.model(**state.kept["batch"], **cache())
        state.kept["loss"] = state.kept["outputs"].loss
        if late_zero:
            state.optimizer.zero_grad()
        state.kept["loss"].backward()
        state.optimizer.step()

    return builder(make, optimizer), step


def xmem_images(make: Maker, optimizer: Any, batch: int, image: int, late_zero: bool) -> Program:
    """Cross-entropy of images; the classes found are taken after the update."""

    def step(state: State) -> None:
        kept = state.kept
        kept["inputs"] = kept["labels"] = None
        if not late_zero:
            state.optimizer.zero_grad()
        kept["inputs"] = torch.empty(batch, 3, image, image)
        kept["labels"] = torch.zeros(batch, dtype=torch.long)
        kept["outputs"] = state.model(kept["inputs"])
        kept["loss"] = functional.cross_entropy(kept["outputs"], kept["labels"])
        if late_zero:
            state.optimizer.zero_grad()
        kept["loss"].backward()
        state.optimizer.step()
        _, kept["found"] = torch.max(kept["outputs"], 1)

    return builder(make, optimizer), step


def perceptron_epoch(make: Maker, batch: int, width: int, outputs: int, samples: int) -> Program:
    """Adam; the third of the four steps has what is left of an epoch of so many samples."""
    rest = samples % batch
    start = builder(make, torch.optim.Adam)

    def build() -> State:
        state = start()
        state.kept["number"] = count(1)
        return state

    def step(state: State) -> None:
        kept = state.kept
        size = rest if next(kept["number"]) == STEPS - 1 and rest > 1 else min(batch, samples)
        kept["inputs"] = kept["labels"] = None
        kept["inputs"] = torch.empty(size, width)
        kept["labels"] = torch.zeros(size, dtype=torch.long)
        state.optimizer.zero_grad()
        kept["outputs"] = state.model(kept["inputs"])
        if outputs == 1:
            kept["labels"] = kept["labels"].view(-1, 1).float()
            loss = functional.binary_cross_entropy_with_logits(kept["outputs"], kept["labels"])
        else:
            loss = functional.cross_entropy(kept["outputs"], kept["labels"])
        kept["loss"] = loss
        loss.backward()
        state.optimizer.step()

    return build, step


def timm_training(make: Maker, batch: int, image: int) -> Program:
    """timm's `train.py` as it comes: SGD with Nesterov momentum, weight decay for matrices,
    smoothed labels, and the next batch already on the device."""

    def optimizer(parameters: Any) -> torch.optim.Optimizer:
        weights = list(parameters)
        plain = [weight for weight in weights if weight.ndim <= 1]
        groups = [
            {"params": plain, "weight_decay": 0.0},
            {"params": [weight for weight in weights if weight.ndim > 1]},
        ]
        return torch.optim.SGD(groups, lr=0.05, momentum=0.9, weight_decay=2e-5, nesterov=True)

    def fetched() -> Tensor:
        raw = torch.empty(batch, 3, image, image, dtype=torch.uint8)
        return raw.float().sub_(1.0).div_(1.0)

    def step(state: State) -> None:
        kept = state.kept
        kept["inputs"] = kept.pop("next") if "next" in kept else fetched()
        kept["labels"] = torch.zeros(batch, dtype=torch.long)
        kept["next"] = fetched()
        kept["outputs"] = state.model(kept["inputs"])
        logs = functional.log_softmax(kept["outputs"], dim=-1)
        hit = -logs.gather(dim=-1, index=kept["labels"].unsqueeze(1)).squeeze(1)
        kept["loss"] = (0.9 * hit + 0.1 * -logs.mean(dim=-1)).mean()
        kept["loss"].backward()
        state.optimizer.step()
        state.optimizer.zero_grad()

    return builder(make, optimizer), step
