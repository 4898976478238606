"""Joint space-time attention: a plain ViT over all tokens of a clip."""

from torch import Tensor

from vbench_mem.encoders.tower import VideoTower


class JointTower(VideoTower):
    """Every token sees every token.

    Cost:    (T * P)^2 attention pairs per layer.
    Source:  arXiv:2312.07395; ViViT (arXiv:2103.15691) model 1.
    Check:   features equal transformers' VivitModel with the same weights.
    """

    def features(self, x_BTPD: Tensor, kept: Tensor | None) -> Tensor:
        return self.pooled(self.layers(self.prepend_class_token(x_BTPD.flatten(1, 2))))
