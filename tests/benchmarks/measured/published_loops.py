"""The loops of the single published numbers: language models, BERT, the Trainer, ViT-L.

As in `loops`, each function returns the `build` and the `step` that `predict_step` takes.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.benchmarks.measured.loops import STEPS, Maker, Program, State, builder, tokens_of
from tests.benchmarks.measured.models.course import cross_entropy


def course_training(
    make: Maker, optimizer: Any, batch: int, tokens: int, bfloat16: bool
) -> Program:
    """Warm-up steps that end with freeing the gradients, and a last one without old outputs."""
    start = builder(make, optimizer)

    def build() -> State:
        state = start()
        state.kept["number"] = count(1)
        state.kept["ids"] = [tokens_of(batch * each, tokens) for each in (5, 5, 1, 1)]
        return state

    def step(state: State) -> None:
        kept = state.kept
        last = next(kept["number"]) == STEPS
        ids, targets = kept["ids"][2:]
        if last:
            kept["outputs"] = kept["loss"] = None
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            kept["outputs"] = state.model(ids)
            kept["loss"] = cross_entropy(kept["outputs"], targets)
        kept["loss"].backward()
        state.optimizer.step()
        if not last:
            state.optimizer.zero_grad()

    return build, step


def course_gradients(make: Maker, batch: int, tokens: int) -> Program:
    """Forward and backward alone: the gradients of all steps are added up."""

    def step(state: State) -> None:
        ids, targets = tokens_of(batch, tokens), tokens_of(batch, tokens)
        state.kept["outputs"] = state.model(ids)
        state.kept["loss"] = cross_entropy(state.kept["outputs"], targets)
        state.kept["loss"].backward()

    return builder(make, torch.optim.SGD), step


def course_inference(
    make: Maker, optimizer: Any, batch: int, tokens: int, bfloat16: bool
) -> Program:
    start = builder(make, optimizer)

    def build() -> State:
        state = start()
        state.model.eval()
        state.kept["ids"] = [tokens_of(batch * each, tokens) for each in (5, 1)]
        return state

    def step(state: State) -> None:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            state.model(state.kept["ids"][1])

    return build, step


def book_training(make: Maker, optimizer: Any, batch: int, tokens: int, dtype: Any) -> Program:
    """Gradients are freed at the start; an evaluation of two batches follows the first step."""
    start = builder(make, optimizer, dtype)

    def build() -> State:
        state = start()
        state.kept["number"] = count(1)
        return state

    def loss_of(state: State) -> Tensor:
        ids, targets = tokens_of(batch, tokens), tokens_of(batch, tokens)
        logits = state.model(ids)
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def step(state: State) -> None:
        state.optimizer.zero_grad()
        state.kept["loss"] = loss_of(state)
        state.kept["loss"].backward()
        state.optimizer.step()
        if next(state.kept["number"]) == 1:
            state.model.eval()
            with torch.no_grad():
                for _ in range(2):
                    loss_of(state)
            state.model.train()

    return build, step


def summed_logits(
    make: Maker, batch: int, tokens: int, dtype: torch.dtype, masked: bool
) -> Program:
    """Forward and backward of the sum of all outputs.

    masked  the model is given a mask of ones; else none, which is what a model with fused attention
            makes of such a mask, though not of a fake one
    """

    def step(state: State) -> None:
        state.optimizer.zero_grad()
        names = ("input_ids", "attention_mask")[: 1 + masked]
        inputs = {name: tokens_of(batch, tokens) for name in names}
        state.kept["outputs"] = state.model(**inputs)
        state.kept["loss"] = state.kept["outputs"].logits.sum()
        state.kept["loss"].backward()

    return builder(make, torch.optim.SGD, dtype), step


def trainer(make: Maker, optimizer: Any, batch: Callable[[], dict[str, Tensor]]) -> Program:
    """`transformers.Trainer`: clipped gradients, which are freed after the update."""

    def step(state: State) -> None:
        inputs = batch()
        loss = state.model(**inputs).loss
        loss.backward()
        state.kept["loss"] = loss.detach()
        nn.utils.clip_grad_norm_(state.model.parameters(), 1.0, foreach=True)
        state.optimizer.step()
        state.optimizer.zero_grad()

    return builder(make, optimizer), step


def classifying(
    make: Maker,
    optimizer: Any,
    batch: int,
    image: int,
    dtype: torch.dtype | None,
    autocast: bool,
    accumulate: int,
) -> Program:
    """Fine-tuning of an image classifier; gradients of so many batches are added up."""
    start = builder(make, optimizer, dtype)

    def build() -> State:
        state = start()
        state.kept["number"] = count(0)
        return state

    def step(state: State) -> None:
        kept = state.kept
        kept["inputs"] = torch.empty(batch, 3, image, image, dtype=dtype)
        kept["labels"] = torch.zeros(batch, dtype=torch.long)
        with torch.autocast("cpu", torch.float16, enabled=autocast):
            kept["outputs"] = state.model(kept["inputs"])
        outputs = kept["outputs"].float() if autocast else kept["outputs"]
        kept["loss"] = functional.cross_entropy(outputs, kept["labels"]) / accumulate
        if accumulate == 1:
            state.optimizer.zero_grad()
        kept["loss"].backward()
        if next(kept["number"]) % accumulate == 0:
            state.optimizer.step()
            if accumulate > 1:
                state.optimizer.zero_grad()

    return build, step
