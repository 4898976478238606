"""What a report says: in order, with every row, gap and verdict in it, each led to its file."""

from dataclasses import replace
from pathlib import Path

from tests.report.predicted_rows import predict_all
from tests.report.read import document, part, sections, words, words_of
from tests.rows import (
    GIB,
    MACHINE,
    TEXT,
    joined_of,
    matrix_of,
    ok,
    oom,
    pick,
    score,
    skipped_as_oom,
)
from vbench_mem.analysis.join import Joined
from vbench_mem.report.answer import answer
from vbench_mem.report.document import Figure, Fold, Table, opened
from vbench_mem.report.evidence import files_of


def test_the_parts_come_in_the_order_of_interest(joined: Joined) -> None:
    titles = [section.title for section in document(joined).sections]
    assert titles == [
        *("Question and answer", "Trade-off", "Tables", "Budgets", "Failures and gaps"),
        *("Scores without a row, rows without a score", "Where each number is from"),
        *("How each number was got", "Machine, versions, matrix"),
    ]


def test_anchors_and_names_of_tables_are_unique(joined: Joined) -> None:
    made = document(joined)
    anchors = [section.anchor for section in sections(made)]
    names = [block.name for block in made.blocks() if isinstance(block, Table)]
    assert len(anchors) == len(set(anchors)) > 8
    assert len(names) == len(set(names)) > 3


def test_every_name_of_a_row_leads_to_its_file(joined: Joined) -> None:
    (table,) = [t for t in document(joined).blocks() if isinstance(t, Table) and t.name == "rows"]
    places = {place for place, _ in files_of(joined)}
    for row, fields in zip(joined.rows, table.rows, strict=True):
        (name,) = fields[0].line
        assert name.text == row.cell.variant
        assert name.link == (f"records/{row.cell.id}.json" if row.record else None)
        assert name.link is None or name.link in places


def test_the_id_of_every_record_can_be_read_on_paper(joined: Joined) -> None:
    said = words_of(part(document(joined), "Where each number is from"))
    for row in joined.rows:
        assert (f"records/{row.cell.id}.json" in said) == (row.record is not None)


def test_numbers_are_sorted_by_their_value_and_gaps_have_a_reason(joined: Joined) -> None:
    (table,) = [t for t in document(joined).blocks() if isinstance(t, Table) and t.name == "rows"]
    place = [column.head for column in table.columns].index("peak memory")
    for row, fields in zip(joined.rows, table.rows, strict=True):
        peak = row.metric("peak_alloc_bytes")
        assert fields[place].value == peak
        assert fields[place].text if peak else fields[place].title
    assert table.columns[place].is_number and "bytes" in table.columns[place].meaning


def test_nothing_is_dropped(joined: Joined) -> None:
    said = words(document(joined))
    for row in joined.rows:
        assert row.cell.id in said or row.is_ok
    assert "device out of memory in backward, 3.00 GiB requested" in said
    assert "out of memory at frames=8 batch=2 already" in said
    assert "not asked" in said
    assert "external:Other" in said
    assert "a system that no encoder here builds" in said
    assert "7 of 12 rows have no score" in said
    assert "FAIL" in said
    assert "vbench-mem run" in said
    assert "not known (no reason given)" in said  # git_dirty of the machine
    assert "GFLOP" not in said  # nothing here has a FLOP count to define


def test_the_answer_says_what_needs_least_what_is_faster_and_what_did_not_fit(
    tmp_path: Path,
) -> None:
    text = (
        "about: q\naxes: {encoder: [joint_test, frame_mean_test], recipe: [full, mask75], "
        "frames: 8, batch: 2}\nbudgets: [{metric: peak_alloc_bytes, max: 3 GiB}]\n"
    )
    matrix = matrix_of(tmp_path, text)
    gib = 2**30
    records = [
        ok(pick(matrix, "joint_test+mask75"), gib, step_ms=20.0),
        ok(pick(matrix, "joint_test"), 4 * gib, step_ms=5.0),
        ok(pick(matrix, "frame_mean_test"), 2 * gib, step_ms=10.0),
        ok(pick(matrix, "frame_mean_test+mask75"), 3 * gib, step_ms=15.0),
    ]
    said = answer(joined_of(matrix, *records))
    assert said.lead == (
        "At 8 frames, joint_test+mask75 needs the least memory, 1.00 GiB and 20 ms a step; 3 of 4 "
        "rows are within the 3.00 GiB of the budget.",
        "The best alternative, frame_mean_test, is faster, 10 ms a step, and needs 2.00 GiB, 2 "
        "times as much.",
        "4 of 4 cells ran.",
    )
    assert said.more == (
        "Masking 75 % of the tokens leaves 25 to 150 % of the unmasked peak (2 pairs of rows).",
    )


def test_the_answer_names_what_retrieves_best_and_what_is_next(joined: Joined) -> None:
    said = answer(joined)
    assert said.lead[0].startswith("On msr-vtt, joint_test frames=8 retrieves best: T2V R@1 42.0 %")
    assert "the next on the frontier is joint_test frames=4, 40.0 % at 2.00 GiB" in said.lead[0]
    assert said.lead[-1] == (
        "6 of 12 cells ran; the others: 3 missing, 1 oom, 2 skipped; out of memory: "
        "frame_mean_test frames=8, frame_mean_test frames=16."
    )
    assert said.more[0] == (
        "At frames=4, joint_test+mask75 needs the least memory, 1.00 GiB, "
        "and frame_mean_test the most of rows with a number, 3.00 GiB, 3 times as much."
    )
    assert (
        "Masking 75 % of the tokens leaves 38 to 50 % of the unmasked peak (2 pairs"
        in (said.more[-1])
    )


def test_a_matrix_without_a_number_has_an_answer_too(tmp_path: Path) -> None:
    joined = joined_of(matrix_of(tmp_path))
    assert answer(joined).lead == ("0 of 8 cells ran; the others: 8 missing.",)
    assert "No record says what machine" in words(document(joined))


def test_of_rows_that_need_the_same_the_fastest_is_named_and_nothing_is_called_faster(
    tmp_path: Path,
) -> None:
    matrix = matrix_of(tmp_path)
    said = answer(joined_of(matrix, *(ok(c, step_ms=9.0 - i) for i, c in enumerate(matrix.cells))))
    assert said.lead[:2] == (
        "At frames=8, frame_mean_test+mask75 needs the least memory, 3.00 GiB and 2 ms a step.",
        "Nothing is faster; the next in memory, joint_test, needs 3.00 GiB, as much.",
    )
    assert said.more[0] == "At frames=4, all 4 rows need 3.00 GiB."


def test_rows_that_did_not_fit_are_not_counted_as_within_a_budget(tmp_path: Path) -> None:
    text = TEXT.replace("[4, 8]", "8") + "budgets: [{metric: peak_alloc_bytes, max: 8 GiB}]\n"
    matrix = matrix_of(tmp_path, text)
    records = [
        *map(ok, matrix.cells[:2]),
        *map(oom, matrix.cells[2:3]),
        skipped_as_oom(matrix.cells[3]),
    ]
    said = answer(joined_of(matrix, *records))
    assert said.lead[0].endswith(
        "; all of the 2 rows with a number are within the 8.00 GiB of the budget."
    )
    assert said.lead[-1] == (
        "2 of 4 cells ran; the others: 1 oom, 1 skipped; out of memory: frame_mean_test; "
        "predicted not to fit: frame_mean_test+mask75."
    )


def test_a_budget_on_one_row_is_told_of_that_row_alone(tmp_path: Path) -> None:
    for limit, said in (("8 GiB", "is within the 8.00 GiB"), ("1 GiB", "is not within the 1.00")):
        budget = f"{{metric: peak_alloc_bytes, where: {{variant: joint_test}}, max: {limit}}}"
        matrix = matrix_of(tmp_path, TEXT.replace("[4, 8]", "8") + f"budgets: [{budget}]\n")
        lead = answer(joined_of(matrix, *map(ok, matrix.cells))).lead[0]
        assert f"; the only row with a budget {said}" in lead


def test_nothing_is_called_faster_than_a_row_whose_time_is_not_known(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    timed = [{}, {}, *[{"step_ms": 5.0}] * 6]
    pairs = enumerate(zip(matrix.cells, timed, strict=True), start=1)
    said = answer(joined_of(matrix, *(ok(cell, n * GIB, **more) for n, (cell, more) in pairs)))
    assert said.lead[1].startswith("The next in memory, joint_test+mask75, needs 4.00 GiB")


def test_recall_without_memory_says_no_load_twice(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    sized = [ok(c, n * GIB) for n, c in enumerate(matrix.cells, start=1) if c.load.frames == 8]
    said = answer(joined_of(matrix, *sized, scores=(score(frames=4),)))
    assert sum("At frames=8" in each for each in (*said.lead, *said.more)) == 1


def test_a_recall_without_another_is_not_called_the_best(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    said = answer(joined_of(matrix, *map(ok, matrix.cells), scores=(score(),)))
    assert said.lead[0] == (
        "On msr-vtt, joint_test frames=4 has T2V R@1 40.0 % at 3.00 GiB; no other row has one to "
        "compare."
    )


def test_memory_of_another_device_is_no_alternative(tmp_path: Path) -> None:
    axes = "{encoder: [joint_test, frame_mean_test], frames: 4, batch: 2, device: [cpu, cuda]}"
    matrix = matrix_of(tmp_path, f"about: q\naxes: {axes}\n")
    sizes = {"cpu": 1, "cuda": 3}
    records = [
        ok(c, (sizes[c.runtime.device] + (c.spec.layout == "joint")) * GIB) for c in matrix.cells
    ]
    scores = (score(value=0.5), score("frame_mean_test", 0.4))
    on_card = [record for record in records if record.cell.runtime.device == "cuda"]
    lead = answer(joined_of(matrix, *on_card, records[2], scores=scores)).lead[0]
    assert "joint_test device=cuda retrieves best: T2V R@1 50.0 % at 4.00 GiB" in lead
    assert lead.endswith("is frame_mean_test device=cuda, 40.0 % at 3.00 GiB.")


def test_predictions_are_never_told_as_measurements(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    plain = [cell for cell in matrix.cells if not cell.recipe.mask]
    scores = (score(), score("frame_mean_test", 0.3))
    measured = joined_of(matrix, *(ok(cell, 4 * GIB) for cell in matrix.cells), scores=scores)
    mixed = predict_all(measured, plain, lambda cell: 2.0 + (cell.spec.layout == "joint"))
    slow = [replace(row, state="timeout") if row.prediction else row for row in mixed.rows]
    said = answer(replace(mixed, rows=tuple(slow)))
    assert "40.0 % at a predicted 3.00 GiB" in said.lead[0]
    assert "30.0 % at a predicted 2.00 GiB" in said.lead[0]
    assert said.more == (
        "At frames=4, frame_mean_test is predicted to need the least memory, 2.00 GiB, and "
        "joint_test+mask75 the most, 4.00 GiB measured, 2 times as much.",
        "At frames=8, frame_mean_test is predicted to need the least memory, 2.00 GiB, and "
        "joint_test+mask75 the most, 4.00 GiB measured, 2 times as much.",
    )  # and no ratio of a measured peak to a predicted one


def test_many_passes_are_folded_and_failures_are_not(tmp_path: Path) -> None:
    budget = "budgets: [{metric: peak_alloc_bytes, max: 4 GiB}]\n"
    text = "about: q\naxes: {encoder: joint_test, frames: [2, 4, 6, 8, 10, 12, 14, 16], batch: 2}\n"
    matrix = matrix_of(tmp_path, text + budget)
    records = [ok(cell) for cell in matrix.cells]
    records[0] = ok(pick(matrix, "joint_test frames=2"), 5 * 2**30)
    section = part(document(joined_of(matrix, *records)), "Budgets")
    _, failed, passed = section.blocks
    assert "7 of 8 verdicts pass" in words_of(section)
    assert not isinstance(failed, Fold) and isinstance(passed, Fold)
    assert passed.summary == "The 7 that pass" and not passed.is_open


def test_a_row_measured_beside_another_process_is_a_gap(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    first, second = ok(matrix.cells[0]), ok(matrix.cells[1])
    first.details["device_guard"] = "2 other processes were on the device before the start"
    second.details["device_guard"] = "not guarded: no driver"
    joined = joined_of(matrix, first, second)
    gaps = words_of(part(document(joined), "Failures and gaps"))
    assert gaps.count("measured beside another process") == 1
    assert f"{joined.rows[0].label}: measured beside another process, 2 other processes" in gaps


def test_the_header_has_the_versions_that_measured(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    records = [ok(cell) for cell in matrix.cells[:3]]
    for record, number in zip(records, ("0.0.7", "0.0.9", "0.0.7"), strict=True):
        record.environment = MACHINE.model_copy(update={"packages": {"vbench_mem": number}})
    made = document(joined_of(matrix, *records))
    assert made.about.endswith("vbench_mem 0.0.7, 0.0.9")


def test_the_answer_tells_of_broken_budgets_and_under_which_conditions(tmp_path: Path) -> None:
    text = (
        "about: q\naxes: {encoder: joint_test, recipe: [full, mask75], frames: 8, batch: 2, "
        "dtype: bfloat16}\nbudgets: [{metric: peak_alloc_bytes, max: 2 GiB}]\n"
    )
    matrix = matrix_of(tmp_path, text)
    masked = ok(pick(matrix, "joint_test+mask75"), 2**30)
    records = [ok(pick(matrix, "joint_test"), 3 * 2**30), masked]
    section = part(document(joined_of(matrix, *records)), "Question and answer")
    said = words_of(section)
    assert "2 of 2 cells ran; 1 of 2 verdicts of the budgets fails." in said
    assert "In every row: 8 frames, batch 2, " in said and "bfloat16" in said


def test_figures_that_could_not_be_drawn_are_gaps_and_no_pages_of_their_own(
    joined: Joined,
) -> None:
    drawn = Figure(name="a", title="A", svg="<svg/>")
    absent = Figure(name="b", title="B", skipped="nothing was measured")
    made = document(joined, drawn, absent)
    assert part(made, "Trade-off").blocks == (drawn,)
    assert absent in list(opened(part(made, "Failures and gaps").blocks))
    assert part(document(joined, absent), "Trade-off").blocks == (absent,)
