"""Every structure in the table of encoders, small enough to run in milliseconds, and recipes."""

import dataclasses

import torch
from torch import Tensor, nn

from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.build import build
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.encoders.text_spec import TEXT_TEST
from vbench_mem.encoders.variants import check_variant

SMALL = Tower(width=48, depth=4, heads=4, mlp=96)
FULL = RECIPES["full"]


def shrink(spec: Spec) -> Spec:
    """The same structure, small: sizes and resolution change, nothing else."""
    return dataclasses.replace(spec, tower=SMALL, text=TEXT_TEST, embed_dim=32, resolution_px=64)


def structures() -> dict[str, Spec]:
    """One name per distinct structure among all rows of the table, a test row's where it has one.

    CLIP's two rows differ in the size of a patch alone, and one of them does.
    """
    found: dict[Spec, str] = {}
    for name, row in sorted(ENCODERS.items(), key=lambda each: "_test" not in each[0]):
        if name != "clip_b16":
            found.setdefault(shrink(row.spec), name)
    return {name: spec for spec, name in found.items()}


STRUCTURES = structures()


def load_for(spec: Spec, frames: int = 16, batch: int = 2) -> Load:
    return Load(frames=frames, batch=batch, resolution_px=spec.resolution_px, caption_tokens=8)


def fits(spec: Spec, recipe: Recipe) -> bool:
    try:
        check_variant(spec, recipe, load_for(spec))
    except UsageError:
        return False
    return True


VARIANTS = [
    (encoder, recipe)
    for encoder, spec in STRUCTURES.items()
    for recipe, how in RECIPES.items()
    if fits(spec, how)
]


def make(
    spec: Spec,
    recipe: Recipe = FULL,
    frames: int = 16,
    runtime: Runtime | None = None,
    seed: int = 0,
) -> DualEncoder:
    """Built from one seed, so that two builds of one spec share their weights."""
    torch.manual_seed(seed)
    return build(spec, recipe, load_for(spec, frames), runtime)


@torch.no_grad()
def shake(module: nn.Module) -> None:
    """Move every weight off its special start (zeros, ones, copies), so that nothing hides."""
    torch.manual_seed(1)
    for weight in module.parameters():
        weight.add_(0.05 * torch.randn_like(weight))


def some_clips(spec: Spec, frames: int = 16, batch: int = 2) -> Tensor:
    torch.manual_seed(2)
    return torch.randn(batch, frames, 3, spec.resolution_px, spec.resolution_px)


def some_captions(batch: int = 2) -> tuple[Tensor, Tensor]:
    torch.manual_seed(3)
    ids = torch.randint(3, TEXT_TEST.vocab, (batch, 8))
    mask = torch.arange(8) < torch.tensor([8, 5, 3, 1])[:batch, None]
    return ids, mask


def kind_of(recipe: str) -> tuple[str, bool]:
    """What a recipe trains, and whether it masks."""
    return RECIPES[recipe].train, bool(RECIPES[recipe].mask)


def in_turn() -> list[tuple[str, str]]:
    """Each family with one recipe of each kind: its structures take turns with the kinds, and the
    recipes of one kind take turns from structure to structure. Then each structure and each recipe
    that had no turn."""
    chosen = []
    families = dict.fromkeys(spec.layout for spec in STRUCTURES.values())
    for family in families:
        members = [name for name, spec in STRUCTURES.items() if spec.layout == family]
        kinds: dict[tuple[str, bool], list[str]] = {}
        for _, recipe in (variant for variant in VARIANTS if variant[0] == members[0]):
            kinds.setdefault(kind_of(recipe), []).append(recipe)
        for turn, alike in enumerate(kinds.values()):
            name = members[turn % len(members)]
            chosen.append((name, alike[list(STRUCTURES).index(name) % len(alike)]))
    for name, recipe in VARIANTS:
        if not any(name == each for each, _ in chosen) or not any(
            recipe == each for _, each in chosen
        ):
            chosen.append((name, recipe))
    return chosen


MET = in_turn()  # in every run of the tests
REST = [variant for variant in VARIANTS if variant not in MET]  # when asked for
