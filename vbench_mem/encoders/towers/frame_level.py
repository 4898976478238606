"""A ViT per frame; the frames meet only when they are pooled."""

from torch import Tensor

from vbench_mem.encoders.grid import Grid
from vbench_mem.encoders.tower import VideoTower


class FrameTower(VideoTower):
    """The image encoder on every frame, then the mean, or attention over all frames' tokens.

    Cost:    T * P^2 attention pairs per layer.
    Source:  arXiv:2312.07395, frame-level baselines.
    Check:   blind to the order of the frames; features equal transformers' ViTModel and
             CLIPVisionModel with the same weights.
    """

    def position_grid(self) -> Grid:
        return Grid(1, self.grid.rows, self.grid.columns)  # an image encoder has no times

    def features(self, x_BTPD: Tensor, kept: Tensor | None) -> Tensor:
        clips = x_BTPD.shape[:2]
        x_MND = self.layers(
            self.prepend_class_token(x_BTPD.flatten(0, 1))
        )  # M = B * T: one sequence per frame
        if self.spec.pooling == "attention":
            assert self.pool is not None
            return self.pool(self.normed(x_MND).unflatten(0, clips).flatten(1, 2))
        return self.pooled(x_MND).unflatten(0, clips).mean(1)
