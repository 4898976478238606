"""Where training starts: every matrix of every family, fused or not, is drawn by its own fan."""

import math

import pytest
import torch
from torch import nn

from tests.encoders.structures import STRUCTURES, make
from vbench_mem.encoders.layers import Attention, AttentionPool, init_weights
from vbench_mem.encoders.patches import TubeEmbed
from vbench_mem.encoders.recipes import RECIPES

FUSED = {"qkv": 3, "kv": 2}  # by the name of the module, however it is made


@pytest.mark.parametrize("width", [64, 768])
def test_fused_matrices_start_as_separate_ones_would(width: int) -> None:
    torch.manual_seed(0)
    attention, pool = Attention(width, 4).apply(init_weights), AttentionPool(width, 4)
    pool.apply(init_weights)
    bound = math.sqrt(6 / (2 * width))
    matrices = [
        *attention.qkv.weight.detach().chunk(3),
        *pool.kv.weight.detach().chunk(2),
        pool.q.weight.detach(),
    ]
    for matrix in matrices:
        assert matrix.shape == (width, width)
        assert float(matrix.abs().max()) == pytest.approx(bound, rel=0.02)
        assert float(matrix.abs().max()) <= bound
        assert float(matrix.std()) == pytest.approx(bound / math.sqrt(3), rel=0.02)
        assert abs(float(matrix.mean())) < 0.05 * bound
    assert not any(
        torch.equal(one, other) for one in matrices for other in matrices if one is not other
    )
    assert not attention.qkv.bias.any() and not pool.kv.bias.any()


def test_at_the_width_of_a_base_model_the_deviation_is_that_of_the_source() -> None:
    torch.manual_seed(0)
    attention = Attention(768, 12).apply(init_weights)
    for matrix in attention.qkv.weight.detach().chunk(3):
        assert float(matrix.std()) == pytest.approx(0.0361, rel=0.02)


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_matrix_of_every_family_is_drawn_by_its_own_fan(name: str) -> None:
    torch.manual_seed(0)
    encoder = make(STRUCTURES[name], RECIPES["full"])
    drawn = 0
    for path, module in encoder.named_modules():
        if not isinstance(module, nn.Linear) or isinstance(module, TubeEmbed):
            continue  # the embedding of clips follows from that of images
        for matrix in module.weight.detach().chunk(FUSED.get(path.rpartition(".")[2], 1)):
            if not matrix.any():
                continue  # starts at zero by design, as a new temporal layer does
            bound = math.sqrt(6 / sum(matrix.shape))
            assert 0.97 * bound < float(matrix.abs().max()) <= bound, path
            drawn += 1
    assert drawn > 10
