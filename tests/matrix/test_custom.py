"""A user's own encoder in a matrix: a cell like any other, without the table's settings."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rows import joined_of, ok
from vbench_mem.analysis.budgets.partner import Partners
from vbench_mem.analysis.join import join
from vbench_mem.analysis.scores.files import load_scores
from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec
from vbench_mem.matrix.axes import PATTERN, facts
from vbench_mem.matrix.cell import dump, load
from vbench_mem.matrix.load import Matrix, load_matrix
from vbench_mem.matrix.schema import matrix_schema
from vbench_mem.report.columns import table_columns
from vbench_mem.running.eta import expected_seconds, gflop_of

Write = Callable[..., Path]
CODE = "def build(load): ...\ndef small(load): ...\n"
HEAD = "about: what does my own need?\n"
AXES = "{encoder: [own_code:build, joint_test], frames: [4, 8], batch: 2}"


@pytest.fixture
def read(write_code: Write, write_matrix: Write) -> Callable[..., Matrix]:
    write_code(CODE)

    def make(axes: str = AXES, rest: str = "") -> Matrix:
        return load_matrix(write_matrix(f"{HEAD}axes: {axes}\n{rest}"))

    return make


Read = Callable[..., Matrix]


def refused(read: Read, axes: str = AXES, rest: str = "") -> str:
    with pytest.raises(UsageError) as caught:
        read(axes, rest)
    return str(caught.value).partition(": ")[2]


def test_it_is_a_cell_like_those_of_the_table(read: Read) -> None:
    matrix = read()
    labels = [matrix.label(cell) for cell in matrix.cells]
    assert labels[:2] == ["own_code:build frames=4", "own_code:build frames=8"]
    own = matrix.cells[0]
    assert own.load.resolution_px == 224 and own.variant == "own_code:build"
    assert load(dump(own)) == own
    known = facts(own)
    assert (known["encoder"], known["family"], known["layout"]) == (
        "own_code:build",
        "custom",
        "custom",
    )
    assert "size" not in known and "text_size" not in known


def test_an_edit_of_the_code_moves_the_ids_of_its_cells_only(read: Read, write_code: Write) -> None:
    before = {(cell.encoder, cell.load.frames): cell.id for cell in read().cells}
    write_code(CODE + "x = 1\n")
    after = {(cell.encoder, cell.load.frames): cell.id for cell in read().cells}
    moved = {encoder for (encoder, _), found in after.items() if found not in before.values()}
    assert moved == {"own_code:build"}


def test_a_variant_may_be_a_users_own_encoder(read: Read) -> None:
    variants = "{variant: ['own_code:build', 'own_code:small', joint_test+mask75], frames: 4, "
    found = [cell.variant for cell in read(variants + "batch: 2}").cells]
    assert found == ["own_code:build", "own_code:small", "joint_test+mask75"]


def test_captions_and_the_load_are_set_and_named(read: Read) -> None:
    axes = "{encoder: own_code:build, frames: 4, batch: 2, vocab: 99, resolution_px: 64}"
    (cell,) = read(axes).cells
    assert cell.variant == "own_code:build,text.vocab=99"
    assert cell.spec.text == TokenizerSpec(vocab=99) and cell.load.resolution_px == 64
    read(axes, "skip: [{when: {variant: 'own_code:build,text.vocab=99'}, reason: a}]\n")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "recipe: mask75",
            "own_code:build takes no recipe, since its build decides what is masked and trained",
        ),
        ("mask: 0.5", "decides what is masked and trained; use recipe: full"),
        ("train_text: false", "use recipe: full, and one function for each way of training"),
        ("checkpoint: true", "let its build recompute activations itself"),
        ("patch_px: 32", "custom encoders have no setting patch_px"),
        ("text_size: tiny", "custom encoders have no setting text_size"),
        ("text: {vocab: 9}", "custom encoders have no setting text"),
        ("text.max_tokens: 9", "custom encoders have no setting text.max_tokens"),
        ("tower.depth: 3", "custom encoders have no setting tower.depth"),
    ],
)
def test_settings_that_only_the_table_has_are_refused(
    read: Read, setting: str, message: str
) -> None:
    axes = f"{{encoder: own_code:build, frames: 4, batch: 2, {setting}}}"
    assert message in refused(read, axes)


def test_a_rule_skips_settings_that_it_does_not_have(read: Read) -> None:
    axes = AXES.replace("batch: 2", "batch: 2, recipe: [full, mask75], patch_px: [16, 32]")
    message = refused(read, axes)
    assert "to leave it out: skip: [{when: {encoder: own_code:build}, reason: ...}]" in message
    rest = "skip: [{when: {family: custom, recipe: mask75}, reason: a}]\n"
    matrix = read(AXES.replace("batch: 2", "batch: 2, recipe: [full, mask75]"), rest)
    assert len(matrix.cells) == 8 and len(matrix.skipped) == 2
    whole = read(axes, "skip: [{when: {encoder: 'own_code:build'}, reason: a}]\n")
    assert len(whole.cells) == 8 and len(whole.dropped) == 8


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ("own_code:bild", "axes.encoder: "),
        ("own_code:bild", "own_code.py defines no 'bild'; did you mean build?"),
        ("own_coed:build", "axes.encoder: no module own_coed: no file own_coed.py in "),
        ("own_coed:build", "did you mean own_code?"),
        (
            "'own_code:'",
            "axes.encoder: 'own_code:' does not name an encoder of your own; write it like ",
        ),
        ("own_code.build", "an encoder of your own is written my_package.module:function"),
        ("own_code:build+mask75", "'own_code:build+mask75' does not name an encoder of your own"),
    ],
)
def test_a_mistake_in_its_name_is_reported_at_its_place(
    read: Read, encoder: str, message: str
) -> None:
    assert message in refused(read, AXES.replace("own_code:build", encoder))


def test_conditions_name_it(read: Read) -> None:
    rest = "budgets: [{{metric: step_ms, max: 9, where: {{variant: '{}'}}}}]\n"
    (budget,) = read(AXES, rest.format("own_code:build")).budgets
    assert budget.where == {"variant": "own_code:build"}
    message = refused(read, AXES, rest.format("own_code:small"))
    assert "no cell is called 'own_code:small'; did you mean own_code:build?" in message
    assert "matches no cell" in refused(
        read, AXES, "skip: [{when: {encoder: 'own_code:small'}, reason: a}]\n"
    )


def test_the_schema_takes_it(read: Read) -> None:
    options = matrix_schema()["$defs"]["Axes"]["properties"]["encoder"]["anyOf"]
    (pattern,) = [each["pattern"] for each in options if each.get("pattern", PATTERN) != PATTERN]
    for name in ("own_code:build", "a.b_c.d:Build2"):
        assert re.search(pattern, name)
    for name in ("own_code", "own_code:", ":build", "a:b:c", "a.:b", "a b:c"):
        assert not re.search(pattern, name)


def test_no_published_score_is_of_it(read: Read) -> None:
    matrix = read("{encoder: 'own_code:build', frames: 16, batch: 2}")
    joined = join(matrix, {}, load_scores(["reference"], matrix.path.parent))
    assert joined.unscored == list(joined.rows)


def test_it_is_compared_with_another_family_at_the_same_load(read: Read) -> None:
    matrix = read(AXES.replace("batch: 2", "batch: 2, resolution_px: 64"))
    joined = joined_of(matrix, *(ok(cell) for cell in matrix.cells))
    own, table = joined.rows[0], joined.rows[2]
    assert Partners({"family": "joint"}, joined.rows).of(own) == (table, "")
    assert Partners({"family": "custom"}, joined.rows).of(table) == (own, "")


def test_a_row_of_the_table_names_it_and_leaves_its_size_empty(read: Read) -> None:
    matrix = read()
    joined = joined_of(matrix, *(ok(cell) for cell in matrix.cells))
    read_of = {name: read for name, (_, read) in table_columns(joined).items()}
    values = {name: read_of[name](joined.rows[0]) for name in ("variant", "family", "size")}
    assert (values["variant"], values["family"], values["size"]) == (
        "own_code:build",
        "custom",
        None,
    )


def test_its_time_is_expected_from_what_others_took(
    read: Read, make_record: Callable[..., object]
) -> None:
    own, longer = read("{encoder: 'own_code:build', frames: [4, 8], batch: 2}").cells
    assert gflop_of(own) is None
    assert expected_seconds([longer], []) == {longer.id: None}
    assert expected_seconds([longer], [make_record(own, wall_s=3.0)]) == {longer.id: 3.0}
