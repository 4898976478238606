"""Names for parts of a result and of a stage fit what trainings write; scores are over seeds."""

import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.report.made import trained_matrix, training_record
from tests.rows import joined_of, ok, result, score, trained
from vbench_mem.accuracy.retrieval.evaluate import evaluate
from vbench_mem.accuracy.training.curve import Curve
from vbench_mem.accuracy.training.probe import facts_of
from vbench_mem.accuracy.training.trained import StageResult, TrainingResult
from vbench_mem.analysis.scores.measured import (
    DIRECTIONS,
    SANITY,
    BenchmarkResult,
    MeasuredScore,
    StageFacts,
    measured_scores,
    results_of,
    stage_facts,
)
from vbench_mem.analysis.trained import benchmarks_of, trained_encoders
from vbench_mem.data.benchmark import Benchmark, Caption, Clip, Dropped
from vbench_mem.data.synthetic.ceilings import ceilings
from vbench_mem.running.record import Record, Status

CLIPS = 6


def benchmark() -> Benchmark:
    return Benchmark(
        name="mine",
        split="test",
        protocol="zero-shot; made up",
        clips=tuple(Clip(id=str(number), path=Path(f"{number}.mp4")) for number in range(CLIPS)),
        captions=tuple(Caption(text=f"clip {n}", clips=(n,)) for n in range(CLIPS)),
        sha256="ab" * 32,
        dropped=(Dropped(id="7", reason="the file is missing"),),
    )


def written() -> dict[str, Any]:
    """A result as `training.probe` writes it, of an evaluation that was made."""
    torch.manual_seed(0)
    video_VE = torch.randn(CLIPS, 4)
    found = evaluate(
        video_VE, video_VE + 0.5 * torch.randn(CLIPS, 4), benchmark(), permuted_VE=video_VE.flip(0)
    )
    limits = [asdict(each) for each in ceilings("temporal", "tiny", "held-out", 16)]
    return {
        **facts_of(benchmark()),
        "truncated": 2,
        "ceilings": limits,
        "evaluation": asdict(found),
    }


def test_every_part_of_a_result_has_its_name() -> None:
    facts = written()
    found = BenchmarkResult.model_validate(facts)
    assert (found.name, found.sha256, found.gallery_size) == ("mine", "ab" * 32, CLIPS)
    assert (found.captions, found.truncated) == (CLIPS, 2)
    assert found.dropped == (Dropped(id="7", reason="the file is missing"),)
    assert found.evaluation.convention == "every_caption"
    assert {ceiling.kind for ceiling in found.ceilings} >= {"frame-order-invariant"}
    for direction in DIRECTIONS:
        way = found.way(direction)
        assert way.chance["recall_at_1"] == pytest.approx(1 / CLIPS)
        low, high = way.intervals["recall_at_1"]
        assert low <= way.metrics["recall_at_1"] <= high
    sanity = {name: found.evaluation.sanity[name] or {} for name in SANITY}
    for row in sanity.values():
        assert row["t2v"]["recall_at_1"] <= 1
    assert sanity["constant"]["t2v"]["recall_at_1"] == 0  # ties count against us


def test_the_test_results_have_the_form_of_real_ones() -> None:
    real, made = written(), result()
    assert set(made) == set(real)
    assert set(made["ceilings"][0]) == set(real["ceilings"][0])
    for direction in DIRECTIONS:
        own, other = (each["evaluation"][direction] for each in (made, real))
        assert set(own) == set(other)
        assert set(own["metrics"]) <= set(other["metrics"])
    assert set(made["evaluation"]["sanity"]) == set(real["evaluation"]["sanity"])


def test_a_stage_is_read_as_a_training_writes_it(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test",), "3")
    assert matrix.accuracy is not None
    (cell,) = matrix.accuracy.cells
    stage = StageResult(
        curve=Curve(every=2, losses=(2.0, 1.0), gradient_norms=(0.5, None)),
        steps=4,
        seconds=8.0,
        clips_seen=16,
        repeated=1,
        truncated=0,
        skipped=0,
        broken=(Dropped(id="x.mp4", reason="not a video"),),
        resumed=(2,),
        notes=("it went on",),
    )
    whole = TrainingResult(
        checkpoint=tmp_path / "a.safetensors",
        sha256="cd" * 32,
        definition="",
        stage=stage,
        start=None,
        parameters=1,
        trained_parameters=1,
        threads=1,
        peak_bytes=1,
        peak_source="",
    )
    fields = whole.as_dict()
    details = {"checkpoint": {"sha256": whole.sha256}, "training": fields.pop("stage") | fields}
    assert cell.training is not None
    found = stage_facts(ok(cell).model_copy(update={"details": details}))
    assert found == StageFacts(cell.training.stages[-1], 3, "cd" * 32, stage)
    assert set(trained(cell).details["training"]) - {"stage", "batch"} <= set(details["training"])


def test_a_failed_training_has_no_results(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test",), "0")
    assert matrix.accuracy is not None
    record = Record(
        cell_id="x", cell=matrix.accuracy.cells[0], status=Status.ERROR, reason="no reason"
    )
    assert (results_of(record), stage_facts(record)) == ([], None)
    assert measured_scores([record]) == {}


def test_a_score_is_the_mean_over_the_seeds_and_keeps_each(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test",))
    assert matrix.accuracy is not None
    recalls = [0.3, 0.5, 0.4]
    records = [
        training_record(cell, lambda _, seed: recalls[seed]) for cell in matrix.accuracy.cells
    ]
    (row,) = joined_of(matrix, *records).rows
    found = row.scores["score.measured.generated-temporal@100.t2v.recall_at_1.held-out"]
    assert isinstance(found, MeasuredScore)
    assert (found.values, found.seeds) == ((0.3, 0.5, 0.4), (0, 1, 2))
    assert found.value == pytest.approx(0.4)
    assert found.spread == pytest.approx(statistics.stdev(recalls))
    assert len(set(found.checkpoints)) == 3


def test_one_benchmark_by_two_conventions_is_two_scores_and_no_mean_of_both(
    tmp_path: Path,
) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test",), "0, 1")
    assert matrix.accuracy is not None
    records = []
    for cell in matrix.accuracy.cells:
        one, other = result(0.3), result(0.5)
        other["evaluation"]["convention"] = "grouped_captions"
        records.append(trained(cell, one, other))
    joined = joined_of(matrix, *records)
    scores = [s for s in joined.rows[0].scores.values() if s.alias == "t2v_recall_at_1"]
    assert [(s.value, s.seeds) for s in scores if isinstance(s, MeasuredScore)] == [
        (0.3, (0, 1)),
        (0.5, (0, 1)),
    ]
    assert [s.column.rpartition(".")[2] for s in scores] == [
        "held-out-every-caption-da18da",
        "held-out-grouped-captions-da18da",
    ]
    (encoder,) = trained_encoders(joined)
    assert [encoder.recalls(each) for each in benchmarks_of([encoder])] == [
        {0: 0.3, 1: 0.3},
        {0: 0.5, 1: 0.5},
    ]


def test_unlike_data_of_one_name_and_size_are_scores_of_their_own(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test",), "0")
    assert matrix.accuracy is not None
    (cell,) = matrix.accuracy.cells
    found = measured_scores([trained(cell, result(0.3), result(0.5, sha256="ee" * 32))])
    known = [s for s in found.values() if s.alias == "t2v_recall_at_1"]
    assert [s.value for s in known] == [0.3, 0.5]
    assert [s.protocol for s in known] == [
        "held-out every_caption da18da; generated, size small",
        "held-out every_caption eeeeee; generated, size small",
    ]


def test_a_score_of_a_file_does_not_take_the_place_of_one_that_was_measured(
    tmp_path: Path,
) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test",), "0")
    assert matrix.accuracy is not None
    record = training_record(matrix.accuracy.cells[0], lambda *_: 0.3)
    data = {"dataset": "generated-temporal", "gallery_size": 100, "protocol": "held-out"}
    claimed = score(value=0.9, frames=8, origin="measured", **data)
    joined = joined_of(matrix, record, scores=(claimed,))
    assert joined.rows[0].scores[claimed.column].value == 0.3
    assert joined.unmatched == (
        (claimed, "joint_test was trained and scored on the same benchmark here"),
    )
