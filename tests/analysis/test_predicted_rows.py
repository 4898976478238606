"""A report of predictions alone: what fits a card, what budgets say, and that nothing was run."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.analysis.budgets.made import predicted
from tests.report.read import sections, words
from tests.rows import GIB, matrix_of, score
from vbench_mem.analysis.predicted_rows import PredictedRows, judge_predicted, predict_rows
from vbench_mem.machine.cards import parse_card
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Hardware, Prediction, Unpredicted
from vbench_mem.report.answer import summary
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.content.whole import document_of
from vbench_mem.report.document import Document
from vbench_mem.report.evidence import files_of

TEXT = """
about: what fits?
axes: {encoder: joint_test, recipe: [full, mask75], frames: [4, 8], batch: 2}
budgets:
  - {metric: peak_alloc_bytes, where: {recipe: mask75}, max: 3 GiB}
  - {metric: clips_per_s, min: 1}
"""
PEAKS = {  # GiB by label
    "joint_test frames=4": 4,
    "joint_test frames=8": 40,
    "joint_test+mask75 frames=4": 2,
    "joint_test+mask75 frames=8": 5,
}


@pytest.fixture
def found(tmp_path: Path) -> PredictedRows:
    matrix = matrix_of(tmp_path, TEXT)

    def predict(
        wanted: Mapping[str, tuple[Cell, Hardware]],
    ) -> dict[str, Prediction | Unpredicted]:
        assert {hardware for _, hardware in wanted.values()} == {parse_card("16GiB")}
        return {
            key: predicted({"video": {"activation": PEAKS[matrix.label(cell)] * GIB}})
            for key, (cell, _) in wanted.items()
        }

    scores = [score(value=0.5, origin="published")]
    (found,) = predict_rows([(matrix, scores)], parse_card("16GiB"), predict)
    return found


def document(found: PredictedRows) -> Document:
    chapter = Chapter(
        joined=found.joined,
        verdicts=judge_predicted(found.joined),
        figures=[],
        predicted=found,
        again="vbench-mem report x --predicted --card 16GiB",
    )
    return document_of([chapter], "x")


def test_a_cell_that_does_not_fit_the_card_is_a_row_with_its_reason(found: PredictedRows) -> None:
    states = {row.label: row.state for row in found.joined.rows}
    assert states == {
        label: "does not fit" if size == 40 else "predicted" for label, size in PEAKS.items()
    }
    (large,) = [row for row in found.joined.rows if row.state == "does not fit"]
    assert "more than the 16.00 GiB of a card of 16.00 GiB" in (large.reason or "")
    assert all(row.record is None for row in found.joined.rows)


def test_budgets_on_a_measured_peak_are_judged_on_the_predicted_one(found: PredictedRows) -> None:
    verdicts = judge_predicted(found.joined)
    assert [(verdict.outcome, verdict.metric) for verdict in verdicts] == [
        ("pass", "predicted_peak_bytes"),
        ("fail", "predicted_peak_bytes"),
        ("nothing to judge", "clips_per_s"),
    ]
    assert [verdict.budget for verdict in verdicts] == [0, 0, 1]
    assert "cannot be predicted; run the matrix" in verdicts[-1].message


def test_a_budget_on_recall_is_not_judged_before_a_run_without_a_score(tmp_path: Path) -> None:
    text = TEXT.partition("budgets")[0] + "budgets: [{metric: t2v_recall_at_1, min: 0.5}]\n"
    matrix = matrix_of(tmp_path, text)

    def predict(
        wanted: Mapping[str, tuple[Cell, Hardware]],
    ) -> dict[str, Prediction | Unpredicted]:
        return {key: predicted({"video": {"activation": GIB}}) for key in wanted}

    for scores, outcomes in (
        ([], ["nothing to judge"] * 4),
        (
            [score(value=0.6), score(value=0.4, frames=8)],
            ["pass", "fail", "nothing to judge", "nothing to judge"],
        ),
    ):
        (found,) = predict_rows([(matrix, scores)], parse_card("16GiB"), predict)
        assert [verdict.outcome for verdict in judge_predicted(found.joined)] == outcomes


def test_the_report_says_everywhere_that_it_is_predicted(found: PredictedRows) -> None:
    made = document(found)
    text = words(made)
    assert made.about.startswith("predicted by vbench_mem ")
    assert "by the rules of cuda, compared with the memory of a card of 16.00 GiB" in made.about
    assert "GiB predicted (" in text
    assert "Nothing was measured" in text
    assert "predicted peak" in text and "peak_alloc_bytes" not in text.split("Machine, versions")[0]
    assert "vbench-mem report x --predicted --card 16GiB" in text
    assert summary(found.joined).facts[-2:] == (
        ("Cells", "3 predicted to fit, 1 does not fit (of 4)"),
        ("Predicted not to fit", "joint_test frames=8"),
    )
    assert "Predicted and measured peak memory" not in [each.title for each in sections(made)]


@pytest.mark.parametrize(
    ("devices", "memory"),
    [
        ("cuda", "a card of 16.00 GiB"),
        ("cpu", "this host"),
        ("[cpu, cuda]", "a card of 16.00 GiB or this host"),
    ],
)
def test_rows_for_the_cpu_are_not_said_to_fit_a_card(
    devices: str, memory: str, tmp_path: Path
) -> None:
    text = f"about: q\naxes: {{encoder: joint_test, frames: 4, batch: 2, device: {devices}}}\n"

    def predict(
        wanted: Mapping[str, tuple[Cell, Hardware]],
    ) -> dict[str, Prediction | Unpredicted]:
        return {key: predicted({"video": {"activation": GIB}}) for key in wanted}

    (found,) = predict_rows([(matrix_of(tmp_path, text), [])], parse_card("16GiB"), predict)
    assert document(found).about.endswith(f", compared with the memory of {memory}")
    assert f"Every cell could be predicted and fits {memory}." in words(document(found))


def test_the_evidence_is_each_prediction(found: PredictedRows) -> None:
    places = [place for place, _ in files_of(found.joined)]
    assert places == [f"predictions/{row.cell.id}.json" for row in found.joined.rows]


def test_published_scores_are_joined_and_are_no_answer(found: PredictedRows) -> None:
    assert any(row.scores for row in found.joined.rows)
    assert not any("ecall" in label for label, _ in summary(found.joined).facts)


def test_a_cell_that_two_matrices_have_is_predicted_once(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    one = matrix_of(tmp_path, TEXT)
    two = matrix_of(tmp_path / "more", TEXT.replace("[4, 8]", "[8, 16]"))
    requested: list[list[str]] = []

    def predict(
        wanted: Mapping[str, tuple[Cell, Hardware]],
    ) -> dict[str, Prediction | Unpredicted]:
        requested.append([cell_id for cell_id in wanted])
        return {key: predicted() for key in wanted}

    found = predict_rows([(one, []), (two, [])], parse_card("16GiB"), predict)
    assert len(requested) == 1 and len(requested[0]) == 6  # two of the four of each are of both
    assert [[row.cell.id for row in each.joined.rows] for each in found] == [
        [cell.id for cell in matrix.cells] for matrix in (one, two)
    ]
    assert all(row.state == "predicted" for each in found for row in each.joined.rows)
