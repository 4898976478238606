"""One optimiser step of a stage: embed what is fed, chunk by chunk, and update what trains.

Uses the burst's optimiser, autocast, loss scaler and clamp of the temperature.
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

Forward = Callable[..., tuple[Tensor, Tensor]]
STATE = ("encoder", "loss", "optimizer", "scaler")


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
        self.of_clips: Forward = compiled(encoder) if compiled else encoder
        images = self.images_and_captions
        self.of_images: Forward = compiled(images) if compiled else images
        own = groups(encoder, loss, stage.weight_decay)
        self.weights: list[Tensor] = [weight for group in own for weight in group["params"]]
        self.optimizer = adamw(own, stage.learning_rate, runtime.optimizer)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.dtype is torch.float16)

    def images_and_captions(
        self, images_BCHW: Tensor, ids_BL: Tensor, mask_BL: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.encoder.encode_image(images_BCHW), self.encoder.encode_text(ids_BL, mask_BL)

    def embed(self, pairs: PairBatch, *, images: bool) -> tuple[Tensor, Tensor]:
        clips_BTCHW = to_clips(pairs.frames.to(self.device))
        ids_BL, mask_BL = pairs.ids_BL.to(self.device), pairs.mask_BL.to(self.device)
        with autocast(self.device, self.dtype):
            if images:
                return self.of_images(clips_BTCHW[:, 0], ids_BL, mask_BL)
            return self.of_clips(clips_BTCHW, ids_BL, mask_BL)

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
            total = total + share * self.backward(fed.images, share, images=True)
        if fed.clips is not None:
            total = total + (1 - share) * self.backward(fed.clips, 1 - share, images=False)
        return total

    def backward(self, pairs: PairBatch, share: float, *, images: bool) -> Tensor:
        return cached_backward(
            pairs.chunks(self.stage.micro_batch),
            partial(self.embed, images=images),
            self.loss_of,
            self.device,
            lambda loss: self.scaler.scale(loss * share),
        )

    def loss_of(self, video: Tensor, text: Tensor) -> Tensor:
        with autocast(self.device, self.dtype):  # a similarity is part of the encoder
            return self.loss(video, text, self.encoder.similarity, self.encoder.logit_scale)

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {name: getattr(self, name).state_dict() for name in STATE}

    def load_state(self, state: dict[str, Any]) -> None:
        for name in STATE:
            getattr(self, name).load_state_dict(state[name])


def seed_masks(seed: int, device: torch.device) -> None:
    """Of the generators that draw on the host and on the device; asking for all kinds of devices,
    as `torch.manual_seed` does, takes a millisecond."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
