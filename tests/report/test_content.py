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
from vbench_mem.report.answer import summary
from vbench_mem.report.document import Figure, Fold, Table, opened
from vbench_mem.report.evidence import files_of


def test_the_parts_come_in_the_order_of_interest(joined: Joined) -> None:
    titles = [section.title for section in document(joined).sections]
    assert titles == [
        *("Question and answer", "Trade-off", "Tables", "Budgets", "Failures and gaps"),
        *("Unmatched scores", "Source files", "Definitions", "Machine, versions, matrix"),
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
    content = words_of(part(document(joined), "Source files"))
    for row in joined.rows:
        assert (f"records/{row.cell.id}.json" in content) == (row.record is not None)


def test_numbers_are_sorted_by_their_value_and_gaps_have_a_reason(joined: Joined) -> None:
    (table,) = [t for t in document(joined).blocks() if isinstance(t, Table) and t.name == "rows"]
    place = [column.head for column in table.columns].index("peak memory")
    for row, fields in zip(joined.rows, table.rows, strict=True):
        peak = row.metric("peak_alloc_bytes")
        assert fields[place].value == peak
        assert fields[place].text if peak else fields[place].title
    assert table.columns[place].is_number and "bytes" in table.columns[place].meaning


def test_nothing_is_dropped(joined: Joined) -> None:
    content = words(document(joined))
    for row in joined.rows:
        assert row.cell.id in content or row.is_ok
    assert "device out of memory in backward, 3.00 GiB requested" in content
    assert "out of memory at frames=8 batch=2 already" in content
    assert "not asked" in content
    assert "external:Other" in content
    assert "a system that no encoder here builds" in content
    assert "Rows without a score: 7 of 12" in content
    assert "FAIL" in content
    assert "vbench-mem run" in content
    assert "not known (no reason given)" in content  # git_dirty of the machine
    assert "GFLOP" not in content  # nothing here has a FLOP count to define


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
    assert summary(joined_of(matrix, *records)).facts == (
        ("Peak memory at 8 frames", "1.00 GiB (joint_test+mask75) to 4.00 GiB (joint_test)"),
        (
            "Pareto frontier of memory and step time at 8 frames",
            "joint_test+mask75 (1.00 GiB, 20 ms), frame_mean_test (2.00 GiB, 10 ms), "
            "joint_test (4.00 GiB, 5 ms)",
        ),
        ("Within 3.00 GiB at 8 frames", "3 of 4 rows that have this budget and a peak"),
        ("Masking 75 % of the tokens", "25 to 150 % of the unmasked peak (pairs of rows: 2)"),
        ("Cells", "4 ok (of 4)"),
    )


def test_the_answer_names_what_retrieves_best_and_what_is_next(joined: Joined) -> None:
    facts = summary(joined).facts
    label, best = facts[0]
    assert label == "Best recall at 1, msr-vtt, text to video"
    assert best.startswith("joint_test frames=8, 42.0 % at 4.00 GiB")
    assert best.endswith("; next on the frontier: joint_test frames=4, 40.0 % at 2.00 GiB")
    assert facts[-3:] == (
        ("Masking 75 % of the tokens", "38 to 50 % of the unmasked peak (pairs of rows: 2)"),
        ("Cells", "6 ok, 3 missing, 1 oom, 2 skipped (of 12)"),
        ("Out of memory", "frame_mean_test frames=8, frame_mean_test frames=16"),
    )
    assert dict(facts)["Peak memory at frames=4"] == (
        "1.00 GiB (joint_test+mask75) to 3.00 GiB (frame_mean_test)"
    )


def test_a_matrix_without_a_number_has_an_answer_too(tmp_path: Path) -> None:
    joined = joined_of(matrix_of(tmp_path))
    assert summary(joined).facts == (("Cells", "8 missing (of 8)"),)
    assert "No record names its machine" in words(document(joined))


def test_of_rows_that_need_the_same_only_the_fastest_is_on_the_frontier(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    timed = (ok(cell, step_ms=9.0 - number) for number, cell in enumerate(matrix.cells))
    facts = dict(summary(joined_of(matrix, *timed)).facts)
    assert facts["Pareto frontier of memory and step time at frames=8"] == (
        "frame_mean_test+mask75 (3.00 GiB, 2 ms)"
    )


def test_rows_that_did_not_fit_are_not_counted_as_within_a_budget(tmp_path: Path) -> None:
    text = TEXT.replace("[4, 8]", "8") + "budgets: [{metric: peak_alloc_bytes, max: 8 GiB}]\n"
    matrix = matrix_of(tmp_path, text)
    records = [
        *map(ok, matrix.cells[:2]),
        *map(oom, matrix.cells[2:3]),
        skipped_as_oom(matrix.cells[3]),
    ]
    facts = dict(summary(joined_of(matrix, *records)).facts)
    assert facts["Within 8.00 GiB at 8 frames"] == "2 of 2 rows that have this budget and a peak"
    assert facts["Cells"] == "2 ok, 1 oom, 1 skipped (of 4)"
    assert facts["Out of memory"] == "frame_mean_test"
    assert facts["Predicted not to fit"] == "frame_mean_test+mask75"


def test_a_budget_on_one_row_counts_that_row_only(tmp_path: Path) -> None:
    for limit, count in (("8.00 GiB", 1), ("1.00 GiB", 0)):
        budget = f"{{metric: peak_alloc_bytes, where: {{variant: joint_test}}, max: {limit}}}"
        matrix = matrix_of(tmp_path, TEXT.replace("[4, 8]", "8") + f"budgets: [{budget}]\n")
        facts = dict(summary(joined_of(matrix, *map(ok, matrix.cells))).facts)
        within = facts[f"Within {limit} at 8 frames"]
        assert within == f"{count} of 1 rows that have this budget and a peak"


def test_no_frontier_of_time_where_a_time_is_not_known(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    timed = [{}, {}, *[{"step_ms": 5.0}] * 6]
    pairs = enumerate(zip(matrix.cells, timed, strict=True), start=1)
    found = summary(joined_of(matrix, *(ok(cell, n * GIB, **more) for n, (cell, more) in pairs)))
    assert not any("Pareto" in label for label, _ in found.facts)


def test_recall_without_memory_says_no_load_twice(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    sized = [ok(c, n * GIB) for n, c in enumerate(matrix.cells, start=1) if c.load.frames == 8]
    facts = summary(joined_of(matrix, *sized, scores=(score(frames=4),))).facts
    assert sum("at frames=8" in label for label, _ in facts) == 1


def test_a_recall_without_another_is_not_called_the_best(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    facts = summary(joined_of(matrix, *map(ok, matrix.cells), scores=(score(),))).facts
    assert facts[0] == (
        "Recall at 1, msr-vtt, text to video",
        "joint_test frames=4, 40.0 % at 3.00 GiB; no other row has one to compare",
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
    best = dict(summary(joined_of(matrix, *on_card, records[2], scores=scores)).facts)[
        "Best recall at 1, msr-vtt, text to video"
    ]
    assert best.startswith("joint_test device=cuda, 50.0 % at 4.00 GiB")
    assert best.endswith(": frame_mean_test device=cuda, 40.0 % at 3.00 GiB")


def test_predictions_are_never_shown_as_measurements(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    plain = [cell for cell in matrix.cells if not cell.recipe.mask]
    scores = (score(), score("frame_mean_test", 0.3))
    measured = joined_of(matrix, *(ok(cell, 4 * GIB) for cell in matrix.cells), scores=scores)
    mixed = predict_all(measured, plain, lambda cell: 2.0 + (cell.spec.layout == "joint"))
    slow = [replace(row, state="timeout") if row.prediction else row for row in mixed.rows]
    facts = dict(summary(replace(mixed, rows=tuple(slow))).facts)
    best = facts["Best recall at 1, msr-vtt, text to video"]
    assert "40.0 % at a predicted 3.00 GiB" in best
    assert "30.0 % at a predicted 2.00 GiB" in best
    for load in ("frames=4", "frames=8"):
        assert facts[f"Peak memory at {load}"] == (
            "2.00 GiB predicted (frame_mean_test) to 4.00 GiB (joint_test+mask75)"
        )
    # and no ratio of a measured peak to a predicted one
    assert not any(label.startswith("Masking") for label in facts)


def test_many_passes_are_folded_and_failures_are_not(tmp_path: Path) -> None:
    budget = "budgets: [{metric: peak_alloc_bytes, max: 4 GiB}]\n"
    text = "about: q\naxes: {encoder: joint_test, frames: [2, 4, 6, 8, 10, 12, 14, 16], batch: 2}\n"
    matrix = matrix_of(tmp_path, text + budget)
    records = [ok(cell) for cell in matrix.cells]
    records[0] = ok(pick(matrix, "joint_test frames=2"), 5 * 2**30)
    section = part(document(joined_of(matrix, *records)), "Budgets")
    _, failed, passed = section.blocks
    assert "Passed: 7 of 8" in words_of(section)
    assert not isinstance(failed, Fold) and isinstance(passed, Fold)
    assert passed.summary == "Passed: 7" and not passed.is_open


def test_a_row_measured_beside_another_process_is_a_gap(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    first, second = ok(matrix.cells[0]), ok(matrix.cells[1])
    first.details["device_guard"] = "2 other processes were on the device before the start"
    second.details["device_guard"] = "not guarded: no driver"
    joined = joined_of(matrix, first, second)
    gaps = words_of(part(document(joined), "Failures and gaps"))
    assert gaps.count("another process used the device") == 1
    assert f"{joined.rows[0].label}: another process used the device, 2 other processes" in gaps


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
    content = words_of(section)
    assert "Cells: 2 ok (of 2) Failed budgets: 1 of 2" in content
    assert "In every row: 8 frames, batch 2, " in content and "bfloat16" in content


def test_figures_that_could_not_be_drawn_are_gaps_and_no_pages_of_their_own(
    joined: Joined,
) -> None:
    drawn = Figure(name="a", title="A", svg="<svg/>")
    absent = Figure(name="b", title="B", skipped="nothing was measured")
    made = document(joined, drawn, absent)
    assert part(made, "Trade-off").blocks == (drawn,)
    assert absent in list(opened(part(made, "Failures and gaps").blocks))
    assert part(document(joined, absent), "Trade-off").blocks == (absent,)
