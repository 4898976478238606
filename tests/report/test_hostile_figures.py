"""Figures of what comes seldom: long and hostile names, rows without a place, unlike recalls."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.report.predicted_rows import prediction
from tests.rows import GIB, joined_of, matrix_of, ok, oom, score
from vbench_mem.analysis.join import Joined
from vbench_mem.report.document import Figure
from vbench_mem.report.draw.labels import shortened, width
from vbench_mem.report.exhibits.patches import tokens_of
from vbench_mem.report.illustrate import exhibit_plans, illustrate
from vbench_mem.report.panels import recall_panels
from vbench_mem.report.pictures import frontier, recall, time
from vbench_mem.report.pictures.throughput import levels
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import ValuePoint
from vbench_mem.report.write.html_figure import inline

HEAD = "about: q\nexhibits: [{}]\naxes: "
LONG = "a" + "x" * 150


def joined(folder: Path, axes: str, figure: str = "figure2", **metrics: float) -> Joined:
    """Every cell ran; each needs a GiB more than the one before."""
    matrix = matrix_of(folder, HEAD.format(figure) + axes)
    records = [ok(cell, (n + 1) * GIB, **metrics) for n, cell in enumerate(matrix.cells)]
    return joined_of(matrix, *records)


def scored(some: Joined) -> Joined:
    """Every row has a recall, its own encoders too."""
    one = score()
    return replace(some, rows=tuple(replace(row, scores={one.column: one}) for row in some.rows))


def only(figures: list[Figure]) -> Figure:
    (figure,) = [each for each in figures if each.skipped is None]
    return figure


@pytest.fixture
def own(tmp_path: Path) -> Joined:
    """One encoder of the table, and one of somebody's own whose name is long."""
    (tmp_path / "mine.py").write_text(f"def {LONG}(*some): ...\n")
    axes = f"{{encoder: ['mine:{LONG}', joint_test], frames: [4, 8], batch: 2}}\n"
    return joined(tmp_path, axes, "figure2, figure3, figure5")


def test_names_of_any_length_leave_room_for_the_marks(own: Joined, tmp_path: Path) -> None:
    figures = illustrate(exhibit_plans(own), tmp_path)
    assert [figure.skipped for figure in figures] == [None, None, None]
    for name in ("exhibit_figure2", "exhibit_figure5"):
        svg = next(figure.svg for figure in figures if figure.name == name) or ""
        assert "mine:a" in svg
        assert LONG not in svg


@pytest.mark.parametrize("room", [30.0, 100.0])
def test_a_text_is_cut_in_its_middle_until_it_fits(room: float) -> None:
    text = f"start{'m' * 80}end"
    cut = shortened(text, 9, room)
    assert width(cut, 9) <= room
    assert (cut[0], cut[-1]) == ("s", "d")
    assert shortened("short", 9, 100) == "short"


def test_a_row_whose_tokens_nobody_knows_is_in_the_panels_of_recall(
    own: Joined, tmp_path: Path
) -> None:
    plan = next(p for p in exhibit_plans(scored(own)) if p.name == "exhibit_figure3")
    (figure,) = illustrate([plan], tmp_path)
    labels = {mark.label for marks in figure.tips.values() for mark in marks}
    assert f"mine:{LONG} frames=4" in labels


def test_a_source_with_control_characters_gives_a_file_that_is_xml(tmp_path: Path) -> None:
    matrix = matrix_of(
        tmp_path, HEAD.format("figure2") + "{encoder: joint_test, frames: 4, batch: 2}\n"
    )
    hostile = score(origin="published", source="a\x07b\x1b[31m\n$c_1$")
    some = joined_of(matrix, ok(matrix.cells[0]), scores=(hostile,))
    figure = only(illustrate(recall.plans(some), tmp_path))
    assert figure.svg is not None
    texts = [each.text for each in ElementTree.fromstring(figure.svg).iter() if each.text]
    assert "published: a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[31m $c_1$" in texts
    assert "<svg" in inline(figure, "f-")


def test_figure_2_without_a_place_for_any_row_says_so(tmp_path: Path) -> None:
    matrix = matrix_of(
        tmp_path, HEAD.format("figure2") + "{encoder: joint_test, frames: 4, batch: 2}\n"
    )
    record = oom(matrix.cells[0]).model_copy(update={"environment": None})
    (plan,) = exhibit_plans(joined_of(matrix, record, scores=(score(),)))
    assert plan.skipped == "no row has a measured or predicted peak"


def test_figure_2_says_what_masking_saves_of_the_unmasked_encoder_alone(tmp_path: Path) -> None:
    axes = "{{encoder: joint_test, recipe: [{}], frames: 4, batch: 2}}\n"
    masked = exhibit_plans(joined(tmp_path, axes.format("mask75, mask25")))
    assert "divides memory" not in masked[0].caption
    every = exhibit_plans(joined(tmp_path, axes.format("mask75, mask25, full")))
    assert "masking 75 % divides memory by 3 (joint_test)" in every[0].caption


def test_figure_4_has_a_mark_for_every_one_of_many_data_sets(tmp_path: Path) -> None:
    axes = "{encoder: [joint_b16, joint_l16], recipe: [full, mask75], frames: 4, batch: 2}\n"
    names = [f"set-{number:02}" for number in range(20)]
    scores = [
        score(f"joint_{size.lower()}16", size=size, dataset=name, mask_ratio=mask)
        for name in names
        for size in "BL"
        for mask in (0.0, 0.75)
    ]
    plain = joined(tmp_path, axes, "figure4")
    records = [row.record for row in plain.rows if row.record is not None]
    some = joined_of(plain.matrix, *records, scores=tuple(scores))
    figure = only(illustrate(exhibit_plans(some), tmp_path))
    told = [name for marks in figure.tips.values() for m in marks for name, _ in m.facts]
    assert all(told.count(f"{name} T2V R@1, this recipe") == 2 for name in names)


def test_no_frontier_joins_what_is_measured_with_what_is_predicted(tmp_path: Path) -> None:
    axes = "{encoder: [joint_test, frame_mean_test], frames: 4, batch: 2}\n"
    some = scored(joined(tmp_path, axes))
    last = replace(some.rows[1], state="predicted", record=None, prediction=prediction(0.5))
    (panel,) = recall_panels(replace(some, rows=(some.rows[0], last)))
    bases = [{point.basis for point in line} for line in panel.frontiers.values()]
    assert bases == [{"measured"}, {"predicted"}]


def test_recalls_of_unlike_galleries_never_compete(tmp_path: Path) -> None:
    axes = "{encoder: [joint_test, frame_mean_test], frames: 4, batch: 2}\n"
    plain = joined(tmp_path, axes, step_ms=40.0)
    scores = (
        score(value=0.9, gallery_size=10),
        score(value=0.1, gallery_size=1000),
        score("frame_mean_test", 0.3, gallery_size=1000),
    )
    records = [row.record for row in plain.rows if row.record is not None]
    groups = frontier.frontier_groups(joined_of(plain.matrix, *records, scores=scores))
    told = {group.title: [(r.row.label, r.recall) for r in group.rows] for group in groups}
    assert told == {
        "msr-vtt, text to video (imported, zero-shot of 10)": [("joint_test", 0.9)],
        "msr-vtt, text to video (imported, zero-shot of 1000)": [
            ("joint_test", 0.1),
            ("frame_mean_test", 0.3),
        ],
    }
    assert all(row.is_best for group in groups for row in group.rows)


@pytest.mark.parametrize(("mode", "word"), [("train", "a training step"), ("embed", "embedding")])
def test_a_caption_says_whether_training_or_embedding_took_the_time(
    mode: str, word: str, tmp_path: Path
) -> None:
    axes = f"{{encoder: joint_test, frames: 4, batch: 2, mode: {mode}}}\n"
    plan = time.plans(joined(tmp_path, axes, step_ms=40.0))[-1]
    assert plan.caption.startswith(f"Time of {word}")


def test_in_embedding_a_masked_encoder_sees_all_its_tokens(tmp_path: Path) -> None:
    axes = (
        "{encoder: joint_test, recipe: [full, mask75], frames: 4, batch: 2, mode: [train, embed]}\n"
    )
    rows = joined(tmp_path, axes).rows
    tokens = {row.label: tokens_of(row) for row in rows}
    assert tokens["joint_test+mask75 mode=embed"] == tokens["joint_test mode=embed"]
    assert tokens["joint_test+mask75 mode=train"] == (tokens["joint_test mode=train"] or 0) // 4


def test_a_line_of_equal_speed_is_drawn_once(tmp_path: Path) -> None:
    some = joined(tmp_path, "{encoder: joint_test, frames: 4, batch: 2}\n")
    row, scheme = some.rows[0], scheme_of(some)
    assert levels([ValuePoint(row=row, series="a", scheme=scheme, x=10.0, y=100.0)]) == [1.0]
