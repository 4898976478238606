"""Scores over seeds in table.csv, the overview, the terminal and the answer."""

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.report.made import MADE, records_of, temporal, trained_matrix, trained_rows
from tests.rows import GIB, joined_of, ok, result, score, trained
from vbench_mem.analysis.join import Joined
from vbench_mem.report.answer import summary
from vbench_mem.report.build import facts_of
from vbench_mem.report.columns import ABOUT_SCORES, table_columns
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.document import Summary
from vbench_mem.report.evidence import files_of
from vbench_mem.report.overview import cell_text, columns, why_empty
from vbench_mem.report.table import write_table
from vbench_mem.report.terminal import draw_overview
from vbench_mem.running.record import Record, Status

R1 = "score.measured.generated-temporal@100.t2v.recall_at_1.held-out"


@pytest.fixture
def whole(tmp_path: Path) -> Joined:
    return trained_rows(tmp_path)


@pytest.fixture
def holed(tmp_path: Path) -> Joined:
    """One training failed, one has no record, and a row without trainings has a score of a file."""
    matrix = trained_matrix(tmp_path, ("joint_test", "frame_mean_test"))
    records = records_of(matrix)
    bad, gone = [r for r in records if r.cell.probe == "accuracy"][1:3]
    failed = Record(cell_id=bad.cell_id, cell=bad.cell, status=Status.ERROR, reason="diverged")
    rest = [r for r in records if r.cell_id not in (bad.cell_id, gone.cell_id)]
    return joined_of(matrix, *rest, failed, scores=(score(frames=8),))


def lines(joined: Joined, folder: Path) -> list[dict[str, str]]:
    write_table(joined, folder / "table.csv")
    with (folder / "table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def drawn(joined: Joined) -> str:
    console = Console(width=80, record=True, file=io.StringIO(), highlight=False)
    draw_overview(joined, console)
    return console.export_text()


def test_benchmarks_of_one_name_and_size_keep_both_hashes_in_the_table(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test",), "0")
    assert matrix.accuracy is not None
    one, other = ("1" * 64, "2" * 64)
    results = (result(0.5, sha256=other), result(0.7, sha256=one))
    joined = joined_of(matrix, trained(matrix.accuracy.cells[0], *results))
    (line,) = lines(joined, tmp_path)
    assert line["data.generated-temporal@100.sha256"] == f"{one} {other}"


def test_a_measured_score_has_its_spread_and_seeds_beside_it(whole: Joined, tmp_path: Path) -> None:
    names = list(table_columns(whole))
    place = names.index(R1)
    assert names[place + 1 : place + 3] == [f"{R1}.spread", f"{R1}.seeds"]
    first = lines(whole, tmp_path)[0]
    assert float(first[R1]) == pytest.approx(0.80)
    assert float(first[f"{R1}.spread"]) == pytest.approx(0.01)
    assert first[f"{R1}.seeds"] == "3"


def test_hashes_of_weights_and_data_stand_there_once(holed: Joined, tmp_path: Path) -> None:
    first, second = lines(holed, tmp_path)
    assert (first["trained.seeds"], first["trained.failed"]) == ("0", "1 2")
    assert (second["trained.seeds"], second["trained.failed"]) == ("0 1 2", "")
    assert len(second["trained.checkpoints"].split()) == 3
    data = [name for name in first if name.startswith("data.")]
    assert data == ["data.generated-spatial@100.sha256", "data.generated-temporal@100.sha256"]
    assert all(len(first[name]) == 64 for name in data)
    assert (first[f"{R1}.seeds"], first[f"{R1}.spread"]) == ("1", "")


def test_scores_of_files_have_no_spread(holed: Joined) -> None:
    imported = [name for name in table_columns(holed) if name.startswith("score.imported")]
    assert imported == ["score.imported.msr-vtt.t2v.recall_at_1.zero-shot"]


def test_columns_of_trainings_are_only_those_of_a_matrix_that_trains(
    joined: Joined, whole: Joined
) -> None:
    own = {name for name in ABOUT_SCORES if name.startswith("trained.")}
    assert own <= set(table_columns(whole))
    assert not own & set(table_columns(joined))


def test_the_overview_has_r1_alone_beside_the_memory(whole: Joined) -> None:
    heads = [column.head for column in columns(whole)]
    place = heads.index("peak memory")
    assert heads[place + 1 : place + 5] == [
        f"{name} {way} R@1, 3 seeds" for name in ("spatial", "temporal") for way in ("T2V", "V2T")
    ]
    assert sum("R@" in head for head in heads) == 4
    by_name = {column.name: column for column in columns(whole)}
    assert cell_text(whole.rows[0], by_name[R1]) == "80.0 ± 1.0 %"
    assert "generated-temporal" in by_name[R1].meaning


def test_an_empty_score_says_what_became_of_the_trainings(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test", "frame_mean_test"))
    records = [r for r in records_of(matrix) if r.cell.variant == "joint_test"]
    joined = joined_of(matrix, *records, *(ok(cell) for cell in matrix.cells[1:]))
    by_name = {column.name: column for column in columns(joined)}
    assert cell_text(joined.rows[1], by_name[R1]) == ""
    assert why_empty(joined.rows[1], by_name[R1]) == "not trained"


def test_the_terminal_has_scores_and_findings_within_80_columns(whole: Joined) -> None:
    text = drawn(whole)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    row = next(x for x in text.splitlines() if x.strip().startswith("joint_test "))
    assert "70.0 ± 1.5 %" in row and "80.0 ± 1.0 %" in row
    assert "joint_test_coarse_time" in text and "factorized_test+mask75" in text
    assert "  holds      +59.0 ± 0.0  3/3  temporal: joint_test > frame_mean_test" in text
    assert "  no          -2.0 ± 3.0  1/3  spatial: joint_test > frame_mean_test" in text
    assert "adapters beat LoRA (Figure 2)" in text


def test_the_terminal_says_what_did_not_end_well(holed: Joined) -> None:
    text = drawn(holed)
    assert "joint_test seed=1: error: diverged" in text
    assert "Trainings without a record: 1; run the matrix" in text
    assert "  1 seed           +59.0  1/1  temporal: joint_test > frame_mean_test" in text
    assert "Claims about encoders that were not trained: 7; see report.html" in text


def texts(found: Summary) -> list[str]:
    return [text for _, text in found.facts]


def test_the_answer_has_the_best_and_the_cheapest_within_its_spread(tmp_path: Path) -> None:
    def close(variant: str, seed: int) -> float:
        return temporal(variant, seed) + (0.005 if variant.endswith("mask75") else 0)

    assert (
        "Best recall at 1, generated-temporal, text to video",
        "joint_test, 80.0 ± 1.0 % at 3.00 GiB; cheapest within its spread over seeds: "
        "joint_test+mask75, 79.5 ± 1.0 % at 1.00 GiB",
    ) in summary(trained_rows(tmp_path, recall=close)).facts

    def lower(variant: str, seed: int) -> float:
        return temporal(variant, seed) - (0.02 if variant.endswith("mask75") else 0)

    found = texts(summary(trained_rows(tmp_path, recall=lower)))
    assert any(
        text.endswith("at 3.00 GiB; no row within its spread over seeds needs less memory")
        for text in found
    )


def test_the_answer_of_one_seed_has_no_spread(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, seeds="0")
    found = texts(summary(joined_of(matrix, *records_of(matrix))))
    assert " (one seed, no spread); " in found[0]


def test_programs_get_findings_and_every_record(holed: Joined) -> None:
    facts = facts_of(Chapter(joined=holed, verdicts=[], figures=[]))
    found = {finding["claim"]: finding for finding in facts["findings"]}
    (claim,) = [name for name in found if name.endswith("where order matters")]
    assert found[claim]["verdict"] == "not judged"  # one seed is left
    assert found[claim]["differences"] == pytest.approx([0.59])
    assert [each["state"] for each in facts["trainings_without_result"]] == ["error", "missing"]
    known = [Record.model_validate_json(text) for _, text in files_of(holed)]
    assert [record.cell.probe for record in known] == ["burst"] * 2 + ["stage"] * 3 + [
        "accuracy"
    ] * 5
    assert MADE["joint_test"][0] * GIB == known[0].metrics["peak_alloc_bytes"]
