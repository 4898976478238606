"""The accuracy section: the trainings of a matrix, and the stages that they share."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.matrix.made import ACCURACY, AXES, STAGES, accuracy_of
from tests.rows import matrix_of
from vbench_mem.base.errors import UsageError
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.lineage import lineage, parent


def names(cells: Iterable[Cell]) -> list[str]:
    return [cell.variant for cell in cells]


def test_each_row_that_where_names_is_trained_once_for_every_seed(tmp_path: Path) -> None:
    matrix, accuracy = accuracy_of(tmp_path)
    rows = [cell for cell in matrix.cells if cell.load.frames == 4]
    assert names(accuracy.cells) == [name for row in rows for name in (row.variant,) * 2]
    trained = {cell.id: cell for cell in accuracy.cells}
    for row in rows:
        own = [trained[key] for key in accuracy.of_row[row.id]]
        assert [cell.training.seed for cell in own if cell.training] == [0, 7]
        assert all((cell.spec, cell.recipe) == (row.spec, row.recipe) for cell in own)
        assert all(cell.load.frames == 4 and cell.load.batch == 4 for cell in own)
    assert len(accuracy.of_row) == len(rows)


def test_one_training_serves_rows_that_differ_in_what_changes_no_mathematics(
    tmp_path: Path,
) -> None:
    axes = AXES.replace("batch: 2", "batch: [2, 4]\n  dtype: [float32, bfloat16]")
    matrix, accuracy = accuracy_of(tmp_path, axes=axes)
    assert len(accuracy.cells) == 10
    assert len(accuracy.of_row) == len([c for c in matrix.cells if c.load.frames == 4]) == 20


def test_trainings_at_several_rates_are_of_rows_of_clips(tmp_path: Path) -> None:
    rates = AXES.replace("batch: 2", "batch: 2\n  fps: [1, 2]")
    with pytest.raises(
        UsageError, match="with noise is the same at every fps; train rows of input: clips"
    ):
        accuracy_of(tmp_path, axes=rates)
    clips = AXES.replace("batch: 2", "batch: 2\n  fps: [1, 2]\n  clips: generated")
    _, one = accuracy_of(tmp_path)
    _, two = accuracy_of(tmp_path, axes=clips)
    assert len(two.cells) == 2 * len(one.cells)
    assert {cell.load.fps for cell in two.cells} == {1.0, 2.0}


def test_the_image_stage_is_one_for_all_layouts_of_the_same_parts(tmp_path: Path) -> None:
    _, accuracy = accuracy_of(tmp_path)
    assert [stage.training.seed for stage in accuracy.stages if stage.training] == [0, 7]
    assert {stage.spec.layout for stage in accuracy.stages} == {"frame_level"}
    assert {stage.load.frames for stage in accuracy.stages} == {1}


def test_another_size_has_an_image_stage_of_its_own(tmp_path: Path) -> None:
    axes = AXES.replace("  batch: 2", "  patch_px: [16, 32]\n  batch: 2")
    assert len(accuracy_of(tmp_path, axes=axes)[1].stages) == 4


def test_an_edit_of_a_stage_leaves_what_was_trained_before_it(tmp_path: Path) -> None:
    _, before = accuracy_of(tmp_path)
    _, later = accuracy_of(tmp_path, ACCURACY.replace("steps: 4", "steps: 5"))
    _, earlier = accuracy_of(tmp_path, ACCURACY.replace("steps: 6", "steps: 7"))
    ids = [{cell.id for cell in some} for some in (before.stages, later.stages, earlier.stages)]
    assert ids[0] == ids[1]
    assert ids[0].isdisjoint(ids[2])
    last = [{cell.id for cell in some.cells} for some in (before, later, earlier)]
    assert last[0].isdisjoint(last[1]) and last[0].isdisjoint(last[2])


def test_a_row_has_only_the_stages_that_its_frames_ask_for(tmp_path: Path) -> None:
    text = ACCURACY.replace("where: {frames: 4}", "where: {recipe: mask75}").replace(
        "{name: video, steps: 4",
        "{name: short, frames: 4, recipe: full, steps: 3, batch: 4}\n"
        "    - {name: long, from_frames: 8, steps: 4",
    )
    with pytest.raises(UsageError, match="a row's last stage has the row's recipe; remove it"):
        accuracy_of(tmp_path, text)
    _, accuracy = accuracy_of(tmp_path, text.replace("recipe: full, ", ""))
    stages = {
        cell.load.frames: [
            (stage.name, stage.frames, stage.recipe.mask)
            for stage in (cell.training.stages if cell.training else ())
        ]
        for cell in accuracy.cells
    }
    assert stages[4] == [("image", 1, 0), ("short", 4, 0.75)]
    assert stages[8] == [("image", 1, 0), ("short", 4, 0), ("long", 8, 0.75)]


def test_a_stage_is_computed_from_what_goes_on_from_it_and_holds_no_more(tmp_path: Path) -> None:
    _, accuracy = accuracy_of(tmp_path)
    for cell in accuracy.cells:
        above = parent(cell)
        assert above is not None and above.training is not None and cell.training is not None
        assert above.probe == "stage" and above.training.evaluate == ()
        assert above.training.stages == cell.training.stages[:-1]
        assert [stage.id for stage in lineage(cell)] == [above.id]
        assert parent(above) is None
        assert cells.load(cells.dump(cell)) == cell


def test_where_data_lies_is_no_part_of_an_id(tmp_path: Path) -> None:
    _, accuracy = accuracy_of(tmp_path)
    cell = accuracy.cells[0]
    assert cell.training is not None
    source = replace(cell.training.sources[0], file="/here/a.csv", videos="/here", sha256="1f")
    moved = replace(source, file="/there/a.csv", videos="/there")
    other = replace(source, sha256="2f")
    ids = [
        replace(cell, training=replace(cell.training, sources=(each,))).id
        for each in (source, moved, other)
    ]
    assert ids[0] == ids[1] != ids[2]


def test_a_section_on_accuracy_leaves_the_ids_of_all_rows(tmp_path: Path) -> None:
    with_it = matrix_of(tmp_path, AXES + ACCURACY).cells
    assert [cell.id for cell in with_it] == [cell.id for cell in matrix_of(tmp_path, AXES).cells]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("where: {frames: 4}", "where: {frame: 4}", r"accuracy.where.frame: .*did you mean frames"),
        ("where: {frames: 4}", "where: {frames: 5}", "accuracy.where: matches no row of this"),
        ("seeds: [0, 7]", "seeds: [7, 7]", "accuracy.seeds: .* has one twice"),
        ("seeds: [0, 7]", "seed: [0, 7]", "accuracy.seed: no key .* did you mean seeds"),
        ("[spatial, temporal]", "[spacial]", r"accuracy.train\[0\]: .*did you mean spatial"),
        ("[spatial, temporal]", "[{name: spatial, size: huge}]", "no size called 'huge'"),
        ("[spatial, temporal]", "[]", "accuracy.train: is empty"),
        ("[spatial, temporal]", "[{name: csv, file: no.csv}]", r"accuracy.train\[0\]: .*no.csv"),
        ("{name: video, steps: 4,", "{name: video, step: 4,", r"stages\[1\].step: .*mean steps"),
        ("{name: video, steps: 4,", "{name: video, frames: 8, steps: 4,", "leave frames out"),
        ("{name: image, frames: 1,", "{name: image,", r"stages\[0\].frames: is missing"),
        ("{name: image,", "{name: image, recipe: lora9,", r"no recipe called 'lora9'.*lora8"),
        ("{name: image,", "{name: image, warmup: 6,", "warmup 6 must be below steps 6"),
        ("{name: image,", "{name: image, images: 0.5,", "images above 0 needs frames above 1"),
        (STAGES, "", "accuracy.stages: is empty; write stages, or init"),
        (
            STAGES,
            "  evaluate: [spatial]\n  init: no_such_file\n",
            "accuracy.init: no file or folder .*no_such_file",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_the_fix(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in ACCURACY
    with pytest.raises(UsageError, match=message):
        accuracy_of(tmp_path, ACCURACY.replace(old, new))


def test_a_users_own_encoder_is_not_trained_and_the_message_says_how_to_leave_it_out(
    tmp_path: Path,
) -> None:
    (tmp_path / "own.py").write_text("def build(load): ...\n", encoding="utf-8")
    axes = "about: x\naxes: {encoder: own:build, frames: 4, resolution_px: 32, batch: 2}\n"
    with pytest.raises(UsageError, match=r"encoder of your own.*select others"):
        accuracy_of(tmp_path, axes=axes)
