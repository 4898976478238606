"""Every matrix that is shipped: it loads, says what it asks, and asks what its header promises."""

import fnmatch
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.encoders.variants import check_variant
from vbench_mem.matrix.exhibits import EXHIBITS
from vbench_mem.matrix.load import load_matrix

FOLDER = Path(__file__).parent.parent / "matrices"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def expanded(value: Any) -> list[Any]:
    """A list's values, and for a pattern the names of the encoders that it matches."""
    some = value if isinstance(value, list) else [value]
    return [name for each in some for name in (fnmatch.filter(ENCODERS, str(each)) or [each])]


def combinations(text: str) -> int:
    """How many combinations the blocks of axes have; one that two blocks have counts once."""
    axes = yaml.safe_load(text)["axes"]
    found = set()
    for block in axes if isinstance(axes, list) else [axes]:
        for values in itertools.product(*map(expanded, block.values())):
            named = zip(block, map(str, values), strict=True)
            found.add(frozenset(named) - {("attention", "auto")})  # the default
    return len(found)


def cells_in_header(text: str) -> int:
    """`# Cost     8 cells`, or `10 cells for each *_b16 encoder and 10 more`."""
    count = r"^# Cost +(\d+) cells?(?: for each (\S+) encoder and (\d+) more)?"
    found = re.search(count, text, re.MULTILINE)
    assert found is not None
    if found[2] is None:
        return int(found[1])
    assert f'"{found[2]}"' in text
    return int(found[1]) * len(fnmatch.filter(ENCODERS, found[2])) + int(found[3])


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_matrix_resolves_to_cells_that_can_be_built(name: str) -> None:
    matrix, text = load_matrix(FOLDER / f"{name}.yaml"), (FOLDER / f"{name}.yaml").read_text()
    assert len(matrix.cells) == combinations(text)
    assert len({cell.id for cell in matrix.cells}) == len(matrix.cells)
    assert cells_in_header(text) == len(matrix.cells) - len(matrix.skipped)
    assert matrix.budgets
    for cell in matrix.cells:
        if cell.id not in matrix.skipped:
            check_variant(cell.spec, cell.recipe, cell.load)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_matrix_opens_with_what_it_asks_costs_and_how_to_read_it(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    header = text[: text.index("about:")]
    for word in ("# Question ", "# Cost ", "# Reading "):
        assert word in header
    assert load_matrix(FOLDER / f"{name}.yaml").about.strip().endswith("?")


def test_the_default_matrix_shows_six_variants_or_more_on_real_clips_at_16_and_32_frames() -> None:
    cells = load_matrix(FOLDER / "quick.yaml").cells
    assert len({cell.variant for cell in cells}) >= 6
    assert {cell.load.frames for cell in cells} == {16, 32}
    assert {cell.load.input for cell in cells} == {"clips"}


@pytest.mark.parametrize(("name", "size"), [("accuracy", "small"), ("recipe", "large")])
def test_the_matrices_of_accuracy_train_every_arm_that_the_findings_compare_three_times(
    name: str, size: str
) -> None:
    accuracy = load_matrix(FOLDER / f"{name}.yaml").accuracy
    assert accuracy is not None
    arms = {(cell.spec.layout, cell.recipe.mask, cell.recipe.train) for cell in accuracy.cells}
    for layout in ("joint", "factorized", "frame_level"):
        assert {(layout, 0.0, "full"), (layout, 0.75, "full")} <= arms
    assert ("joint", 0.0, "adapter") in arms
    assert {"mean", "attention"} == {
        cell.spec.pooling for cell in accuracy.cells if cell.spec.layout == "frame_level"
    }
    assert {2, 4} <= {cell.spec.tubelet_frames for cell in accuracy.cells}
    trainings = [cell.training for cell in accuracy.cells if cell.training is not None]
    assert {training.seed for training in trainings} == {0, 1, 2}
    asked = {source.name for training in trainings for source in training.evaluate}
    assert {"spatial", "temporal"} <= asked
    assert {s.size for training in trainings for s in training.sources} == {size}


def test_every_layout_is_swept_from_16_to_256_frames() -> None:
    cells = load_matrix(FOLDER / "frames_16_256.yaml").cells
    layouts = {cell.spec.layout for cell in cells}
    assert layouts == {layout.__dataclass_fields__["layout"].default for layout in Spec.__args__}
    assert {cell.load.frames for cell in cells} == {16, 32, 64, 128, 256}


def test_the_backbone_matrix_has_every_arm_of_the_papers_figure() -> None:
    matrix = load_matrix(FOLDER / "paper_backbones.yaml")
    arms = {(cell.encoder, cell.recipe_name) for cell in matrix.cells}
    for encoder in ("joint_b16", "factorized_b16", "frame_mean_b16", "frame_attpool_b16"):
        assert {(encoder, recipe) for recipe in ("full", "mask25", "mask50", "mask75")} <= arms
    assert {"adapter64", "lora64", "temporal_only"} <= {recipe for _, recipe in arms}


def test_every_exhibit_of_the_paper_is_asked_by_a_matrix_named_after_the_paper() -> None:
    asked = {
        exhibit: name for name in NAMES for exhibit in load_matrix(FOLDER / f"{name}.yaml").exhibits
    }
    assert asked.keys() == EXHIBITS.keys()
    assert all(name.startswith("paper_") for name in asked.values())


def test_the_gpu_check_covers_every_kernel_precision_optimiser_and_kind_of_training() -> None:
    cells = load_matrix(FOLDER / "gpu_check.yaml").cells
    assert {cell.runtime.attention for cell in cells} == {
        "auto", "flash", "efficient", "cudnn", "math",
    }  # fmt: skip
    assert {cell.runtime.dtype for cell in cells} == {"float32", "bfloat16", "float16"}
    assert {cell.runtime.optimizer for cell in cells} == {"foreach", "fused", "loop"}
    assert {cell.recipe.train for cell in cells} == {how.train for how in RECIPES.values()}
    assert {cell.load.input for cell in cells} == {"noise", "clips"}
    assert {cell.load.mode for cell in cells} == {"train", "embed"}
    assert {True} == {
        any(c.runtime.compile for c in cells),
        any(c.runtime.checkpoint for c in cells),
    }
    assert {cell.spec.layout for cell in cells} == {
        layout.__dataclass_fields__["layout"].default for layout in Spec.__args__
    }
