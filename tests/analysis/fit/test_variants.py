"""The lines of a matrix, and the possible frame counts of each."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vbench_mem.analysis.fit.variants import MOST_FRAMES, frame_counts, lines_of
from vbench_mem.base.load import Runtime
from vbench_mem.encoders.families.tubevit import TUBES_16
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import load_matrix

Write = Callable[..., Path]
MakeCell = Callable[..., Cell]


def test_each_variant_and_runtime_is_a_line_without_and_with_checkpointing(
    write_matrix: Write,
) -> None:
    matrix = load_matrix(write_matrix())
    lines = lines_of(matrix.cells, matrix.varying)
    names = ["joint_test", "joint_test+mask75", "frame_mean_test", "frame_mean_test+mask75"]
    assert [(line.label, line.checkpoint) for line in lines] == [
        (name, checkpoint) for name in names for checkpoint in (False, True)
    ]
    assert {(line.frames, line.batches) for line in lines} == {((4, 8), (2,))}
    assert len({line.key for line in lines}) == len(lines)


def test_settings_that_change_bytes_make_lines_and_others_do_not(make_cell: MakeCell) -> None:
    cell = make_cell()
    same = [
        replace(cell, runtime=Runtime(device="cuda", threads=3)),
        replace(cell, runtime=Runtime(device="cpu", checkpoint=True)),
        make_cell(input="clips", clips="generated", clips_sha256="0", fps=2.0),
        make_cell(frames=8, batch=3),
    ]
    (plain, recomputed) = lines_of([cell, *same])
    assert (plain.frames, plain.batches) == ((4, 8), (2, 3))
    assert not plain.checkpoint and recomputed.checkpoint
    for other in (
        replace(cell, runtime=Runtime(dtype="bfloat16")),
        replace(cell, runtime=Runtime(attention="math")),
        make_cell(resolution_px=128),
        make_cell(recipe="mask75"),
    ):
        assert len(lines_of([cell, other])) == 4


def test_an_axis_that_no_line_has_is_not_in_its_name(write_matrix: Write) -> None:
    text = "about: q\naxes: {encoder: joint_test, frames: [4, 8], checkpoint: [false, true], "
    matrix = load_matrix(write_matrix(text + "batch: [1, 2], dtype: [float32, bfloat16]}"))
    labels = [line.label for line in lines_of(matrix.cells, matrix.varying)]
    assert labels[::2] == ["joint_test dtype=float32", "joint_test dtype=bfloat16"]
    assert len(labels) == 4


def test_an_embedding_run_has_no_activations_to_recompute(make_cell: MakeCell) -> None:
    assert [line.checkpoint for line in lines_of([make_cell(mode="embed")])] == [False]


def test_frame_counts_are_whole_tubelets(make_cell: MakeCell) -> None:
    assert frame_counts(make_cell("joint_test"))[:3] == (2, 4, 6)
    assert frame_counts(make_cell("joint_test_coarse_time"))[:3] == (4, 8, 12)
    assert frame_counts(make_cell("frame_mean_test"))[:3] == (1, 2, 3)
    assert frame_counts(make_cell("joint_test"))[-1] == MOST_FRAMES


def test_frame_counts_that_leave_a_tube_or_a_mask_without_tokens_are_skipped(
    make_cell: MakeCell,
) -> None:
    tubes = frame_counts(make_cell("tubevit_test"))
    assert tubes[0] == max(tube.kernel[0] + tube.offset[0] for tube in TUBES_16)
    cell = make_cell("joint_test")
    recipe = replace(cell.recipe, mask=0.75, mask_kind="frame")
    # of two-frame tubelets a quarter must be one at least
    assert frame_counts(replace(cell, recipe=recipe))[:2] == (8, 10)
