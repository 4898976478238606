"""The Pareto frontier of memory, time and recall."""

from pathlib import Path

from tests.rows import GIB, joined_of, matrix_of, ok, oom, pick, score
from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.scores.score import Score
from vbench_mem.report.draw.frontier import draw_frontier
from vbench_mem.report.pictures.frontier import FrontierRow, frontier_groups, plans

# of each row: memory in GiB, milliseconds, recall
NUMBERS = {
    "joint_test frames=4": (4, 40.0, 0.40),
    "joint_test frames=8": (8, 80.0, 0.45),
    "joint_test+mask75 frames=4": (1, 20.0, 0.30),
    "joint_test+mask75 frames=8": (2, 30.0, 0.30),  # beaten by its own 4 frames
    "frame_mean_test frames=4": (3, 50.0, 0.20),  # beaten by joint_test+mask75
    "frame_mean_test frames=8": (9, 70.0, 0.45),  # slower memory, but faster than joint's 8
}


def frontier_rows(joined: Joined) -> list[FrontierRow]:
    """Every row that is compared, once for each group that it is in."""
    return [row for group in frontier_groups(joined) for row in group.rows]


def run(folder: Path, *scores: Score, text: str | None = None) -> Joined:
    matrix = matrix_of(folder) if text is None else matrix_of(folder, text)
    records = [
        ok(pick(matrix, label), gib * GIB, step_ms=ms) for label, (gib, ms, _) in NUMBERS.items()
    ]
    records.append(oom(pick(matrix, "frame_mean_test+mask75 frames=8")))
    return joined_of(matrix, *records, scores=scores)


def imported() -> list[Score]:
    found = []
    for label, (_, _, recall) in NUMBERS.items():
        variant, frames = label.split(" frames=")
        mask = 0.75 if variant.endswith("+mask75") else 0.0
        name = variant.removesuffix("+mask75")
        found.append(score(name, recall, frames=int(frames), mask_ratio=mask))
    return found


def test_with_recall_rows_of_all_frames_compete_in_three_criteria(tmp_path: Path) -> None:
    rows = frontier_rows(run(tmp_path, *imported()))
    assert {row.group for row in rows} == {"msr-vtt, text to video"}
    best = {row.row.label for row in rows if row.is_best}
    for row in rows:  # a row is best exactly where no other is as good in all and better in one
        mine = NUMBERS[row.row.label]
        beating = [
            label
            for label, (gib, ms, recall) in NUMBERS.items()
            if gib <= mine[0] and ms <= mine[1] and recall >= mine[2] and (gib, ms, recall) != mine
        ]
        assert row.is_best == (not beating)
        assert row.is_best or (row.dominated_by in beating and row.dominated_by in best)
    wins = {row.row.label: row.wins for row in rows if row.wins}
    assert wins == {
        "joint_test+mask75 frames=4": ("memory", "time"),
        "joint_test frames=8": ("recall",),
        "frame_mean_test frames=8": ("recall",),
    }


def test_without_recall_only_equal_frames_compete(tmp_path: Path) -> None:
    groups = frontier_groups(run(tmp_path))
    assert [group.title for group in groups] == ["frames=4", "frames=8"]
    best = {row.row.label for group in groups for row in group.rows if row.is_best}
    assert best == {"joint_test+mask75 frames=4", "joint_test+mask75 frames=8"}
    assert {row.dominated_by for row in groups[1].rows} == {None, "joint_test+mask75 frames=8"}


def test_a_published_recall_takes_no_part(tmp_path: Path) -> None:
    published = [
        each.model_copy(update={"origin": "published", "source": "a paper"}) for each in imported()
    ]
    rows = frontier_rows(run(tmp_path, *published))
    assert {row.recall for row in rows} == {None}
    (plan,) = plans(run(tmp_path, *published))
    assert "No recall measured or imported here is joined" in plan.caption


def test_unlike_batches_are_not_compared_and_ways_to_run_are(tmp_path: Path) -> None:
    text = (
        "about: q\naxes: {encoder: joint_test, frames: 4, batch: [2, 4], "
        "checkpoint: [true, false]}\n"
    )
    matrix = matrix_of(tmp_path, text)
    records = [
        ok(cell, number * GIB, step_ms=50.0 / number) for number, cell in enumerate(matrix.cells, 1)
    ]
    groups = frontier_groups(joined_of(matrix, *records))
    assert [(group.title, len(group.rows)) for group in groups] == [
        ("frames=4 batch=2", 2),
        ("frames=4 batch=4", 2),
    ]
    assert [row.series for row in groups[0].rows] == [
        "joint_test checkpoint=true",
        "joint_test checkpoint=false",
    ]
    assert all(row.is_best for group in groups for row in group.rows)


def test_what_is_not_beaten_is_large_and_named_with_its_recall(tmp_path: Path) -> None:
    joined = run(tmp_path, *imported())
    sheet = draw_frontier(frontier_groups(joined))
    (axes,) = sheet.axes
    names = {text.get_text() for text in axes.texts}
    assert "joint_test+mask75 4 fr 30.0 %" in names
    assert "20.0 %" in names  # beaten: its recall alone
    lines = {str(line.get_label()): line for line in axes.lines}
    large, pale = lines["joint_test+mask75"], lines["dominated: joint_test+mask75"]
    assert large.get_markersize() > pale.get_markersize() and (pale.get_alpha() or 1) < 0.5
    assert (list(large.get_xdata()), list(large.get_ydata())) == ([1.0], [20.0])
    assert axes.get_xlabel() == "peak allocated memory, GiB (left is better)"
    assert axes.get_ylabel() == "ms/step (down is better)"
    assert sum(len(marks) for marks in sheet.tips.values()) == len(NUMBERS)


def test_without_recall_the_frontier_is_a_line(tmp_path: Path) -> None:
    text = (
        "about: q\naxes: {encoder: joint_test, recipe: [full, mask75, mask50], frames: 4, batch: 2}"
    )
    matrix = matrix_of(tmp_path, text)
    numbers = ((4, 10.0), (2, 20.0), (3, 30.0))
    records = [
        ok(cell, gib * GIB, step_ms=ms)
        for cell, (gib, ms) in zip(matrix.cells, numbers, strict=True)
    ]
    joined = joined_of(matrix, *records)
    (axes,) = draw_frontier(frontier_groups(joined)).axes
    (line,) = [line for line in axes.lines if line.get_label() == "frontier"]
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([2.0, 4.0], [20.0, 10.0])


def test_a_row_alone_beats_nothing_and_is_not_drawn(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    (plan,) = plans(joined_of(matrix, ok(matrix.cells[0], step_ms=3.0)))
    assert plan.drawer is None and "no two rows that can be compared" in (plan.skipped or "")
