"""The one training step, and the one embedding step, that every pass of a burst runs.

What differs between devices by default is said here, the same for all: the implementation of AdamW,
autocast and its weight cache, float32 without TF32. Never measures anything itself.
"""

import os
from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from vbench_mem.base.load import Optimizer, Runtime
from vbench_mem.encoders.wrapped import Trainable
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.batch import Batch
from vbench_mem.probes.cuda.device import WORKSPACE_ENV
from vbench_mem.probes.loss import clamp_temperature, info_nce

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
# CLIP's, arXiv:2103.00020; all weights decay here, in one group, which moves no byte and no FLOP
BETAS, EPS, WEIGHT_DECAY = (0.9, 0.98), 1e-6, 0.2
# 8 buffers of 4 MiB: torch's own choice on Hopper, and smaller before, so that cards would differ
WORKSPACE = ":4096:8"
Enter = Callable[[str], None]


def quiet(_: str) -> None:
    """For passes that do not tell the phases of a step apart."""


def fix_arithmetic() -> dict[str, Any]:
    """Set what a device may otherwise choose for itself; the answer goes into the record.

    To be called before the first matrix product: cuBLAS takes its workspace then, for good.
    """
    workspace = os.environ.setdefault(WORKSPACE_ENV, WORKSPACE)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False  # its trials take memory that training does not need
    return {
        "tf32": False,
        "cudnn_benchmark": False,
        "autocast_weight_cache": True,
        "cublas_workspace": workspace,
    }


def explicit(cell: Cell) -> dict[str, Any]:
    """Settings that torch would choose by device, fixed here; the same on every device."""
    return {
        "attention": cell.runtime.attention,
        "optimizer": f"AdamW, {cell.runtime.optimizer}",
        "learning_rate": cell.protocol.learning_rate,
        "betas": list(BETAS),
        "eps": EPS,
        "weight_decay": WEIGHT_DECAY,
        "loss": "symmetric InfoNCE in float32, outside of autocast",
        "loss_scaling": cell.runtime.dtype == "float16",
    }


def adamw(
    weights: list[nn.Parameter] | list[dict[str, Any]], learning_rate: float, how: Optimizer
) -> torch.optim.AdamW:
    """Over weights, or over groups of them that say their own weight decay."""
    return torch.optim.AdamW(
        weights,
        lr=learning_rate,
        betas=BETAS,
        eps=EPS,
        weight_decay=WEIGHT_DECAY,
        foreach=how == "foreach",
        fused=how == "fused",
    )


def autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """To half precision, with each weight converted once; nothing where the dtype is whole."""
    half = dtype in (torch.bfloat16, torch.float16)
    return torch.autocast(device.type, dtype=dtype, enabled=half, cache_enabled=True)


class Trainer:
    """An encoder, its optimiser and its loss scaler, ready to step.

    Shapes:  a batch of B clips and captions -> the loss, a scalar on the device.
    Memory:  gradients are dropped, not zeroed, at the end of a step: between two steps there are
             weights, optimiser state and the batch.
    """

    def __init__(self, encoder: Trainable, cell: Cell, device: torch.device) -> None:
        runtime: Runtime = cell.runtime
        self.encoder, self.device, self.dtype = encoder, device, DTYPES[runtime.dtype]
        self.compiled = runtime.compile
        self.forward: Callable[..., tuple[Tensor, Tensor]] = (
            torch.compile(encoder, dynamic=False) if self.compiled else encoder
        )
        self.weights = [weight for weight in encoder.parameters() if weight.requires_grad]
        self.optimizer = adamw(self.weights, cell.protocol.learning_rate, runtime.optimizer)
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.dtype is torch.float16)

    def autocast(self) -> torch.autocast:
        return autocast(self.device, self.dtype)

    def step(self, batch: Batch, enter: Enter = quiet) -> Tensor:
        """One optimiser step; the loss is still on the device, so that nobody waits for it."""
        if not self.encoder.training:  # walking all modules costs up to a millisecond
            self.encoder.train()
        enter("forward")
        with self.autocast():
            video, text = self.forward(batch.clips_BTCHW, batch.ids_BL, batch.mask_BL)
            similarity_BB = self.encoder.similarity(video, text)
        loss = info_nce(similarity_BB, self.encoder.logit_scale)
        del video, text, similarity_BB  # the graph holds what backward needs of them
        enter("backward")
        self.scaler.scale(loss).backward()
        self.update(enter)
        return loss.detach()

    def update(self, enter: Enter = quiet) -> None:
        """Take the gradients that are there; they are gone afterwards."""
        enter("optimizer")
        self.scaler.step(self.optimizer)
        self.scaler.update()
        clamp_temperature(self.encoder.logit_scale)
        self.optimizer.zero_grad(set_to_none=True)
        enter("between")

    @torch.inference_mode()
    def embed(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Every clip and caption of the batch as unit vectors, unmasked."""
        self.encoder.eval()
        with self.autocast():
            return self.forward(batch.clips_BTCHW, batch.ids_BL, batch.mask_BL)

    def gradients(self) -> list[Tensor]:
        """What the weights hold now; none between two steps."""
        return [weight.grad for weight in self.weights if weight.grad is not None]

    def optimizer_state(self) -> list[Tensor]:
        states = (state.values() for state in self.optimizer.state.values())
        return [value for value in chain.from_iterable(states) if isinstance(value, Tensor)]
