"""The step against a loop written out in plain torch, and its effects."""

import math
import os
from collections.abc import Callable

import pytest
import torch

from vbench_mem.base.load import Optimizer
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.batch import Batch
from vbench_mem.probes.loss import info_nce
from vbench_mem.probes.train_step import BETAS, EPS, WEIGHT_DECAY, Trainer, fix_arithmetic

Make = Callable[..., Cell]
MakeTrainer = Callable[[Cell], Trainer]
MakeBatch = Callable[[Cell], Batch]


def test_two_steps_equal_the_same_written_out(
    small_cell: Make, make_trainer: MakeTrainer, make_batch: MakeBatch
) -> None:
    cell = small_cell()
    trainer, plain, batch = make_trainer(cell), make_trainer(cell).encoder, make_batch(cell)
    optimizer = torch.optim.AdamW(
        plain.parameters(),
        lr=cell.protocol.learning_rate,
        betas=BETAS,
        eps=EPS,
        weight_decay=WEIGHT_DECAY,
    )
    for _ in range(2):
        mine = trainer.step(batch)
        video, text = plain(*batch.tensors())
        loss = info_nce(text @ video.T, plain.logit_scale)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert mine.item() == pytest.approx(loss.item(), rel=1e-6)
    for weight, other in zip(trainer.encoder.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(weight, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("how", ["foreach", "fused", "loop"])
def test_the_implementation_of_adamw_is_the_requested_one(
    small_cell: Make, make_trainer: MakeTrainer, make_batch: MakeBatch, how: Optimizer
) -> None:
    cell = small_cell(optimizer=how)
    trainer, batch = make_trainer(cell), make_batch(cell)
    group = trainer.optimizer.param_groups[0]
    assert (group["foreach"], group["fused"]) == (how == "foreach", how == "fused")
    losses = [trainer.step(batch).item() for _ in range(3)]
    assert losses[2] < losses[0]


@pytest.mark.parametrize("recipe", ["full", "last4", "lora8", "adapter64"])
def test_only_weights_that_train_reach_the_optimiser_and_change(
    small_cell: Make, make_trainer: MakeTrainer, make_batch: MakeBatch, recipe: str
) -> None:
    cell = small_cell(recipe=recipe)
    trainer, batch = make_trainer(cell), make_batch(cell)
    before = {name: weight.clone() for name, weight in trainer.encoder.named_parameters()}
    given = {id(weight) for weight in trainer.optimizer.param_groups[0]["params"]}
    for _ in range(2):
        trainer.step(batch)
    for name, weight in trainer.encoder.named_parameters():
        assert (id(weight) in given) == weight.requires_grad, name
        if not weight.requires_grad:
            assert torch.equal(weight, before[name]), name
    assert not torch.equal(trainer.encoder.logit_scale, before["logit_scale"])


def test_between_steps_no_gradient_is_held(
    small_cell: Make, make_trainer: MakeTrainer, make_batch: MakeBatch
) -> None:
    cell, seen = small_cell(), []
    trainer, batch = make_trainer(cell), make_batch(cell)

    def enter(phase: str) -> None:
        seen.append((phase, any(True for _ in trainer.gradients())))

    trainer.step(batch, enter)
    assert seen == [
        ("forward", False),
        ("backward", False),
        ("optimizer", True),
        ("between", False),
    ]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_low_precision_keeps_float32_weights_and_a_finite_loss(
    small_cell: Make, make_trainer: MakeTrainer, make_batch: MakeBatch, dtype: str
) -> None:
    cell = small_cell(dtype=dtype)
    trainer, batch = make_trainer(cell), make_batch(cell)
    full = make_trainer(small_cell())
    assert trainer.scaler.is_enabled() == (dtype == "float16")
    loss = trainer.step(batch)
    assert loss.dtype is torch.float32
    assert loss.item() == pytest.approx(full.step(batch).item(), abs=0.05)
    assert {weight.dtype for weight in trainer.encoder.parameters()} == {torch.float32}


def test_the_temperature_stays_within_its_bounds(
    small_cell: Make, make_trainer: MakeTrainer, make_batch: MakeBatch
) -> None:
    cell = small_cell()
    trainer = make_trainer(cell)
    with torch.no_grad():
        trainer.encoder.logit_scale.fill_(7.0)
    trainer.step(make_batch(cell))
    assert trainer.encoder.logit_scale.item() == pytest.approx(math.log(100))


def test_embedding_is_unmasked_and_unit_length(
    small_cell: Make, make_trainer: MakeTrainer, make_batch: MakeBatch
) -> None:
    cell, whole = small_cell(recipe="mask75"), small_cell()
    batch = make_batch(cell)
    video, text = make_trainer(cell).embed(batch)
    other, _ = make_trainer(whole).embed(batch)
    assert torch.equal(video, other), "same seed, same weights, no mask in either"
    for embedding in (video, text):
        torch.testing.assert_close(embedding.norm(dim=-1), torch.ones(len(embedding)))
        assert not embedding.requires_grad


def test_float32_means_float32_and_workspaces_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    said = fix_arithmetic()
    assert said["tf32"] is False
    assert said["cublas_workspace"] == os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.backends.cudnn.allow_tf32


def test_noise_is_fixed_by_the_seed(small_cell: Make, make_batch: MakeBatch) -> None:
    first, again = make_batch(small_cell()), make_batch(small_cell())
    for one, other in zip(first.tensors(), again.tensors(), strict=True):
        assert torch.equal(one, other)
    cell = small_cell()
    assert first.clips_BTCHW.shape == (2, 4, 3, 64, 64)
    assert first.ids_BL.shape == first.mask_BL.shape == (2, cell.load.caption_tokens)
    assert first.ids_BL.max() < cell.spec.text.vocab
