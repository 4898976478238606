"""The page on accuracy: findings, what was retrieved, how it was trained, what failed."""

from pathlib import Path
from typing import Any

import pytest

from tests.report.made import records_of, trained_matrix, trained_rows
from tests.report.read import document, sections, words
from tests.rows import joined_of, ok, result, trained
from vbench_mem.analysis.join import Joined
from vbench_mem.report.document import Field, Table, text_of
from vbench_mem.report.training_table import failed_trainings, stage_groups, stage_notes
from vbench_mem.running.record import Record, Status

FEW = ("joint_test", "joint_test+mask75", "frame_mean_test")


def text_of_report(joined: Joined) -> str:
    return words(document(joined))


def tables(joined: Joined) -> list[tuple[list[list[str]], list[tuple[Field, ...]]]]:
    """Of each benchmark: texts of the encoders, without direction and interval; the references."""
    named = [block for block in document(joined).blocks() if isinstance(block, Table)]
    found = []
    for table in (table for table in named if table.name.startswith("retrieved-")):
        encoders, references = table.groups
        texts = [[field.text for field in row] for row in encoders.rows]
        found.append((texts, list(references.rows)))
    return found


@pytest.fixture
def few(tmp_path: Path) -> Joined:
    return trained_rows(tmp_path, FEW)


def changed(folder: Path, **fields: Any) -> Joined:
    """One encoder with one seed, whose only result has these fields."""
    matrix = trained_matrix(folder, ("joint_test",), "0")
    assert matrix.accuracy is not None
    (cell,) = matrix.accuracy.cells
    record = trained(cell, result(0.5, **fields))
    return joined_of(matrix, ok(matrix.cells[0]), record)


def test_claims_come_before_what_was_retrieved_below_the_table(few: Joined) -> None:
    (tables_part,) = [each for each in document(few).sections if each.title == "Tables"]
    assert [section.title for section in tables_part.sections] == [
        "Pareto frontier",
        "Claims of the paper",
        "Training and retrieval",
    ]


def test_each_dominated_row_names_a_row_of_the_frontier(tmp_path: Path) -> None:
    blocks = document(trained_rows(tmp_path)).blocks()
    named = {block.name: block for block in blocks if isinstance(block, Table)}
    best, dominated = (list(named[f"frontier-{name}"].rows) for name in ("best", "dominated"))
    assert dominated and {row[-1].text for row in dominated} <= {row[0].text for row in best}


def test_a_matrix_that_trains_nothing_has_none_of_it(joined: Joined) -> None:
    text = text_of_report(joined)
    assert "Claims of the paper" not in text and "Training and retrieval" not in text
    assert "trained.seeds" not in text


def test_each_benchmark_has_every_encoder_both_ways_with_its_sanity(few: Joined) -> None:
    titles = [section.title for section in sections(document(few))]
    assert titles.index("generated-temporal") < titles.index("generated-spatial")
    (temporal, _), _ = tables(few)
    assert [row[0] for row in temporal] == [name for name in FEW for _ in range(2)]
    t2v, v2t, *_ = temporal
    assert t2v[1:3] == ["3 of 3", "T2V"] and v2t[2] == "V2T"
    assert t2v[3:8] == [
        *("80.0 ± 1.0", "75.0 to 83.0"),  # the interval is that of seed 0, at 79 %
        *("100.0 ± 0.0", "100.0 ± 0.0", "1.0 ± 0.0"),
    ]
    assert t2v[8:] == ["1.0 ± 0.0", "20.0 ± 0.0", "0.0 ± 0.0"]
    assert v2t[3] == "78.0 ± 1.0"


def test_chance_and_ceilings_stand_below(few: Joined) -> None:
    (_, temporal), (_, spatial) = tables(few)
    chance, _, blind, one_frame = temporal
    assert [field.text for field in chance[3:8]] == ["1.0", "", "5.0", "10.0", ""]
    assert blind[0].text == "ceiling: frame-order-invariant"
    assert one_frame[0].text == "ceiling: one-frame"
    assert (blind[2].text, blind[3].text) == ("T2V", "25.0")
    assert "100 clips have 25 looks" in (blind[0].title or "")
    assert [row[0].text for row in spatial] == ["chance", "chance"]


def test_what_was_left_out_or_cut_is_counted_by_reason(tmp_path: Path) -> None:
    gone = [{"id": f"v{n}", "reason": "<no file>"} for n in range(30)]
    gone.append({"id": "w", "reason": "corrupt"})
    text = text_of_report(changed(tmp_path, dropped=gone, truncated=7))
    assert "30: <no file> (v0, " in text and "v19 and 10 more) 1: corrupt (w)" in text
    assert "Left out clips and captions: 31." in text
    assert "Truncated captions: 7." in text


def test_a_missing_sanity_row_is_a_dash(tmp_path: Path) -> None:
    evaluation = result()["evaluation"]
    evaluation["sanity"]["frames_permuted"] = None
    ((encoders, _),) = tables(changed(tmp_path, evaluation=evaluation))
    assert encoders[0][8:] == ["1.0", "", "0.0"]


def test_a_stage_that_all_share_is_one_line(few: Joined) -> None:
    groups = stage_groups(few)
    image, video = (text_of(group.head or ()) for group in groups)
    shared, own = ([[field.text for field in row] for row in group.rows] for group in groups)
    assert image == (
        "image: single frames out of 16, 60 steps of batch 8, learning rate 0.001 cosine, info_nce"
    )
    assert video.startswith("video: 8 frames, 200 steps of batch 4, ")
    assert "after 5 of warm-up" in video
    assert [row[0] for row in shared] == ["shared by all"]
    assert [row[0] for row in own] == list(FEW)
    assert own[0][1] == "13.5 ± 1.0"
    assert [each.split()[0] for each in own[0][-1].split(", ")] == ["0", "1", "2"]


def test_failures_gaps_and_notes_of_trainings_are_listed(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, FEW[:1])
    records = records_of(matrix)
    failed = records.pop()
    missing = records.pop()
    records[-1].details["training"] |= {
        "notes": ["it went on from a snapshot"],
        "broken": [{"id": "a<b>.mp4", "reason": "not a video"}],
    }
    bad = Record(cell_id=failed.cell_id, cell=failed.cell, status=Status.OOM, reason="<too large>")
    joined = joined_of(matrix, *records, bad)
    assert [(each.label, each.state) for each in failed_trainings(joined)] == [
        ("joint_test seed=1", "missing"),
        ("joint_test seed=2", "oom"),
    ]
    assert stage_notes(joined) == [
        "joint_test, stage video, seed=0: it went on from a snapshot",
        "a<b>.mp4 could not be decoded: not a video",
    ]
    text = text_of_report(joined)
    assert missing.cell_id in text
    assert "<too large>" in text and "a<b>.mp4 could not" in text
    assert "Failed trainings are listed" in text


def test_findings_are_listed_under_their_claims_with_the_source(few: Joined) -> None:
    words = text_of_report(few)
    claim = words.index("time-aware encoders beat frame-level ones where order matters")
    found = words.index("holds +59.0 ± 0.0 3 of 3 temporal joint_test 80.0 ± 1.0 %")
    assert claim < found
    assert "arXiv:2312.07395v1, Table 1" in words
    assert "it needs an encoder with adapters and the same one with LoRA" in words


def test_before_a_result_the_page_says_so(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, FEW[:1])
    text = text_of_report(joined_of(matrix, ok(matrix.cells[0])))
    assert "No training has a result yet." in text
    assert "Claims of the paper" not in text
