"""The true start of every encoder of the table: each weight's distribution, zero, one or copy.

Nothing here moves a weight before it is looked at. Distributions are compared by the
Kolmogorov-Smirnov distance, whose limit no correct draw of ours is expected to pass in a lifetime.
"""

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from tests.encoders.structures import STRUCTURES, VARIANTS, make
from vbench_mem.encoders.adapt import LoRALinear
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.layers import Adapter
from vbench_mem.encoders.patches import TubeEmbed, inflated
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.spec import starts_at_zero

LIMIT = 2.6  # of the distance times sqrt(n): the chance of a correct draw above is 3e-6
FUSED = {"qkv": 3, "kv": 2}  # matrices of their own that one product holds
VECTORS = {"positions", "time_positions", "class_token", "query"}
INFLATED = [name for name, spec in STRUCTURES.items() if not hasattr(spec, "tubes")]
ADAPTED = [v for v in VARIANTS if RECIPES[v[1]].train in ("adapter", "lora")]


def distance(values: Tensor, cumulative: Callable[[Tensor], Tensor]) -> float:
    """Kolmogorov-Smirnov: the largest gap to the distribution, times the root of the count."""
    ordered = values.detach().double().flatten().sort().values
    count = len(ordered)
    steps = torch.arange(count + 1, dtype=torch.float64) / count
    expected = cumulative(ordered)
    gap = torch.maximum(steps[1:] - expected, expected - steps[:-1]).max()
    return float(gap) * math.sqrt(count)


def check_uniform(weight: Tensor, bound: float) -> None:
    """Uniform between -bound and bound."""
    assert float(weight.detach().abs().max()) <= bound * (1 + 1e-6)
    assert distance(weight, lambda x: (x / bound + 1) / 2) < LIMIT


def check_normal(weight: Tensor, std: float) -> None:
    """Normal around 0; where it is cut, at 2, is a hundred deviations away.

    The deviation is compared as well, since the distance tells little of a short vector.
    """
    error = 1 / math.sqrt(2 * weight.numel())  # of an estimated deviation, relative
    assert abs(float(weight.detach().square().mean().sqrt()) / std - 1) < 4.7 * error
    assert distance(weight, lambda x: (1 + torch.erf(x / (std * math.sqrt(2)))) / 2) < LIMIT


def check_xavier(weight_OI: Tensor) -> None:
    """Source: Glorot and Bengio 2010, equation 16."""
    check_uniform(weight_OI, math.sqrt(6 / sum(weight_OI.shape)))


def stated_zero(spec: Spec, name: str) -> bool:
    return starts_at_zero(name.removeprefix("video."), spec.weights)


def matrices(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every matrix of a linear layer alone; not adapters, nor kernels that are inflated."""
    skipped = {
        f"{name}.{part}"
        for name, child in module.named_modules()
        for part in ("down", "up")
        if isinstance(child, Adapter)
    }
    for name, child in module.named_modules():
        if isinstance(child, nn.Linear) and name not in {*skipped, "video.embed"}:
            parts = FUSED.get(name.rpartition(".")[2], 1)
            yield from ((name, part) for part in child.weight.chunk(parts))


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_matrix_starts_uniform_within_its_own_xavier_bound(name: str) -> None:
    spec = STRUCTURES[name]
    encoder = make(spec)
    found = [each for each in matrices(encoder) if not stated_zero(spec, each[0])]
    # q, k, v, proj, fc1 and fc2 of each layer, and the two heads
    assert len(found) >= 6 * (spec.tower.depth + spec.text.tower.depth) + 2
    for matrix, weight in found:
        try:
            check_xavier(weight)
        except AssertionError as error:
            raise AssertionError(matrix) from error


@pytest.mark.parametrize("name", STRUCTURES)
def test_biases_start_at_zero_and_norms_as_the_identity(name: str) -> None:
    for module in make(STRUCTURES[name]).modules():
        if isinstance(module, nn.Linear) and module.bias is not None:
            assert not module.bias.any()
        if isinstance(module, nn.LayerNorm):
            assert bool((module.weight == 1).all()) and not module.bias.any()


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_other_weight_has_a_start_that_is_stated(name: str) -> None:
    """Embeddings, positions, class tokens and queries N(0, 0.02); gates shut; CLIP's temperature.

    A parameter of a name that is not known here fails: its start has to be stated first, here or
    as a zero by its family.
    """
    encoders = [make(STRUCTURES[name], seed=seed) for seed in range(8)]
    for owners in zip(*(encoder.modules() for encoder in encoders), strict=True):
        if isinstance(owners[0], nn.Linear | nn.LayerNorm):
            continue
        for own, _ in owners[0].named_parameters(recurse=False):
            # a vector is short: eight draws of it tell more than one
            drawn = torch.stack([owner.get_parameter(own) for owner in owners]).detach()
            if starts_at_zero(own, STRUCTURES[name].weights):
                assert not drawn.any()
            elif isinstance(owners[0], nn.Embedding) or own in VECTORS:
                check_normal(drawn, 0.02)
            else:
                assert own == "logit_scale"
                torch.testing.assert_close(drawn.exp(), torch.full((8,), 1 / 0.07))


@pytest.mark.parametrize("name", INFLATED)
def test_the_kernel_of_a_clip_is_the_images_spread_evenly_over_its_frames(name: str) -> None:
    video = make(STRUCTURES[name]).video
    assert isinstance(video.embed, TubeEmbed)
    frames, patch = video.embed.tube.kernel[0], video.image_embed.tube.kernel[1:]
    slices = video.embed.weight.unflatten(1, (3, frames, *patch)).unbind(2)
    image = video.image_embed.weight.unflatten(1, (3, *patch))
    assert len(slices) == STRUCTURES[name].tubelet_frames
    for each in slices:
        torch.testing.assert_close(each, image / frames)
    check_xavier(video.image_embed.weight)


@pytest.mark.parametrize(
    ("how", "shares"),
    [("average", [0.25] * 4), ("repeat", [1.0] * 4), ("central", [0.0, 0.0, 1.0, 0.0])],
)
def test_inflation_gives_each_slice_its_share(how: str, shares: list[float]) -> None:
    """Source: scenic, vivit/model_utils.py: central_frame fills index t // 2 alone."""
    image = torch.arange(1.0, 1 + 2 * 3 * 4 * 4).view(2, 3, 4, 4)
    kernel = inflated(image, 4, how)  # type: ignore[arg-type]
    assert torch.equal(kernel, torch.stack([share * image for share in shares], dim=2))


@pytest.mark.parametrize("name", STRUCTURES)
def test_matrices_of_one_shape_differ_but_for_copies_and_zeros_that_the_family_states(
    name: str,
) -> None:
    """A temporal attention may begin as a copy of its layer's spatial one, and is no alias."""
    spec = STRUCTURES[name]
    encoder = make(spec)
    copies: set[str] = set()
    for path, layer in encoder.video.named_modules():
        for new, old in spec.weights.copies.items():
            if not hasattr(layer, new):
                continue
            twin = getattr(layer, old).parameters()
            pairs = zip(getattr(layer, new).named_parameters(), twin, strict=True)
            for (own, weight), other in pairs:
                assert torch.equal(weight, other) and weight is not other, own
            copies |= {f"video.{path}.{new}.{part}" for part in ("qkv", "proj")}
    drawn = [
        weight
        for path, weight in matrices(encoder)
        if path not in copies and not stated_zero(spec, path)
    ]
    assert len({tuple(weight.flatten()[:8].tolist()) for weight in drawn}) == len(drawn)


@pytest.mark.parametrize(("name", "recipe"), ADAPTED)
def test_what_a_recipe_adds_starts_as_the_identity_and_can_learn(name: str, recipe: str) -> None:
    """LoRA: A Kaiming-uniform with a = sqrt(5), so within 1 / sqrt(inputs), and B zero.
    Adapter: `down` N(0, 1e-3) and `up` zero. Were both of a pair zero, neither would ever learn.

    Source:  microsoft/LoRA, loralib/layers.py; arXiv:1902.00751, appendix on initialisation.
    """
    added = 0
    for module in make(STRUCTURES[name], RECIPES[recipe]).modules():
        if isinstance(module, LoRALinear):
            added += 1
            check_uniform(module.lora_a, 1 / math.sqrt(module.in_features))
            assert not module.lora_b.any()
        elif isinstance(module, Adapter):
            added += 1
            check_normal(module.down.weight, 1e-3)
            assert not module.up.weight.any()
            assert not module.down.bias.any() and not module.up.bias.any()
    assert added >= STRUCTURES[name].tower.depth


@pytest.mark.parametrize(("name", "recipe"), ADAPTED)
def test_what_a_recipe_adds_changes_no_weight_that_was_there(name: str, recipe: str) -> None:
    plain = dict(make(STRUCTURES[name]).named_parameters())
    adapted = dict(make(STRUCTURES[name], RECIPES[recipe]).named_parameters())
    assert plain.keys() <= adapted.keys()
    for key, weight in plain.items():
        assert torch.equal(weight, adapted[key]), key
