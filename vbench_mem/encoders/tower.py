"""What every video tower does: embed, add positions, mask, run layers, pool. Families add the rest.

Legend: B clips, T tubelet frames, P places, N tokens in sequence, D width, C channels, H W pixels.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vbench_mem.base.load import Load
from vbench_mem.encoders.grid import Grid
from vbench_mem.encoders.layers import Attention, AttentionPool, Block, MapHead, init_weights
from vbench_mem.encoders.masking import draw
from vbench_mem.encoders.patches import TubeEmbed
from vbench_mem.encoders.positions import learned, sinusoidal
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.similarity import Cosine, Similarity
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.spec import Positions, VideoSpec, starts_at_zero
from vbench_mem.encoders.text_spec import Activation
from vbench_mem.encoders.tube import Tube, tubelet
from vbench_mem.encoders.variants import kept_tokens, mask_kind


class Layers(nn.Module):
    """A tower's way of running its layers: the frozen front without a graph, the rest perhaps
    recomputed in backward instead of stored."""

    checkpoint = False
    frozen_layers = 0

    def run(
        self, number: int, block: Callable[..., Tensor], x: Tensor, allowed: Tensor | None = None
    ) -> Tensor:
        """Layer `number`, counted from 0 over the whole depth of the tower."""
        extra = () if allowed is None else (allowed,)
        if number < self.frozen_layers:
            with torch.no_grad():
                return block(x, *extra)
        if self.checkpoint and torch.is_grad_enabled():
            # no layer draws random numbers, so there is no generator state to keep and put back
            result: Tensor = checkpoint(
                block, x, *extra, use_reentrant=False, preserve_rng_state=False
            )
            return result
        return block(x, *extra)


class VideoTower(Layers):
    """Clips in, one feature each.

    Shapes:  clips_BTCHW (float, normalised) -> (B, D); images_BCHW -> (B, D) by `image`.
    Memory:  in training mode with a mask only the kept tubelets are ever embedded.
    Check:   a masked forward equals a forward on hand-picked tokens.
    """

    def __init__(self, spec: VideoSpec, recipe: Recipe, load: Load) -> None:
        super().__init__()
        self.spec, self.recipe = spec, recipe
        width, patch = spec.tower.width, tubelet(1, spec.patch_px)
        self.image_embed = TubeEmbed(patch, width, bias=spec.patch_bias)
        self.embed_clips(load)
        self.class_token = self.new_class_token() if spec.class_token else None
        self.pre_norm = nn.LayerNorm(width, eps=spec.norm_eps) if spec.pre_norm else None
        self.blocks = nn.ModuleList(self.new_block() for _ in range(spec.tower.depth))
        self.norm = nn.LayerNorm(width, eps=spec.norm_eps)
        self.pool = self.new_pool()
        self.head = nn.Linear(width, spec.embed_dim, bias=False)
        self.apply(init_weights)
        self.initialise()

    # what a family may change

    def embed_clips(self, load: Load) -> None:
        """Make `embed` and `positions` for the load's frames and resolution."""
        spec = self.spec
        tube = tubelet(spec.tubelet_frames, spec.patch_px)
        (self.grid,) = spec.grids(load)
        self.kept = kept_tokens(spec, self.recipe, load)
        self.embed = TubeEmbed(tube, spec.tower.width, bias=spec.patch_bias)
        self.add_positions(tube, self.position_grid())

    def position_grid(self) -> Grid:
        return self.grid

    def new_block(self) -> nn.Module:
        return Block(self.spec.tower, self.spec.activation, self.spec.norm_eps)

    def new_pool(self) -> AttentionPool | None:
        spec = self.spec
        if spec.pooling == "map":
            return MapHead(spec.tower, spec.activation, spec.norm_eps)
        attends = spec.pooling == "attention"
        return AttentionPool(spec.tower.width, spec.tower.heads) if attends else None

    def new_similarity(self) -> Similarity:
        """How clips of this family are compared with captions."""
        return Cosine()

    def initialise(self) -> None:
        """Weights that start from other weights, or at zero."""
        self.embed.inflate(self.image_embed, self.spec.inflation)
        groups = self.spec.weights
        for module in self.blocks:
            for new, old in groups.copies.items():
                module.get_submodule(new).load_state_dict(module.get_submodule(old).state_dict())
        for name, weight in self.named_parameters():
            if starts_at_zero(name, groups):
                nn.init.zeros_(weight)

    def features(self, x_BTPD: Tensor, kept: Tensor | None) -> Tensor:
        """Tokens with their positions -> one pooled, normalised feature (B, D)."""
        raise NotImplementedError

    # what they share

    def add_positions(self, tube: Tube, grid: Grid) -> None:
        kind: Positions = self.spec.positions
        if kind == "learned":
            self.positions: Tensor = learned(grid, self.spec.tower.width)
        else:
            table = sinusoidal(tube, grid, self.spec.tower.width)
            self.register_buffer("positions", table, persistent=False)

    def new_class_token(self) -> nn.Parameter:
        token = nn.Parameter(torch.empty(1, 1, self.spec.tower.width))
        nn.init.trunc_normal_(token, std=0.02)
        return token

    def forward(self, clips_BTCHW: Tensor, kept: Tensor | None = None) -> Tensor:
        """`kept` overrules the mask that training would draw: flat ids (B, T', P')."""
        if kept is None and self.training and self.recipe.mask:
            kept = self.draw(clips_BTCHW.shape[0], clips_BTCHW.device)
        return self.features(self.tokens(clips_BTCHW, kept), kept)

    def draw(self, clips: int, device: torch.device) -> Tensor:
        kind = mask_kind(self.spec, self.recipe)
        return draw(kind, clips, self.grid, self.kept, self.spec.masks_any_token, device)

    def tokens(self, clips_BTCHW: Tensor, kept: Tensor | None) -> Tensor:
        x_BTPD = self.embed(clips_BTCHW, kept)
        if kept is None:
            return x_BTPD + self.positions
        # a table without time (frame-level) is met again in every frame
        table_ND = self.positions.flatten(0, 1)
        return x_BTPD + table_ND[kept % len(table_ND)]

    def image(self, images_BCHW: Tensor) -> Tensor:
        """An image goes through the same layers, with its own embedding and the mean of the times.

        Check: a still video inflated from it gives the same feature.
        """
        x_B1PD = self.image_embed(images_BCHW[:, None]) + self.image_positions()
        return self.features(x_B1PD, None)

    def image_positions(self) -> Tensor:
        return self.positions.mean(0, keepdim=True)

    def prepend_class_token(self, x_BND: Tensor) -> Tensor:
        """The class token in front and the norm before the first layer, where the spec has them."""
        if self.class_token is not None:
            x_BND = torch.cat([self.class_token.expand(len(x_BND), -1, -1), x_BND], dim=1)
        return x_BND if self.pre_norm is None else self.pre_norm(x_BND)

    def layers(self, x: Tensor) -> Tensor:
        for number, block in enumerate(self.blocks):
            x = self.run(number, block, x)
        return x

    def depth_order(self) -> Iterator[nn.Module]:
        """All layers, first to last."""
        for stack in self.spec.stacks():
            modules = self.get_submodule(stack.path)
            assert isinstance(modules, nn.ModuleList)
            yield from modules[stack.first : stack.first + stack.depth]

    def normed(self, x_BND: Tensor) -> Tensor:
        """Normalised tokens without the class token."""
        return self.norm(x_BND)[:, 0 if self.class_token is None else 1 :]

    def pooled(self, x_BND: Tensor) -> Tensor:
        if self.spec.pooling == "class":
            return self.norm(x_BND[:, 0])
        if self.pool is not None:
            return self.pool(self.normed(x_BND))
        return self.normed(x_BND).mean(1)


class PlaceTower(VideoTower):
    """A tower whose layers keep the axes of time and place apart: x_BTPD in, x_BTPD out."""

    def features(self, x_BTPD: Tensor, kept: Tensor | None) -> Tensor:
        x_BTPD = x_BTPD if self.pre_norm is None else self.pre_norm(x_BTPD)
        return self.pooled(self.layers(x_BTPD).flatten(1, 2))


class TimeBlock(Block):
    """A block with a second attention that runs along time, place by place."""

    def __init__(self, tower: Tower, activation: Activation, norm_eps: float) -> None:
        super().__init__(tower, activation, norm_eps)
        self.time_norm = nn.LayerNorm(tower.width, eps=norm_eps)
        self.time_attn = Attention(tower.width, tower.heads)

    def along_space(self, x_BTPD: Tensor) -> Tensor:
        y_MPD = self.attn(self.norm1(x_BTPD).flatten(0, 1))  # M = B * T: one sequence per frame
        return y_MPD.unflatten(0, x_BTPD.shape[:2])

    def along_time(self, x_BTPD: Tensor) -> Tensor:
        # a copy on purpose: attention wants each place's history as one sequence
        y_BPTD = self.time_norm(x_BTPD).transpose(1, 2)
        y_MTD = self.time_attn(y_BPTD.flatten(0, 1))
        return y_MTD.unflatten(0, y_BPTD.shape[:2]).transpose(1, 2)
