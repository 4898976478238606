"""The paper's tables beside our rows: whose number stands where, and why one is not there."""

import csv
from importlib.resources import files
from pathlib import Path

import pytest

from tests.rows import GIB, joined_of, matrix_of, ok, oom, score
from vbench_mem.analysis.join import Joined, join
from vbench_mem.analysis.scores.files import load_scores
from vbench_mem.analysis.scores.score import Score
from vbench_mem.encoders.row import PAPER, Encoder
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.load import load_matrix
from vbench_mem.report.document import Column, Field, Table
from vbench_mem.report.exhibits.retrieval import retrieval_table
from vbench_mem.report.exhibits.tables import NOT_JOINED, exhibit_table, tables
from vbench_mem.running.record import Record

SHIPPED = Path(__file__).parent.parent.parent / "matrices"


def shipped(name: str, *scores: Score) -> Joined:
    """A matrix of the paper's, every row measured as 3 GiB, with the published scores."""
    matrix = load_matrix(SHIPPED / f"{name}.yaml")
    records: dict[str, Record] = {cell.id: ok(cell) for cell in matrix.wanted}
    return join(matrix, records, [*load_scores(["reference"], Path()), *scores])


def cell(table: Table, row: str, column: str) -> Field:
    place = [each.head for each in table.columns].index(column)
    (found,) = [fields[place] for fields in table.rows if fields[0].text == row]
    return found


def column(table: Table, head: str) -> Column:
    return next(each for each in table.columns if each.head == head)


def test_table_1_shows_every_confirmed_cell_of_the_reference_and_no_other() -> None:
    table = exhibit_table("table1", shipped("paper_backbones"))
    text = (
        files("vbench_mem.analysis.scores")
        .joinpath("reference", "paper_table1.csv")
        .read_text("utf-8")
    )
    wanted = {
        (row["variant"], f"{row['dataset']} {row['direction'].upper()} (published)"): float(
            row["value"]
        )
        for row in csv.DictReader(text.splitlines())
    }
    heads = [each.head for each in table.columns]
    shown = {
        (fields[0].text, head): field.value
        for fields in table.rows
        for head, field in zip(heads, fields, strict=True)
        if head.endswith("(published)") and field.line
    }
    assert shown == wanted
    empty = cell(table, "joint_b16", "msr-vtt T2V (published)")
    assert (empty.text, empty.value) == ("", None)
    assert empty.title == "this cell could not be read with certainty in the text at hand"


def test_rows_of_the_paper_are_named_as_it_names_them_and_ours_have_our_memory() -> None:
    table = exhibit_table("table1", shipped("paper_backbones"))
    assert [(fields[0].text, fields[1].text) for fields in table.rows] == [
        ("joint_b16", "Joint ST-ViViT"),
        ("factorized_b16", "Factorized ST-ViViT"),
        ("frame_mean_b16", "Frame-level, average"),
        ("frame_attpool_b16", "Frame-level, attention pooling"),
    ]
    assert cell(table, "joint_b16", "peak memory").value == 3 * GIB
    assert not column(table, "peak memory").is_published
    assert column(table, "vatex T2V (published)").is_published


def test_coarser_patches_are_known_by_the_spec_and_stand_for_no_row_of_the_paper(
    tmp_path: Path,
) -> None:
    text = "about: q\nexhibits: [table1]\naxes:\n"
    for axes in ("patch_px: [16, 32]", "tubelet_frames: [2, 4]"):
        matrix = matrix_of(
            tmp_path, f"{text}- {{encoder: joint_b16, {axes}, frames: 4, batch: 2}}\n"
        )
        table = exhibit_table("table1", joined_of(matrix, *map(ok, matrix.cells)))
        assert [fields[0].text for fields in table.groups[0].rows] == ["joint_b16"]


PAPER_NAMES = {
    "joint": "Joint ST-ViViT",
    "factorized": "Factorized ST-ViViT",
    "frame_mean": "Frame-level, average",
    "frame_attpool": "Frame-level, attention pooling",
}


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=lambda encoder: encoder.name)
def test_only_encoders_of_the_papers_own_parts_are_called_what_the_paper_calls_them(
    encoder: Encoder, tmp_path: Path
) -> None:
    """A family alone does not: CLIP is a frame-level average, and coarse patches are joint."""
    is_papers_own = encoder.source == PAPER
    expected = PAPER_NAMES[encoder.name.rpartition("_")[0]] if is_papers_own else None
    text = f"about: q\naxes: {{encoder: {encoder.name}, frames: 16, batch: 2}}\n"
    matrix = matrix_of(tmp_path, text)
    table = exhibit_table("table1", joined_of(matrix, ok(matrix.cells[0])))
    names = [fields[1].text for fields in table.rows if fields[0].text == encoder.name]
    assert [name.removesuffix(", in another size") for name in names] == (
        [expected] if expected else []
    )


def test_our_recall_has_a_column_of_its_own_beside_the_published_one() -> None:
    mine = score("joint_b16", 0.31, size="B", frames=16, dataset="vatex", origin="measured")
    table = exhibit_table("table1", shipped("paper_table1", mine))
    assert cell(table, "joint_b16", "vatex T2V").value == 0.31
    assert cell(table, "joint_b16", "vatex T2V (published)").value == 0.238
    assert not column(table, "vatex T2V").is_published
    assert cell(table, "factorized_b16", "vatex T2V").title == "neither measured here nor imported"


def test_table_2_keeps_apart_what_only_resembles_the_papers_encoder() -> None:
    joined = shipped("paper_table2")
    ((title, about, table),) = tables(joined, "x-")
    assert (table.name, title[:7]) == ("x-exhibit_table2", "Table 2")
    assert cell(table, "frame_mean_l16", "vatex T2V (published)").title == (
        "ImageViT-L fuses its frames late, which no row here does"
    )
    assert "fuses its frames late" in about
    assert about.startswith("Here masking 75 % divides memory by 1 (joint_l16).")
    assert cell(table, "ImageViT-L", "vatex T2V (published)").value == 0.362
    assert cell(table, "ImageViT-L", "peak memory").title == "no row of this matrix builds it"
    assert cell(table, "joint_l16+mask75", "youcook2 T2V (published)").value == 0.205
    assert cell(table, "VideoCoCa-L", "vatex T2V (published)").title == "the paper prints a dash"
    assert not any(field.line for field in list(table.rows)[-1][2:])  # Flamingo-3B


def test_uniform_sampling_is_marked_as_not_comparable() -> None:
    ((_, about, table),) = tables(shipped("paper_table2"))
    field = cell(table, "VideoCoCa-L", "activitynet T2V (published)")
    assert (field.text, field.value) == ("31.5 % *", 0.315)
    assert "* sampled over the whole video" in about


def test_an_encoder_of_the_paper_that_the_matrix_lacks_is_there_as_published() -> None:
    table = exhibit_table("table2", shipped("paper_table1"))
    names = [fields[0].text for fields in table.rows]
    assert "EffShortViViT-L" in names
    assert cell(table, "EffShortViViT-L", "vatex V2T (published)").value == 0.427


def test_other_sizes_stand_in_without_the_papers_numbers(tmp_path: Path) -> None:
    text = "about: q\nexhibits: [table1]\naxes: {encoder: joint_test, frames: 4, batch: 2}\n"
    matrix = matrix_of(tmp_path, text)
    ((_, _, table),) = tables(joined_of(matrix, ok(matrix.cells[0])))
    assert cell(table, "joint_test", "peak memory").value == 3 * GIB
    assert cell(table, "joint_test", "vatex T2V (published)").title == NOT_JOINED


def test_running_out_of_memory_is_said_with_its_reason(tmp_path: Path) -> None:
    text = "about: q\naxes: {encoder: joint_test, frames: 4, batch: 2}\n"
    matrix = matrix_of(tmp_path, text)
    field = cell(
        exhibit_table("table1", joined_of(matrix, oom(matrix.cells[0]))),
        "joint_test",
        "peak memory",
    )
    assert (field.text, field.line[0].tone) == ("out of memory", "bad")
    assert field.title == "device out of memory in backward, 3.00 GiB requested"


def test_a_score_that_claims_another_table_1_is_not_the_papers() -> None:
    false = score(
        "external:Other", 0.99, dataset="vatex", origin="published", source="another Table 1"
    )
    table = exhibit_table("table1", shipped("paper_table1", false))
    assert all(field.value != 0.99 for fields in table.rows for field in fields)


def test_all_recalls_are_in_one_table_by_origin_and_none_without_any(joined: Joined) -> None:
    table = retrieval_table(joined)
    assert table is not None
    assert [each.head for each in table.columns] == [
        "variant",
        "peak memory",
        "msr-vtt T2V",
        "msr-vtt T2V (published)",
    ]
    assert cell(table, "joint_test frames=4", "msr-vtt T2V").value == 0.40
    assert cell(table, "joint_test frames=4", "msr-vtt T2V (published)").value == 0.50
    assert cell(table, "frame_mean_test frames=8", "peak memory").text == "out of memory"
    labels = [fields[0].text for fields in table.rows]
    assert "frame_mean_test+mask75 frames=16" not in labels  # skipped by a rule
    assert retrieval_table(joined_of(joined.matrix)) is None


def test_kinds_of_one_recall_have_heads_that_differ(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    scores = (
        score(),
        score(value=0.2, origin="measured", source="here"),
        score(value=0.3, protocol="fine-tuned"),
        score(value=0.3, gallery_size=1000),
    )
    table = retrieval_table(joined_of(matrix, scores=scores))
    assert table is not None
    heads = [each.head for each in table.columns]
    assert len(set(heads)) == len(heads) == 5
    assert "msr-vtt T2V, measured" in heads


@pytest.mark.parametrize("name", ["paper_patches", "paper_scale"])
def test_a_matrix_that_names_no_table_has_none(name: str) -> None:
    assert tables(shipped(name)) == []
