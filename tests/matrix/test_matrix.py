"""Matrix files: products of lists, mistakes refused with the fix, ids that follow the specs."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.data.scenes import scenes_sha256
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.axes import facts
from vbench_mem.matrix.load import Matrix, load_matrix
from vbench_mem.matrix.schema import matrix_schema

Write = Callable[..., Path]
HEAD = "about: a question\n"
BASE = HEAD + "axes: {encoder: joint_test, frames: 16, batch: 2}\n"


def read(write: Write, text: str) -> Matrix:
    return load_matrix(write(text))


def refused(write: Write, text: str) -> str:
    """The message, without the file's name in front."""
    path = write(text)
    with pytest.raises(UsageError) as caught:
        load_matrix(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_matrix_is_the_cartesian_product_of_its_lists(write_matrix: Write) -> None:
    matrix = read(write_matrix, write_matrix().read_text())
    seen = [
        (facts(cell)["encoder"], cell.recipe_name, cell.load.frames, cell.load.batch)
        for cell in matrix.cells
    ]
    wanted = itertools.product(["joint_test", "frame_mean_test"], ["full", "mask75"], [4, 8], [2])
    assert seen == list(wanted)
    assert matrix.axes == ("encoder", "recipe", "frames", "batch")
    assert matrix.varying == ("encoder", "recipe", "frames")


def test_blocks_add_up_and_equal_cells_are_kept_once(write_matrix: Write) -> None:
    text = HEAD + (
        "axes:\n"
        "- {variant: [joint_test, joint_test+mask75], frames: 4, batch: 2}\n"
        "- {encoder: joint_test, mask: [0.75, 0.55], frames: 4, batch: 2, patch_px: [16, 32]}\n"
    )
    variants = [cell.variant for cell in read(write_matrix, text).cells]
    assert variants == [
        "joint_test",
        "joint_test+mask75",
        "joint_test,patch_px=32+mask75",
        "joint_test+full,mask=0.55",
        "joint_test,patch_px=32+full,mask=0.55",
    ]


def test_a_mask_gets_the_layouts_own_kind_before_the_id_is_made(write_matrix: Write) -> None:
    text = HEAD + (
        "axes:\n"
        "- {encoder: factorized_test, recipe: mask75, frames: 4, batch: 2}\n"
        "- {encoder: factorized_test, mask: 0.75, mask_kind: tube, frames: 4, batch: 2}\n"
        "- {encoder: factorized_test, mask: 0.75, mask_kind: frame, frames: 8, batch: 2}\n"
    )
    first, other = read(write_matrix, text).cells
    assert (first.recipe.mask_kind, other.recipe.mask_kind) == ("tube", "frame")
    assert first.variant == "factorized_test+mask75"
    assert other.variant == "factorized_test+full,mask=0.75,mask_kind=frame"


def test_resolution_is_the_encoders_own_unless_set(write_matrix: Write) -> None:
    own, set_to = BASE, BASE.replace("batch: 2", "batch: 2, resolution_px: 32")
    assert read(write_matrix, own).cells[0].load.resolution_px == 64
    assert read(write_matrix, set_to).cells[0].load.resolution_px == 32


def test_a_size_and_parts_of_it_are_set_at_once(write_matrix: Write) -> None:
    text = BASE.replace("batch: 2", "batch: 2, size: Ti, tower.depth: 3, text_size: tiny")
    (cell,) = read(write_matrix, text).cells
    assert (cell.spec.tower.width, cell.spec.tower.depth) == (192, 3)
    assert cell.spec.text.tower.width == 128
    # a width and heads that only fit each other, neither the row's own
    text = BASE.replace("batch: 2", "batch: 2, tower.width: 60, tower.heads: 5")
    assert read(write_matrix, text).cells[0].spec.tower.heads == 5


def test_one_list_of_tubes_is_one_value_and_several_multiply(write_matrix: Write) -> None:
    tubes = "[{kernel: [4, 8, 8], stride: [4, 16, 16]}]"
    base = BASE.replace("joint_test", "tubevit_test")
    one = read(write_matrix, base.replace("batch: 2", f"batch: 2, tubes: {tubes}"))
    other = tubes.replace("[4, 8, 8]", "[8, 8, 8]")
    two = read(write_matrix, base.replace("batch: 2", f"batch: 2, tubes: [{tubes}, {other}]"))
    assert len(one.cells) == 1 and len(two.cells) == 2
    assert one.cells[0].id == two.cells[0].id
    assert two.cells[0].variant != two.cells[1].variant


def test_editing_a_row_moves_the_ids_of_its_cells_only(
    write_matrix: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_matrix()
    before = {cell.encoder: cell.id for cell in load_matrix(path).cells}
    row = ENCODERS["joint_test"]
    edited = replace(row, spec=replace(row.spec, norm_eps=1e-5), source="other prose")
    prose = replace(ENCODERS["frame_mean_test"], source="other prose")
    monkeypatch.setitem(ENCODERS, "joint_test", edited)
    monkeypatch.setitem(ENCODERS, "frame_mean_test", prose)
    after = {cell.encoder: cell.id for cell in load_matrix(path).cells}
    assert before["joint_test"] != after["joint_test"]
    assert before["frame_mean_test"] == after["frame_mean_test"]


def test_a_skipped_cell_is_listed_with_its_reason(write_matrix: Write) -> None:
    text = HEAD + (
        "axes: {encoder: [joint_test, factorized_test], recipe: [full, temporal_only],"
        " frames: 4, batch: 2}\n"
        "skip: [{when: {encoder: joint_test, train: temporal_only}, reason: has none}]\n"
    )
    matrix = read(write_matrix, text)
    assert [matrix.skipped.get(cell.id) for cell in matrix.cells] == [None, "has none", None, None]


def test_a_rule_may_skip_what_cannot_even_be_a_cell(write_matrix: Write) -> None:
    text = HEAD + (
        "axes: {encoder: [joint_test, frame_mean_test], tubelet_frames: [1, 2],"
        " frames: 4, batch: 2}\n"
        "skip: [{when: {family: frame_mean, tubelet_frames: 2}, reason: single frames}]\n"
    )
    matrix = read(write_matrix, text)
    assert len(matrix.cells) == 3
    assert matrix.dropped == ("encoder=frame_mean_test, tubelet_frames=2: single frames",)


def test_the_rule_a_refusal_offers_works(write_matrix: Write) -> None:
    text = HEAD + (
        "axes: {encoder: [joint_test, factorized_test], recipe: [full, temporal_only],"
        " frames: [4, 8], batch: 2}\n"
    )
    message = refused(write_matrix, text)
    assert "encoder=joint_test, recipe=temporal_only, frames=4" in message
    offer = message.partition("to leave it out: ")[2].replace("...", "so be it")
    assert offer.startswith("skip: [{when: {encoder: joint_test, recipe: temporal_only}")
    assert len(read(write_matrix, text + offer).skipped) == 2


def test_clips_are_found_beside_the_matrix_and_hashed(write_matrix: Write, tmp_path: Path) -> None:
    text = BASE.replace("batch: 2", "batch: 2, input: [noise, clips], clips: captions.csv")
    assert "no file" in refused(write_matrix, text)
    captions = tmp_path / "captions.csv"
    captions.write_text("path,caption\na.mp4,a cat\n")
    assert "no video" in refused(write_matrix, text)
    video = tmp_path / "a.mp4"
    video.write_bytes(b"first")
    noise, clips = read(write_matrix, text).cells
    assert (noise.load.clips, clips.load.clips) == (None, str(captions))
    video.write_bytes(b"other")
    replaced = read(write_matrix, text).cells[1].id
    captions.write_text("path,caption\na.mp4,a dog\n")
    assert len({clips.id, replaced, read(write_matrix, text).cells[1].id}) == 3
    generated = read(write_matrix, text.replace("captions.csv", "generated")).cells[1]
    assert (generated.load.clips, generated.load.clips_sha256) == ("generated", scenes_sha256())


@pytest.mark.parametrize(
    ("axes", "count"),
    [
        ("fps: [1, 2]", 1),
        ("fps: [1, 2], input: [noise, clips], clips: generated", 3),
        ("mode: embed, checkpoint: [true, false], optimizer: [fused, foreach, loop]", 1),
        ("mode: [train, embed], checkpoint: [true, false]", 3),
        ("mode: [train, embed], fps: [1, 2]", 2),
        ("input: noise, clips: [generated, missing.csv]", 1),
        ("caption_tokens: [16, 32], threads: [1, 2]", 4),
    ],
)
def test_a_field_that_moves_nothing_makes_no_second_cell(
    write_matrix: Write, axes: str, count: int
) -> None:
    matrix = read(write_matrix, BASE.replace("batch: 2", f"batch: 2, {axes}"))
    assert len(matrix.cells) == len({cell.id for cell in matrix.cells}) == count


def test_equal_cells_are_skipped_only_where_all_of_them_are(write_matrix: Write) -> None:
    text = BASE.replace("batch: 2", "batch: 2, fps: [1, 2, 3]")
    for rates, fps in (([1], 2), ([3], 1), ([1, 2], 3), ([1, 2, 3], 1)):
        rules = ", ".join(f"{{when: {{fps: {rate}}}, reason: rate {rate}}}" for rate in rates)
        matrix = read(write_matrix, f"{text}skip: [{rules}]\n")
        (cell,) = matrix.cells
        assert cell.load.fps == fps
        assert list(matrix.skipped.values()) == (["rate 1"] if len(rates) == 3 else [])


def test_scores_are_found_beside_the_matrix(write_matrix: Write, tmp_path: Path) -> None:
    text = BASE + "scores: [reference, mine.csv]\n"
    assert "scores[1]: no file" in refused(write_matrix, text)
    (tmp_path / "mine.csv").write_text("")
    assert read(write_matrix, text).scores == ("reference", str(tmp_path / "mine.csv"))


AXES = [
    ("batch: 2, masks: 0.5", "axes.masks: no axis called 'masks'; did you mean mask?"),
    ("batch: true", "axes.batch: true is not a whole number"),
    ("batch: '2'", "axes.batch: '2' is not a whole number but text"),
    ("batch: []", "axes.batch: is an empty list; write a value"),
    ("batch: 2, batch: 3", "axes.batch: written twice; keep one"),
    ("batch: 010", "axes.batch: 010 reads as 8 (octal) in YAML; write 8"),
    ("batch: 2, checkpoint: on", "axes.checkpoint: on reads as true in YAML; write true"),
    ("batch: 2, norm_eps: 1e-3", "axes.norm_eps: 1e-3 is text in YAML, not a number; write 1.0e-3"),
    ("batch: 2, fps: .nan", "axes.fps: .nan is not a finite number"),
    ("batch: 2, width: 64", "axes.width: width could be tower.width or text.tower.width"),
    ("batch: 2, vocab: 9, text.vocab: 9", "axes.text.vocab: is the same axis as text.vocab; keep"),
    ("batch: 2, warmup: 3", "axes.warmup: warmup is the same for all cells; write it under proto"),
    ("batch: 2, recipe: mask57", "axes.recipe: no recipe called 'mask57'; did you mean mask75?"),
    ("batch: 2, variant: joint_test", "axes: variant and encoder set the same thing; keep one"),
    ("batch: 2, size: B, tower: {width: 4}", "axes.tower: depth: is missing"),
    ("recipe: full", "axes: no batch; write batch: 8, or a list"),
    ("batch: 2, tower.heads: 3", "tower.heads=3: width 128 is not a multiple of heads 3"),
    ("batch: 2, temporal_depth: 2", "joint encoders have no setting temporal_depth"),
    ("batch: 2, resolution_px: 65", "65 is not a multiple of patch_px 16; nearest: 64"),
]  # fmt: skip
REST = [
    ("abuot: x", "abuot: no key called 'abuot' here; did you mean about?"),
    ("frames: 16", "frames: belongs under axes"),
    ("warmup: 1", "warmup: belongs under protocol"),
    ("about: y", "about: written twice; keep one"),
    ("on: 3", "on is not a text key"),
    ("prune_oom: 1", "prune_oom: 1 is not true or false"),
    ("protocol: {timeout_s: 1:30}", "protocol.timeout_s: 1:30 reads as 90 in YAML; write 90"),
    ("protocol: {steps: 2.5}", "protocol.steps: 2.5 is not a whole number"),
    ("protocol: {warmups: 2}", "protocol.warmups: no key called 'warmups' here; did you mean warm"),
    ("protocol: {warmup: 0}", "protocol.warmup: 0 is refused"),
    ("protocol: {memory_limit_bytes: 6 GB}", "'6 GB' is not a size; write it like '6 GiB'"),
    ("protocol: 5", "protocol: 5 is not a mapping"),
    ("skip: [{when: {frames: 8}, reason: x}]", "skip[0].when: matches no cell"),
    ("skip: [{when: {frame: 8}, reason: x}]", "skip[0].when.frame: no fact called 'frame'; did"),
    ("skip: [{when: {frames: 16}}]", "skip[0].reason: is missing"),
    ("skip: [{whn: {frames: 16}, reason: x}]", "skip[0].whn: no key called 'whn' here; did you"),
    ("budgets: [{metric: peak_alloc_byte, max: 1 B}]", "did you mean peak_alloc_bytes?"),
    ("budgets: [{metric: peak_alloc_bytes, max: 6 GB}]", "write it like '6 GiB'"),
    ("budgets: [{metric: peak_alloc_bytes, maxi: 6}]", "budgets[0]: no key called 'maxi' here; "),
    ("budgets: [{metric: step_ms, max: 6, where: {recip: a}}]", "budgets[0].where.recip: no fact"),
    ("budgets: [5]", "budgets[0]: 5 is not a mapping"),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "message"), AXES)
def test_a_mistake_in_the_axes_is_refused_with_its_place(
    write_matrix: Write, mistake: str, message: str
) -> None:
    assert message in refused(write_matrix, BASE.replace("batch: 2", mistake))


@pytest.mark.parametrize(("mistake", "message"), REST)
def test_a_mistake_elsewhere_is_refused_with_its_place(
    write_matrix: Write, mistake: str, message: str
) -> None:
    assert message in refused(write_matrix, BASE + mistake + "\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is a mapping"), ("- a", "is a mapping"), (HEAD, "axes: is missing"),
     ("a: [1", "line 1: not YAML"), ("a: &x [*x]", "contains itself"),
     (HEAD + "axes: []", "axes: write a mapping"), (HEAD + "axes: 5", "axes: write a mapping")],
)  # fmt: skip
def test_what_is_no_matrix_is_refused(write_matrix: Write, text: str, message: str) -> None:
    assert message in refused(write_matrix, text)


def test_a_missing_file_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml: cannot be read: no such file"):
        load_matrix(tmp_path / "none.yaml")


def test_sizes_are_read_where_bytes_are_meant(write_matrix: Write) -> None:
    text = BASE + (
        "protocol: {memory_limit_bytes: 6 GiB}\n"
        "budgets: [{metric: peak_alloc_bytes, max: 1.5 MiB}]\n"
    )
    matrix = read(write_matrix, text)
    assert matrix.cells[0].protocol.memory_limit_bytes == 6 * 2**30
    assert matrix.budgets[0].max == 1.5 * 2**20


def test_the_schema_offers_every_name_an_editor_could_complete() -> None:
    schema = matrix_schema()
    axes = schema["$defs"]["Axes"]["properties"]
    assert "joint_b16" in axes["encoder"]["anyOf"][0]["enum"]
    assert "mask75" in axes["recipe"]["anyOf"][0]["enum"]
    assert {"frames", "tower.depth", "vocab", "size", "tubes", "dtype"} <= axes.keys()
    assert {"about", "protocol", "axes", "skip", "budgets", "scores"} <= schema["properties"].keys()


def test_every_shipped_matrix_loads() -> None:
    for path in sorted((Path(__file__).parents[2] / "matrices").glob("*.yaml")):
        assert load_matrix(path).cells, path
