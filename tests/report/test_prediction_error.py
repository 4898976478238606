"""The table that compares predictions with measurements shows the difference and its phase."""

from pathlib import Path

from tests.report.read import document, part, sections, words
from tests.rows import GIB, joined_of, matrix_of, ok, oom
from vbench_mem.analysis.join import Joined
from vbench_mem.report.content.prediction_error import errors_of, verdict
from vbench_mem.report.document import Fold


def test_errors_are_shares_of_what_was_measured_and_the_worst_phase_is_named(
    tmp_path: Path,
) -> None:
    matrix = matrix_of(tmp_path)
    first, second, third, fourth = matrix.cells[:4]
    records = [
        ok(first, 4 * GIB, predicted_peak_bytes=4 * GIB),
        ok(second, 4 * GIB, predicted_peak_bytes=4 * GIB + GIB // 25),
        ok(
            third,
            4 * GIB,
            predicted_peak_bytes=3 * GIB,
            predicted_forward_peak_bytes=3 * GIB,
            forward_peak_bytes=3 * GIB,
            predicted_backward_peak_bytes=3 * GIB,
            backward_peak_bytes=4 * GIB,
        ),
        oom(fourth),
    ]
    found = errors_of(joined_of(matrix, *records))
    assert [each.field.text for each in found] == ["equal", "+1.00 %", "-25.00 %"]
    assert [each.phase for each in found] == [None, None, "backward"]
    text = verdict(found)
    assert "to the byte: 1 of 3 rows" in text
    assert "median 1.00 %" in text and f"largest 25.00 % ({found[2].row.label})" in text


def test_all_rows_equal(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    records = [ok(cell, GIB, predicted_peak_bytes=GIB) for cell in matrix.cells]
    assert "to the byte: 8 of 8 rows" in verdict(errors_of(joined_of(matrix, *records)))


def test_the_report_has_the_table_where_there_is_something_to_errors_of(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    bare = joined_of(matrix, *(ok(cell) for cell in matrix.cells))
    full = joined_of(matrix, *(ok(cell, GIB, predicted_peak_bytes=GIB) for cell in matrix.cells))
    titles = [[each.title for each in sections(document(joined))] for joined in (bare, full)]
    assert ["Predicted and measured peak memory" in some for some in titles] == [False, True]


def test_equal_rows_are_folded_and_no_phase_is_named_where_none_is_off(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    equal = joined_of(matrix, *(ok(cell, GIB, predicted_peak_bytes=GIB) for cell in matrix.cells))
    fold = fold_of(equal)
    assert (fold.summary, fold.is_open) == ("Rows: 8", False)
    assert "largest difference" not in words(document(equal))
    phases = {"predicted_forward_peak_bytes": GIB, "forward_peak_bytes": GIB}
    unequal = joined_of(matrix, ok(matrix.cells[0], GIB, predicted_peak_bytes=2 * GIB, **phases))
    assert [each.phase for each in errors_of(unequal)] == [None]
    assert (fold_of(unequal).summary, fold_of(unequal).is_open) == ("Rows: 1", True)


def fold_of(joined: Joined) -> Fold:
    blocks = part(document(joined), "Predicted and measured peak memory").blocks
    (fold,) = [block for block in blocks if isinstance(block, Fold)]
    return fold
