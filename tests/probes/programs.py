"""Training programs as users write them: a `build` and a `step`, small enough to run."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.probes.models import (
    Attending,
    Checkpointed,
    Masked,
    Program,
    Recurrent,
    State,
    conv,
    encoder,
    images,
    mlp,
    sequences,
    vectors,
)

Adam, AdamW, SGD = torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD
FOREACH = partial(AdamW, foreach=True)


def made(
    model: Callable[[], nn.Module],
    batch: Callable[[], Any],
    optimizer: Callable[..., torch.optim.Optimizer] = FOREACH,
) -> Callable[[], State]:
    def build() -> State:
        module = model()
        given = batch()
        return State(module, [optimizer(module.parameters())], (given,))

    return build


def train(state: State, *, dtype: torch.dtype | None = None, every: int = 1) -> None:
    state.done += 1
    with torch.autocast("cpu", dtype, enabled=dtype is not None):
        loss = state.model(*state.batch).float().square().mean()
    loss.backward()
    del loss
    if state.done % every == 0:
        for optimizer in state.optimizers:
            optimizer.step()
            optimizer.zero_grad()


def masked() -> State:
    model = Masked()
    mask = torch.zeros(4, 16, dtype=torch.bool)
    mask[:, 4:] = True
    return State(model, [AdamW(model.parameters())], (torch.randn(4, 16, 64), mask))


def randomly_masked() -> State:
    state = masked()
    order = torch.rand(4, 16).argsort(dim=1)
    return State(state.model, state.optimizers, (state.batch[0], order >= 5))


def two_optimizers() -> State:
    model = nn.Sequential(mlp(), mlp())
    first, second = model
    optimizers = [AdamW(first.parameters(), foreach=True), SGD(second.parameters(), momentum=0.9)]
    return State(model, optimizers, (torch.randn(32, 64),))


def clipped(state: State) -> float:
    """With common additions to a step: clipping, a schedule, averaged weights, a log."""
    (optimizer,) = state.optimizers
    loss = state.model(*state.batch).square().mean()
    if not torch.isfinite(loss):
        raise ValueError("diverged")
    if torch.isnan(loss).any():
        raise ValueError("diverged")
    optimizer.zero_grad(set_to_none=False)
    loss.backward()
    nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    optimizer.step()
    with torch.no_grad():
        for average, weight in zip(
            state.extra["average"].parameters(), state.model.parameters(), strict=True
        ):
            average.lerp_(weight, 0.1)
    return loss.item()


def averaged() -> State:
    model = mlp()
    state = State(model, [Adam(model.parameters())], (torch.randn(32, 64),))
    state.extra["average"] = copy.deepcopy(model).requires_grad_(False)
    return state


def in_two_halves(state: State) -> None:
    """Gradients accumulated over two forwards and backwards in one step."""
    for half in state.batch[0].chunk(2):
        (state.model(half).square().mean() / 2).backward()
    state.optimizers[0].step()
    state.optimizers[0].zero_grad()


def with_closure(state: State) -> None:
    (optimizer,) = state.optimizers

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = state.model(*state.batch).square().mean()
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[arg-type]


def stepping_in_backward() -> State:
    """Each weight is updated as soon as its gradient exists, and the gradient is freed."""
    model = mlp()
    optimizers = {weight: SGD([weight], momentum=0.9) for weight in model.parameters()}

    def update(weight: Tensor) -> None:
        optimizers[weight].step()
        optimizers[weight].zero_grad()

    for weight in model.parameters():
        weight.register_post_accumulate_grad_hook(update)
    return State(model, [], (torch.randn(32, 64),), extra={"optimizers": list(optimizers.values())})


def backward_only(state: State) -> None:
    state.model(*state.batch).square().mean().backward()


@torch.no_grad()
def infer(state: State) -> None:
    state.model.eval()
    state.model(*state.batch)


def scaled(state: State) -> None:
    """float16 with a loss scaler."""
    scaler, (optimizer,) = state.extra["scaler"], state.optimizers
    with torch.autocast("cpu", torch.float16):
        loss = state.model(*state.batch).float().square().mean()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad()


def with_scaler() -> State:
    state = made(mlp, vectors)()
    state.extra["scaler"] = torch.amp.GradScaler("cpu", init_scale=2.0)
    return state


def of_text() -> State:
    model = nn.Sequential(nn.Embedding(100, 32), nn.Linear(32, 100))
    ids = torch.randint(0, 100, (8, 16))
    return State(model, [AdamW(model.parameters())], (ids,))


def next_token(state: State) -> None:
    (ids,) = state.batch
    kept = ids[:, 1:].flatten() != 0
    logits = state.model(ids[:, :-1]).flatten(0, 1)[kept]
    loss = F.cross_entropy(logits, ids[:, 1:].flatten()[kept])
    assert kept.sum().item() == len(logits)
    loss.backward()
    state.optimizers[0].step()
    state.optimizers[0].zero_grad()


def many_losses(state: State) -> None:
    (x,) = state.batch
    y = state.model(x)
    loss = F.mse_loss(y, x) + F.smooth_l1_loss(y, x) + F.huber_loss(y, x) + F.l1_loss(y, x)
    loss = loss + F.binary_cross_entropy(y.sigmoid(), (x > 0).float())
    loss = loss + F.binary_cross_entropy_with_logits(y, (x > 0).float(), reduction="sum")
    loss = (
        loss
        + F.soft_margin_loss(y, x.sign())
        + F.kl_div(y.log_softmax(-1), x.softmax(-1), reduction="sum")
    )
    loss.backward()
    state.optimizers[0].step()
    state.optimizers[0].zero_grad()


def of_numpy() -> State:
    model = mlp()
    numbers = np.random.default_rng(0).normal(size=(32, 64)).astype(np.float32)
    return State(model, [AdamW(model.parameters())], (torch.from_numpy(numbers),))


bf16 = partial(train, dtype=torch.bfloat16)
PROGRAMS = {
    "mlp": Program(made(mlp, vectors), train),
    "mlp_loop": Program(made(mlp, vectors, partial(AdamW, foreach=False)), train),
    "mlp_default": Program(made(mlp, vectors, AdamW), train),
    "mlp_fused": Program(made(mlp, vectors, partial(AdamW, fused=True)), train),
    "mlp_amsgrad": Program(made(mlp, vectors, partial(Adam, amsgrad=True, foreach=True)), train),
    "mlp_sgd": Program(made(mlp, vectors, partial(SGD, lr=0.1)), train),
    "mlp_momentum": Program(
        made(mlp, vectors, partial(SGD, lr=0.1, momentum=0.9, nesterov=True, foreach=True)), train
    ),
    "mlp_adagrad": Program(made(mlp, vectors, torch.optim.Adagrad), train),
    "mlp_adafactor": Program(made(mlp, vectors, torch.optim.Adafactor), train),
    "mlp_bf16": Program(made(mlp, vectors), bf16),
    "mlp_fp16_scaled": Program(with_scaler, scaled),
    "mlp_first_step": Program(made(mlp, vectors), train, steps=1),
    "gathered": Program(made(mlp, vectors), partial(train, every=2), steps=4),
    "gathered_between": Program(made(mlp, vectors), partial(train, every=2), steps=5),
    "in_two_halves": Program(made(mlp, vectors), in_two_halves),
    "clipped_and_averaged": Program(averaged, clipped, steps=3),
    "closure": Program(made(mlp, vectors, partial(SGD, lr=0.1)), with_closure),
    "lbfgs": Program(
        made(mlp, vectors, partial(torch.optim.LBFGS, max_iter=2, history_size=1)),
        with_closure,
        steps=4,  # until its history is full
    ),
    "stepping_in_backward": Program(stepping_in_backward, backward_only, steps=3),
    "two_optimizers": Program(two_optimizers, train),
    "conv": Program(made(conv, images), train),
    "conv_bf16": Program(made(conv, images), bf16),
    "encoder": Program(made(encoder, sequences), train),
    "encoder_bf16": Program(made(encoder, sequences), bf16),
    "attention": Program(made(partial(Attending, False), sequences), train),
    "attention_weights": Program(made(partial(Attending, True), sequences), train),
    "checkpointed": Program(made(partial(Checkpointed, False), vectors), train),
    "checkpointed_reentrant": Program(made(partial(Checkpointed, True), vectors), train),
    "recurrent": Program(made(partial(Recurrent, nn.GRU), sequences), train),
    "losses": Program(made(mlp, vectors), many_losses),
    "data_of_numpy": Program(of_numpy, train),
    "masked": Program(masked, train),
    "randomly_masked": Program(randomly_masked, train),
    "text": Program(of_text, next_token),
    "inference": Program(made(conv, images), infer),
}
