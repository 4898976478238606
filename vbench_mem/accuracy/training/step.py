"""One optimiser step of a stage: embed what is fed, chunk by chunk, and update what trains.

Uses the burst's optimiser, autocast, loss scaler and clamp of the temperature. Never decides what
is fed, and never waits for the device.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from vbench_mem.accuracy.training.cached import cached_backward
from vbench_mem.accuracy.training.feed import StepBatches
from vbench_mem.accuracy.training.losses import Loss
from vbench_mem.accuracy.training.pairs import PairBatch
from vbench_mem.accuracy.training.seeds import seed_of
from vbench_mem.accuracy.training.updates import groups, learning_rate
from vbench_mem.base.load import Runtime
from vbench_mem.data.clips import to_clips
from vbench_mem.encoders.adapt import train_on
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.matrix.training import Stage
from vbench_mem.probes.loss import clamp_temperature
from vbench_mem.probes.train_step import DTYPES, adamw, autocast

Embed = Callable[[PairBatch], tuple[Tensor, Tensor]]


class Stepper:
    """An encoder on its device with all that changes while a stage trains it.

    Memory:  activations of `micro_batch` pairs; of the rest the pixels as bytes, on the host.
    Random:  masks are drawn from the seed, the stage's name and the step, so that no state of a
             generator is carried from step to step.
    """

    def __init__(
        self, stage: Stage, encoder: DualEncoder, loss: Loss, runtime: Runtime, seed: int
    ) -> None:
        self.stage, self.encoder, self.loss, self.seed = stage, encoder, loss, seed
        self.device, self.dtype = encoder.logit_scale.device, DTYPES[runtime.dtype]
        train_on(
            encoder, stage.recipe, clips=stage.feeds != "images", images=stage.feeds != "clips"
        )
        encoder.train()
        compiled = partial(torch.compile, dynamic=False) if runtime.compile else None
        self.of_clips: Callable[..., tuple[Tensor, Tensor]] = (
            compiled(encoder) if compiled else encoder
        )
        self.of_images: Callable[..., tuple[Tensor, Tensor]] = (
            compiled(self.images_and_captions) if compiled else self.images_and_captions
        )
        own = groups(encoder, loss, stage.weight_decay)
        self.weights: list[Tensor] = [weight for group in own for weight in group["params"]]
        self.optimizer = adamw(own, stage.learning_rate, runtime.optimizer)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.dtype is torch.float16)

    def images_and_captions(
        self, images_BCHW: Tensor, ids_BL: Tensor, mask_BL: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.encoder.encode_image(images_BCHW), self.encoder.encode_text(ids_BL, mask_BL)

    def embed_clips(self, pairs: PairBatch) -> tuple[Tensor, Tensor]:
        clips_BTCHW = to_clips(pairs.frames.to(self.device))
        with autocast(self.device, self.dtype):
            return self.of_clips(clips_BTCHW, *self.captions(pairs))

    def embed_images(self, pairs: PairBatch) -> tuple[Tensor, Tensor]:
        images_BCHW = to_clips(pairs.frames.to(self.device))[:, 0]
        with autocast(self.device, self.dtype):
            return self.of_images(images_BCHW, *self.captions(pairs))

    def captions(self, pairs: PairBatch) -> tuple[Tensor, Tensor]:
        return pairs.ids_BL.to(self.device), pairs.mask_BL.to(self.device)

    def step(self, fed: StepBatches, number: int) -> tuple[Tensor, Tensor]:
        """Step `number`, from 0: the loss and the norm of all gradients, on the device."""
        seed_masks(seed_of(self.seed, self.stage.name, "masks", number), self.device)
        rate = learning_rate(self.stage, number)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self.gradients(fed)
        self.scaler.unscale_(self.optimizer)
        norm = torch.nn.utils.get_total_norm(
            weight.grad for weight in self.weights if weight.grad is not None
        )
        self.scaler.step(self.optimizer)
        self.scaler.update()
        clamp_temperature(self.encoder.logit_scale)
        self.optimizer.zero_grad(set_to_none=True)
        return loss, norm

    def gradients(self, fed: StepBatches) -> Tensor:
        """Add the gradients of the weighted sum of the losses; the sum itself."""
        stage = self.stage
        share = {"clips": 0.0, "images": 1.0, "mixed": stage.images}[stage.feeds]
        total = torch.zeros((), device=self.device)
        if fed.images is not None:
            total = total + share * self.backward(fed.images, self.embed_images, share)
        if fed.clips is not None:
            total = total + (1 - share) * self.backward(fed.clips, self.embed_clips, 1 - share)
        return total

    def backward(self, pairs: PairBatch, embed: Embed, share: float) -> Tensor:
        return cached_backward(
            pairs.chunks(self.stage.micro_batch),
            embed,
            self.loss_of,
            self.device,
            lambda loss: self.scaler.scale(loss * share),
        )

    def loss_of(self, video: Tensor, text: Tensor) -> Tensor:
        with autocast(self.device, self.dtype):  # a similarity is part of the encoder
            return self.loss(video, text, self.encoder.similarity, self.encoder.logit_scale)

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {
            "encoder": self.encoder.state_dict(),
            "loss": self.loss.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self.encoder.load_state_dict(state["encoder"])
        self.loss.load_state_dict(state["loss"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])


def seed_masks(seed: int, device: torch.device) -> None:
    """Of the generators that draw on the host and on the device; asking for all kinds of devices,
    as `torch.manual_seed` does, takes a millisecond."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
