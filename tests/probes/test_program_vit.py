"""A stranger's training loop of a vision transformer, written for a card."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.init import trunc_normal_
from torch.utils.checkpoint import checkpoint

from vbench_mem.probes.any_step import predict_step

LARGE = 4096


class Layer(nn.Module):
    """A stranger's block of a vision transformer."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        b, n, d = x.shape
        qkv = self.qkv(self.first(x)).reshape(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*qkv, dropout_p=0.1)
        x = x + self.out(y.transpose(1, 2).reshape(b, n, d))
        return x + self.mlp(self.second(x))


class ViT(nn.Module):
    def __init__(self, width: int = 384, depth: int = 2, patch: int = 16) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, patch, patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, 17, width))
        self.layers = nn.ModuleList(Layer(width, 6) for _ in range(depth))
        self.head = nn.Linear(width, 10)
        trunc_normal_(self.places, std=0.02)
        self.apply(self.start)

    def start(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.places
        for layer in self.layers:
            x = checkpoint(layer, x, use_reentrant=False)
        return self.head(x[:, 0])


def vit() -> Any:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = ViT().to("cuda")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
    scaler = torch.amp.GradScaler("cuda")
    return model, optimizer, schedule, scaler, device, []


def vit_step(state: Any) -> None:
    model, optimizer, schedule, scaler, device, log = state
    x, y = torch.randn(8, 3, 64, 64), torch.randint(0, 10, (8,))
    x, y = x.to(device, non_blocking=True), y.to("cuda", non_blocking=True)
    with torch.autocast("cuda", torch.bfloat16):
        loss = F.cross_entropy(model(x), y, label_smoothing=0.1)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)
    schedule.step()
    log.append(f"loss {loss.item():.3f} norm {norm:.2f} lr {schedule.get_last_lr()[0]:.1e}")
    print(log[-1])


def test_a_strangers_training_loop_is_predicted_at_first_try(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = predict_step(vit, vit_step, target="cuda")
    assert capsys.readouterr().out.count("loss 1.000 norm ") == 2
    with torch.device("meta"):
        weights = 4 * sum(each.numel() for each in ViT().parameters())
    assert found.categories["parameter"] >= weights
    assert 0 <= found.categories["parameter"] - weights < 4096
    assert 2 * weights <= found.categories["optimizer"] < 2 * weights + 4096
    assert set(found.phases) == {"forward", "backward", "optimizer"}
    assert found.growth_bytes == 0
    assert "_scaled_dot_product_flash_attention" in found.attention  # in half precision
