"""What a recipe adds computes what its paper says, and trains what its row of the table says."""

import pytest
import torch
from torch import nn

from tests.encoders.structures import STRUCTURES, VARIANTS, make
from tests.weights.pairs import SIGLIP
from vbench_mem.encoders.adapt import LoRALinear
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.text import TextTower


@pytest.mark.parametrize("parts", [1, 3])
def test_lora_adds_alpha_over_rank_times_the_low_rank_product_of_each_part(parts: int) -> None:
    """Source: arXiv:2106.09685, section 4.1, one matrix at a time."""
    torch.manual_seed(0)
    rank, alpha = 2, 6.0
    layer = LoRALinear(nn.Linear(5, 4 * parts), rank, alpha, parts)
    nn.init.normal_(layer.lora_b)
    x = torch.randn(7, 5)
    added = [
        x @ layer.lora_a[part * rank : (part + 1) * rank].T @ layer.lora_b[part] * (6.0 / 2)
        for part in range(parts)
    ]
    expected = x @ layer.weight.T + layer.bias + torch.cat(added, dim=1)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize(("alpha", "scale"), [(None, 1.0), (2.0, 0.5), (8.0, 2.0)])
def test_loras_alpha_is_its_rank_unless_it_is_given(alpha: float | None, scale: float) -> None:
    name = next(iter(STRUCTURES))
    encoder = make(STRUCTURES[name], Recipe(train="lora", lora_rank=4, lora_alpha=alpha))
    found = {each.scale for each in encoder.modules() if isinstance(each, LoRALinear)}
    assert found == {scale}


@pytest.mark.parametrize("name", STRUCTURES)
def test_lora_is_on_every_matrix_of_every_layer_and_nowhere_else(name: str) -> None:
    encoder = make(STRUCTURES[name], RECIPES["lora8"])
    for layer in encoder.video.depth_order():
        assert all(isinstance(m, LoRALinear) for m in layer.modules() if isinstance(m, nn.Linear))
    layers = [m for layer in encoder.video.depth_order() for m in layer.modules()]
    inside = {id(module) for module in layers}
    assert all(id(m) in inside for m in encoder.modules() if isinstance(m, LoRALinear))


@pytest.mark.parametrize(("name", "recipe"), VARIANTS)
def test_heads_and_temperature_always_train_and_the_last_norm_with_the_last_layers(
    name: str, recipe: str
) -> None:
    encoder = make(STRUCTURES[name], RECIPES[recipe])
    for part in (encoder.video.head, encoder.text.head):
        assert all(weight.requires_grad for weight in part.parameters())
    assert encoder.logit_scale.requires_grad
    trained = {weight.requires_grad for weight in encoder.video.norm.parameters()}
    assert trained == {RECIPES[recipe].train in ("full", "last_k")}


def test_the_last_feature_is_that_of_the_last_place() -> None:
    torch.manual_seed(0)
    tower = TextTower(SIGLIP.text, 24).eval()
    hidden: list[torch.Tensor] = []
    tower.blocks[-1].register_forward_hook(lambda *args: hidden.append(args[-1]))
    ids = torch.tensor([[3, 7, 9, 4], [5, 6, 8, 2]])
    with torch.no_grad():
        feature = tower(ids, torch.ones_like(ids, dtype=torch.bool))
        torch.testing.assert_close(feature, tower.norm(hidden[0][:, 3]))
