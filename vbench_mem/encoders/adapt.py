"""Recipes applied to an encoder: what is added, what trains, and LoRA merged away again."""

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.layers import Adapter, FeedForward, FusedLinear
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.spec import in_group
from vbench_mem.encoders.tower import VideoTower

# What the modules that a recipe adds are called.
ADDED = {"adapter": frozenset({"adapter"}), "lora": frozenset({"lora_a", "lora_b"})}


class LoRALinear(nn.Linear):
    """A matrix with a low-rank change beside it: x W + (x A) B * scale, B = 0 when made.

    A fused projection of `parts` matrices gets `parts` changes of the rank each: queries, keys and
    values have their own, as if they were three matrices.
    Source:  arXiv:2106.09685; microsoft/LoRA (A Kaiming-uniform, B zero, scale alpha / rank).
    Check:   merged equals unmerged.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float, parts: int) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = base.in_features, base.out_features
        self.weight, self.bias = base.weight, base.bias
        self.scale, self.parts = alpha / rank, parts
        device = base.weight.device
        self.lora_a = nn.Parameter(torch.empty(parts * rank, base.in_features, device=device))
        self.lora_b = nn.Parameter(
            torch.zeros(parts, rank, base.out_features // parts, device=device)
        )
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) + self.change(x)

    def change(self, x: Tensor) -> Tensor:
        low = F.linear(x, self.lora_a)
        if self.parts == 1:
            return (low @ self.lora_b[0]) * self.scale
        pieces = low.unflatten(-1, (self.parts, -1)).unbind(-2)
        high = [piece @ b for piece, b in zip(pieces, self.lora_b, strict=True)]
        return torch.cat(high, dim=-1) * self.scale

    def merged(self) -> nn.Linear:
        """A plain matrix that does the same."""
        change = whole_change(self.lora_a, self.lora_b, self.scale)
        plain = nn.Linear(1, 1, self.bias is not None, "meta").train(self.training)
        plain.in_features, plain.out_features = self.in_features, self.out_features
        merged = (self.weight + change).detach()
        plain.weight = nn.Parameter(merged, requires_grad=self.weight.requires_grad)
        plain.bias = self.bias
        return plain


def whole_change(lora_a: Tensor, lora_b: Tensor, scale: float) -> Tensor:
    """LoRA's change as one matrix: (parts * rank, in), (parts, rank, out / parts) -> (out, in)."""
    low = lora_a.unflatten(0, (len(lora_b), -1))
    return torch.einsum("pri,pro->poi", low, lora_b).flatten(0, 1) * scale


def modules_of_layers(video: VideoTower) -> list[nn.Module]:
    """Of every layer of depth; a feed-forward in the pooling is not one, and always trains."""
    return [module for layer in video.depth_order() for module in layer.modules()]


def add_lora(video: VideoTower, rank: int, alpha: float) -> None:
    """On every matrix of every layer, a fused one as the several that it is."""
    for module in modules_of_layers(video):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                parts = child.parts if isinstance(child, FusedLinear) else 1
                setattr(module, name, LoRALinear(child, rank, alpha, parts))


@torch.no_grad()
def merge_lora(encoder: nn.Module) -> None:
    """Fold every low-rank change into its matrix, in place: no cost is left at inference."""
    for module in list(encoder.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, LoRALinear):
                setattr(module, name, child.merged())


def add_adapters(video: VideoTower, bottleneck: int) -> None:
    """After the feed-forward of every layer."""
    for module in modules_of_layers(video):
        if isinstance(module, FeedForward):
            device = module.fc2.weight.device
            module.adapter = Adapter(module.fc2.out_features, bottleneck).to(device)


def adapt(encoder: DualEncoder, recipe: Recipe) -> None:
    """Add what the recipe adds and leave `requires_grad` on exactly what it trains on clips."""
    video = encoder.video
    if recipe.train == "adapter":
        assert recipe.adapter_width is not None
        add_adapters(video, recipe.adapter_width)
    elif recipe.train == "lora":
        assert recipe.lora_rank is not None
        alpha = recipe.lora_rank if recipe.lora_alpha is None else recipe.lora_alpha
        add_lora(video, recipe.lora_rank, alpha)
    train_on(encoder, recipe)
    if recipe.train == "last_k":
        assert recipe.blocks is not None
        video.frozen_layers = video.spec.layers - recipe.blocks


def train_on(
    encoder: DualEncoder, recipe: Recipe, *, clips: bool = True, images: bool = False
) -> None:
    """Leave `requires_grad` on weights that the recipe trains and that the input reaches.

    Others would get no gradient: the image embedding needs images, and the patch embedding, tubes
    and temporal layers of clips need clips.
    """
    video = encoder.video
    away = {id(weight) for weight in unfed(video, clips=clips, images=images)}
    encoder.requires_grad_(False)
    for weight in trained(encoder, recipe):
        weight.requires_grad_(id(weight) not in away)


def unfed(video: VideoTower, *, clips: bool, images: bool) -> Iterator[nn.Parameter]:
    """What only clips or only images use, of those that are not fed.

    Temporal layers do run on an image, over its one time, where they could learn nothing of time.
    """
    groups = video.spec.weights
    for name, weight in video.named_parameters():
        for_clips = in_group(name, groups.clips | groups.temporal)
        if (in_group(name, groups.images) and not images) or (for_clips and not clips):
            yield weight


def trained(encoder: DualEncoder, recipe: Recipe) -> Iterator[nn.Parameter]:
    """The parameters that the recipe trains. Heads, pooling and temperature always do."""
    video = encoder.video
    yield encoder.logit_scale
    yield from encoder.text.parameters() if recipe.trains_text else encoder.text.head.parameters()
    yield from video.head.parameters()
    if video.pool is not None:
        yield from video.pool.parameters()
    if recipe.train == "full":
        yield from video.parameters()
    elif recipe.train == "last_k":
        assert recipe.blocks is not None
        yield from video.norm.parameters()
        for block in list(video.depth_order())[-recipe.blocks :]:
            yield from block.parameters()
    else:
        groups = video.spec.weights
        added = ADDED.get(recipe.train, groups.temporal)
        if recipe.train == "lora":
            added |= groups.gates
        wanted = added | groups.clips | groups.images
        yield from (w for name, w in video.named_parameters() if in_group(name, wanted))
