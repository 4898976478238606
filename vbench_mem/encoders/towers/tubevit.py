"""Joint attention over the tokens of several sparse tubes."""

import torch
from torch import Tensor, nn

from vbench_mem.base.load import Load
from vbench_mem.encoders.families.tubevit import TubeViT
from vbench_mem.encoders.grid import Grid
from vbench_mem.encoders.masking import choose
from vbench_mem.encoders.patches import TubeEmbed
from vbench_mem.encoders.positions import sinusoidal
from vbench_mem.encoders.towers.joint import JointTower
from vbench_mem.encoders.tube import tubelet
from vbench_mem.encoders.variants import kept_tokens


class TubeTower(JointTower):
    """Joint attention over the tokens of several tubes, each with its own kernel.

    Differs: all tokens are embedded before some are dropped, since a clip's draw may take unlike
             numbers from each tube.
    Source:  arXiv:2212.03229; daniel-code/TubeViT for kernels, strides, offsets and sine positions.
    """

    spec: TubeViT

    def embed_clips(self, load: Load) -> None:
        spec, width = self.spec, self.spec.tower.width
        grids = spec.grids(load)
        self.kept = kept_tokens(spec, self.recipe, load)
        self.tubes = nn.ModuleList(TubeEmbed(t, width, bias=spec.patch_bias) for t in spec.tubes)
        tables = [
            sinusoidal(tube, grid, width).flatten(0, 1)
            for tube, grid in zip(spec.tubes, grids, strict=True)
        ]
        self.register_buffer("positions", torch.cat(tables)[None], persistent=False)
        side = load.resolution_px // spec.patch_px
        image = sinusoidal(tubelet(1, spec.patch_px), Grid(1, side, side), width)
        self.register_buffer("image_table", image, persistent=False)

    def initialise(self) -> None:
        """Tubes have sizes that image patches have not: nothing to inflate."""

    def image_positions(self) -> Tensor:
        table: Tensor = self.get_buffer("image_table")
        return table

    def draw(self, clips: int, device: torch.device) -> Tensor:
        return choose(clips, self.positions.shape[1], self.kept.tokens, device)[:, None]

    def tokens(self, clips_BTCHW: Tensor, kept: Tensor | None) -> Tensor:
        x_BND = torch.cat([tube(clips_BTCHW).flatten(1, 2) for tube in self.tubes], dim=1)
        x_B1ND = (x_BND + self.positions)[:, None]
        if kept is None:
            return x_B1ND
        return x_B1ND.take_along_dim(kept[..., None], dim=2)
