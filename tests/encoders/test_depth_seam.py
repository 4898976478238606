"""A family whose tokens change with depth: counted, traced and shortened by what its spec says."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import pytest
from torch import Tensor

from tests.encoders.structures import load_for
from vbench_mem.base.load import Runtime
from vbench_mem.encoders import build
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.grid import Kept, Stack
from vbench_mem.encoders.operations import FeedForward, Operation, attend
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.text_spec import TEXT_TEST
from vbench_mem.encoders.towers.joint import JointTower
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.closed_form import closed_form
from vbench_mem.probes.predict import predict
from vbench_mem.probes.shorten import shorten
from vbench_mem.probes.torch_count import count_torch


@dataclass(frozen=True, kw_only=True)
class Halving(Joint):
    """Layers from number `whole` on see every second token."""

    whole: int = 5

    def stacks(self) -> tuple[Stack, ...]:
        behind = self.tower.depth - self.whole
        return Stack(path="blocks", depth=self.whole), Stack(
            path="blocks", depth=behind, first=self.whole
        )

    def with_depth(self, stack: int, depth: int) -> Self:
        behind = self.tower.depth - self.whole
        whole, behind = (depth, behind) if stack == 0 else (self.whole, depth)
        return replace(self, whole=whole, tower=replace(self.tower, depth=whole + behind))

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        tokens = kept.tokens if layer < self.whole else -(-kept.tokens // 2)
        return attend(1, tokens), FeedForward(rows=tokens)


class HalvingTower(JointTower):
    spec: Halving

    def layers(self, x: Tensor) -> Tensor:
        for number, block in enumerate(self.blocks):
            x = self.run(number, block, x[:, ::2] if number == self.spec.whole else x)
        return x


SPEC = Halving(
    tower=Tower(width=48, depth=9, heads=4, mlp=96),
    text=TEXT_TEST,
    embed_dim=32,
    resolution_px=64,
)
RECIPES = {
    "full": Recipe(),
    "mask": Recipe(mask=0.5),
    "last 3": Recipe(train="last_k", blocks=3),
    "last 7": Recipe(train="last_k", blocks=7),
    "lora": Recipe(train="lora", lora_rank=3),
}


@pytest.fixture(autouse=True)
def halving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "tower_class", lambda spec: HalvingTower)


def cell_of(recipe: Recipe) -> Cell:
    return Cell(
        encoder="halving",
        recipe_name="mine",
        spec=SPEC,
        recipe=recipe,
        load=load_for(SPEC),
        runtime=Runtime(device="cpu"),
    )


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_its_closed_form_equals_torchs_counter(recipe: Recipe) -> None:
    cell = cell_of(recipe)
    closed, counted = closed_form(cell), count_torch(cell)
    for ours, theirs in (
        (closed.video.forward, counted["video"].forward),
        (closed.video.backward, counted["video"].backward),
    ):
        assert 2 * (ours.products + ours.attention) == sum(theirs.values())


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_its_prediction_from_few_layers_equals_that_of_all(recipe: Recipe) -> None:
    cell = cell_of(recipe)
    short, repeats = shorten(cell)
    assert short.spec.layers < SPEC.layers and any(r.path == "video.blocks" for r in repeats)
    assert predict(cell, "cpu") == predict(cell, "cpu", whole=True)


def test_both_stacks_are_shortened() -> None:
    deep = replace(SPEC, whole=6, tower=replace(SPEC.tower, depth=12))
    short, repeats = shorten(replace(cell_of(Recipe()), spec=deep))
    assert [(r.path, r.layer, r.copies) for r in repeats] == [
        ("video.blocks", 1, 3),
        ("video.blocks", 4, 3),
    ]
    assert short.spec.stacks() == (
        Stack(path="blocks", depth=3),
        Stack(path="blocks", depth=3, first=3),
    )
