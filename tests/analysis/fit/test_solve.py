"""Answers are exact at the edge: what is answered fits, and the next step does not."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from vbench_mem.analysis.fit import solve as solving
from vbench_mem.analysis.fit.solve import FitAnswer, answer_all, bytes_needed, solve, solve_all
from vbench_mem.analysis.fit.variants import MOST_CLIPS, MOST_FRAMES, FitLine, lines_of
from vbench_mem.base.load import Runtime
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.predict import predict

MIB = 2**20
MakeCell = Callable[..., Cell]


def line_of(cell: Cell) -> FitLine:
    return lines_of([cell])[0]


def shallow(cell: Cell, depth: int = 1) -> Cell:
    """Few layers in each tower: the same questions, predicted sooner."""
    spec = cell.table_spec
    text = replace(spec.text, tower=replace(spec.text.tower, depth=depth))
    return replace(cell, spec=replace(spec, tower=replace(spec.tower, depth=depth), text=text))


def simple(cell: Cell) -> int:
    """Made-up bytes: an offset, and so many for each frame of each clip."""
    return 1000 + 10 * cell.load.frames * cell.load.batch


def by_question(answers: list[FitAnswer]) -> dict[tuple[str, int], FitAnswer]:
    return {(answer.sought, answer.given): answer for answer in answers}


@pytest.mark.parametrize(
    ("encoder", "recipe", "frames", "checkpoint"),
    [
        ("joint_test", "full", 4, False),
        ("joint_test", "mask75", 4, True),
        ("tubevit_test", "full", 16, False),
    ],
)
def test_an_answer_fits_and_the_next_step_does_not(
    encoder: str, recipe: str, frames: int, checkpoint: bool, make_cell: MakeCell
) -> None:
    cell = shallow(make_cell(encoder, recipe, frames=frames))
    line = next(line for line in lines_of([cell]) if line.checkpoint == checkpoint)
    limit = 60 * MIB
    answers = by_question(solve(line, limit, "cpu"))
    assert answers.keys() == {("frames", 2), ("batch", frames)}

    @cache
    def peak(frames: int, batch: int) -> int:
        return predict(line.at(frames, batch), "cpu").peak_bytes

    most, largest = answers["frames", 2], answers["batch", frames]
    assert {most.ending, largest.ending} == {"edge"}
    assert most.largest is not None and most.beyond is not None
    assert peak(most.largest, 2) <= limit < peak(most.beyond, 2)
    assert largest.largest is not None and largest.beyond == largest.largest + 1
    assert peak(frames, largest.largest) <= limit < peak(frames, largest.beyond)
    assert (most.bytes_at, most.bytes_beyond) == (peak(most.largest, 2), peak(most.beyond, 2))


def test_frames_go_in_whole_tubelets(make_cell: MakeCell) -> None:
    cell = make_cell("joint_test_coarse_time", frames=16)
    answer = by_question(answer_all(line_of(cell), 1000 + 20 * 103, simple))["frames", 2]
    assert (answer.largest, answer.beyond) == (100, 104)


def test_more_memory_never_means_fewer_frames(make_cell: MakeCell) -> None:
    line = line_of(shallow(make_cell()))
    size = cache(lambda cell: bytes_needed(cell, "cpu"))
    line = replace(line, frames=())
    found = [answer_all(line, memory_limit * MIB, size)[0].largest for memory_limit in (10, 20, 30)]
    assert found[0] is None  # the weights alone are more
    assert found[1] is not None and found[2] is not None and found[1] < found[2]


def test_no_load_is_predicted_twice(make_cell: MakeCell, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[tuple[int, int]] = []

    def needed(cell: Cell, target: str) -> int:
        loads.append((cell.load.frames, cell.load.batch))
        return simple(cell)

    monkeypatch.setattr(solving, "bytes_needed", needed)
    lines = lines_of(
        [make_cell(frames=frames, batch=batch) for frames in (4, 8) for batch in (2, 4)]
    )
    answers = solve(lines[0], 5000, "cpu")
    assert len(answers) == 4
    assert len(loads) == len(set(loads))


def test_at_the_bound_of_the_search_no_edge_is_reported(make_cell: MakeCell) -> None:
    answers = by_question(answer_all(line_of(make_cell()), 10**12, simple))
    assert (answers["frames", 2].largest, answers["frames", 2].ending) == (MOST_FRAMES, "bound")
    assert (answers["batch", 4].largest, answers["batch", 4].beyond) == (MOST_CLIPS, None)


def test_nothing_fits(make_cell: MakeCell) -> None:
    answer = by_question(answer_all(line_of(make_cell()), 999, simple))["batch", 4]
    assert (answer.ending, answer.largest, answer.beyond, answer.bytes_at) == (
        *("nothing", None, 1),
        None,
    )
    assert answer.bytes_beyond == 1040


def test_a_cell_that_cannot_be_predicted_has_a_reason(make_cell: MakeCell) -> None:
    cell = make_cell(runtime=Runtime(device="cpu", compile=True))
    for found in solve(line_of(cell), MIB, "cpu"):
        assert found.ending == "unpredicted"
        assert "compiled step is not predicted" in (found.reason or "")
        assert found.largest is None


def test_of_a_cuda_process_everything_must_fit(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    data: dict[str, Any] = {"peak_bytes": 5, "process_bytes": 7}
    monkeypatch.setattr(solving, "predict_dumped", lambda *_: data)
    assert bytes_needed(cell, "cuda") == 7
    data["process_bytes"] = None
    assert bytes_needed(cell, "cpu") == 5


def test_lines_solved_beside_each_other_come_back_in_order(make_cell: MakeCell) -> None:
    lines = lines_of([shallow(make_cell(), depth=2)])
    keys: list[str] = []
    limits = [(line, 30 * MIB) for line in lines]
    answers = solve_all(limits, "cpu", lambda line, _: keys.append(line.key), jobs=2)
    assert sorted(keys) == sorted(line.key for line in lines)
    assert [answer.line for answer in answers] == [line for line in lines for _ in range(2)]
    assert answers[:2] == solve(lines[0], 30 * MIB, "cpu")
    kept, recomputed = answers[0].largest, answers[2].largest
    assert kept is not None and recomputed is not None and kept < recomputed


def test_a_line_knows_its_own_load(make_cell: MakeCell) -> None:
    line = line_of(make_cell())
    assert line.at(8, 3).load == replace(line.cell.load, frames=8, batch=3)
