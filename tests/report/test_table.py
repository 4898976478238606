"""table.csv: stable columns, whole numbers whole, missing ones empty, every row there."""

import csv
import io
import os
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.rows import joined_of, matrix_of
from vbench_mem.analysis.join import Joined, join
from vbench_mem.base.metrics import METRICS
from vbench_mem.report.build import Subject, build_report
from vbench_mem.report.columns import table_columns
from vbench_mem.report.overview import cell_text, columns
from vbench_mem.report.table import frame, write_table
from vbench_mem.report.terminal import draw_overview

GOLDEN = Path(__file__).parents[1] / "golden" / "table.csv"


def test_the_table_equals_the_golden_one(joined: Joined, tmp_path: Path) -> None:
    """After a change that is meant: UPDATE_GOLDEN=1 pytest tests/report/test_table.py"""
    write_table(joined, tmp_path / "table.csv")
    text = (tmp_path / "table.csv").read_text()
    for number, row in enumerate(joined.rows):
        text = text.replace(row.cell.id, f"cell{number:02}")  # ids move with every new field
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_the_order_is_identity_status_costs_sizes_axes_scores(joined: Joined) -> None:
    names = list(table_columns(joined))
    marks = ["cell_id", "variant", "fingerprint", "status", "predicted_peak_bytes"]
    marks += ["peak_alloc_bytes", "forward_video_gflop", "step_ms", "params", "tokens_per_clip"]
    marks += ["axis.embed_dim", "score.measured.msr-vtt.t2v.recall_at_1.zero-shot"]
    places = [names.index(mark) for mark in marks]
    assert places == sorted(places)
    assert set(METRICS) <= set(names)


def test_columns_do_not_depend_on_what_was_measured(joined: Joined) -> None:
    full = list(table_columns(joined))
    empty = list(table_columns(join(joined.matrix, {})))
    assert [name for name in full if not name.startswith("score.")] == empty


def test_whole_numbers_stay_whole_and_missing_ones_are_empty(
    joined: Joined, tmp_path: Path
) -> None:
    write_table(joined, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["peak_alloc_bytes"] == str(2 * 2**30)
    assert rows[0]["mfu"] == ""
    assert rows[0]["frames"] == "4"
    assert [row["status"] for row in rows].count("missing") == 3
    assert [row["peak_alloc_bytes"] for row in rows if row["status"] != "ok"] == [""] * 6


def test_the_frame_has_a_line_for_every_cell(joined: Joined) -> None:
    table = frame(joined)
    assert list(table["cell_id"]) == [cell.id for cell in joined.matrix.cells]
    assert str(table["peak_alloc_bytes"].dtype) == "Int64"


def test_the_terminal_table_fits_80_columns(joined: Joined) -> None:
    console = Console(width=80, record=True, file=io.StringIO(), highlight=False)
    draw_overview(joined, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    line = next(line for line in text.splitlines() if "frame_mean_test" in line and " 8 " in line)
    assert "oom" in line
    assert "frame_mean_test+mask75" in text  # whole, on one line
    assert "…" not in text
    assert "3.00 GiB requested" in " ".join(text.split())


def test_the_overview_shows_what_people_read(joined: Joined) -> None:
    heads = {column.head: column for column in columns(joined)}
    assert "MFU" not in heads  # no row has it
    published = heads["msr-vtt T2V R@1 (published)"]
    assert published.is_published
    assert cell_text(joined.rows[0], published) == "50.0 %"
    assert cell_text(joined.rows[0], heads["peak memory"]) == "2.00 GiB"
    assert cell_text(joined.rows[4], published) == ""


def test_a_matrix_without_rows_can_be_shown(joined: Joined, tmp_path: Path) -> None:
    empty = replace(joined, rows=(), unmatched=())
    console = Console(width=80, record=True, file=io.StringIO())
    draw_overview(empty, console)
    assert "variant" in console.export_text()
    assert build_report([Subject(joined=empty)], tmp_path / "out")["rows"] == []


def test_names_of_files_are_no_markup_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "[").mkdir()
    for folder in (tmp_path, tmp_path / "["):
        (folder / "a.mp4").touch()
    for place in ("[/b].csv", "c.csv"):
        (tmp_path / place).write_text(f"path,caption\na.mp4,x\na.mp4,{place}\n")
    text = "axes: {encoder: joint_test, frames: 4, batch: 2, input: clips, clips: [%s]}\n"
    matrix = matrix_of(tmp_path, "about: q\n" + text % "'[/b].csv', c.csv")
    console = Console(width=300, record=True, file=io.StringIO())
    draw_overview(joined_of(matrix), console)
    assert "[/b].csv" in console.export_text()
