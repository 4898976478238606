"""Every row of the table, built whole on the meta device and run small with real numbers."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from tests.encoders.structures import (
    FULL,
    STRUCTURES,
    VARIANTS,
    load_for,
    make,
    shake,
    some_captions,
    some_clips,
)
from vbench_mem.base.load import Load
from vbench_mem.encoders.build import build
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.table import ENCODERS


@pytest.mark.parametrize("name", ENCODERS)
def test_every_row_has_the_parameters_it_claims_and_the_output_it_promises(name: str) -> None:
    row = ENCODERS[name]
    load = Load(frames=16, batch=2, resolution_px=row.spec.resolution_px)
    text_tower = replace(row.spec.text.tower, depth=1)  # layers are alike: they change no shape
    text_spec = replace(row.spec.text, tower=text_tower)
    spec = replace(row.spec, tower=replace(row.spec.tower, depth=1), text=text_spec)
    with torch.device("meta"):
        whole, encoder = build(row.spec, FULL, load), build(spec, FULL, load)
        clips = torch.empty(2, 16, 3, load.resolution_px, load.resolution_px)
        ids, mask = torch.empty(2, 32, dtype=torch.int64), torch.empty(2, 32, dtype=torch.bool)
    assert sum(weight.numel() for weight in whole.parameters()) == row.params
    with torch.no_grad():
        video, text = encoder.eval()(clips, ids, mask)
    assert video.shape == text.shape == (2, row.spec.embed_dim)
    assert row.source


def block(tower: Tower) -> int:
    """A transformer layer's parameters, counted by hand."""
    D, M = tower.width, tower.mlp
    return 4 * D * D + 4 * D + 2 * D * M + M + D + 4 * D


@pytest.mark.parametrize("name", [n for n, e in ENCODERS.items() if e.spec.layout == "joint"])
def test_joint_rows_have_the_parameters_of_a_plain_vit_counted_by_hand(name: str) -> None:
    spec = ENCODERS[name].spec
    D, p, t = spec.tower.width, spec.patch_px, spec.tubelet_frames
    video = spec.tower.depth * block(spec.tower) + 2 * D + D * spec.embed_dim
    video += D * 3 * p * p * (t + 1) + 2 * D  # the clip's and the image's patch embedding
    video += D * spec.tokens(load_for(spec))
    W = spec.text.tower.width
    text = spec.text.tower.depth * block(spec.text.tower) + 4 * W + W * spec.embed_dim
    text += W * (spec.text.vocab + spec.text.max_tokens)
    assert ENCODERS[name].params == video + text + 1


def test_joint_attention_adds_no_parameters_and_dot_product_has_exactly_as_many() -> None:
    assert ENCODERS["factorized_dot_product_b16"].params == ENCODERS["joint_b16"].params
    assert ENCODERS["factorized_b16"].params > ENCODERS["joint_b16"].params


def test_every_size_of_the_paper_is_in_the_table_for_the_papers_own_layouts() -> None:
    for family in ("joint", "factorized", "frame_mean", "frame_attpool"):
        sizes = {row.size for row in ENCODERS.values() if row.family == family}
        assert sizes >= {"test", "Ti", "S", "M", "B", "L", "H", "g"}


@pytest.mark.parametrize(("name", "recipe"), VARIANTS)
def test_outputs_are_unit_vectors_and_the_gradient_reaches_exactly_what_trains(
    name: str, recipe: str
) -> None:
    spec = STRUCTURES[name]
    encoder = make(spec, RECIPES[recipe])
    shake(encoder)
    video, text = encoder(some_clips(spec), *some_captions())
    for vectors in (video, text):
        assert vectors.shape == (2, spec.embed_dim) and vectors.dtype == torch.float32
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))
    logits = encoder.logit_scale.exp() * video @ text.T
    F.cross_entropy(logits, torch.arange(2)).backward()
    for weight_name, weight in encoder.named_parameters():
        reached = weight.grad is not None and bool(weight.grad.abs().sum() > 0)
        assert reached == weight.requires_grad, weight_name


EXPECTED_PARTS = {
    "adapter64": {"adapter"},
    "lora64": {"lora_a", "lora_b", "gate"},
    # whatever a family calls what runs along time
    "temporal_only": {
        "time_norm",
        "time_attn",
        "time_dense",
        "time_blocks",
        "time_positions",
        "gate",
    },
}


@pytest.mark.parametrize(("name", "recipe"), [v for v in VARIANTS if v[1] in EXPECTED_PARTS])
def test_image_to_video_recipes_train_new_weights_patches_and_projections_only(
    name: str, recipe: str
) -> None:
    encoder = make(STRUCTURES[name], RECIPES[recipe])
    allowed = EXPECTED_PARTS[recipe] | {"embed", "tubes", "head", "pool", "logit_scale"}
    trained = {n for n, w in encoder.named_parameters() if w.requires_grad}
    assert all(allowed & set(n.split(".")) for n in trained)
    assert any(EXPECTED_PARTS[recipe] & set(n.split(".")) for n in trained)
    assert any(n.startswith(("video.embed.", "video.tubes.")) for n in trained)


@pytest.mark.parametrize("name", STRUCTURES)
def test_last_k_trains_the_last_layers_and_stores_nothing_before_them(name: str) -> None:
    spec = STRUCTURES[name]
    encoder = make(spec, Recipe(train="last_k", blocks=2))
    order = list(encoder.video.depth_order())
    assert len(order) == spec.layers
    front, back = order[:-2], order[-2:]
    assert all(w.requires_grad for b in back for w in b.parameters())
    assert not any(w.requires_grad for b in front for w in b.parameters())
    stored: list[int] = []
    marks: dict[str, int] = {}

    def mark(*_: object) -> None:
        marks["front"] = len(stored)

    back[0].register_forward_pre_hook(mark)

    def pack(saved: torch.Tensor) -> torch.Tensor:
        stored.append(saved.nbytes)
        return saved

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved):
        encoder.video(some_clips(spec))
    assert marks["front"] == 0
    assert stored


def test_masks_apply_in_training_only() -> None:
    spec = STRUCTURES["joint_test"]
    encoder, clips = make(spec, RECIPES["mask75"]), some_clips(spec)
    seen: list[int] = []
    encoder.video.blocks[0].register_forward_pre_hook(lambda _, args: seen.append(args[0].shape[1]))
    encoder.video(clips)
    encoder.eval().video(clips)
    whole = spec.tokens(load_for(spec))
    assert seen == [whole // 4, whole]
