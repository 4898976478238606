"""The paper's figures by what they show: places, lines, labels, and what their captions admit."""

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from tests.report.axes_read import drawn, xy
from tests.report.predicted_rows import predict_all
from tests.rows import GIB, joined_of, matrix_of, ok, oom, score
from vbench_mem.analysis.join import Joined, join
from vbench_mem.analysis.scores.files import load_scores
from vbench_mem.analysis.scores.score import Score
from vbench_mem.encoders.sizes import VIDEO_SIZES
from vbench_mem.encoders.variants import kept_tokens
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.exhibits import EXHIBITS
from vbench_mem.matrix.load import load_matrix
from vbench_mem.report.draw.canvas import Sheet
from vbench_mem.report.draw.dispatch import draw
from vbench_mem.report.draw.exhibit import draw_exhibit
from vbench_mem.report.exhibits import backbones, growth, long_clips, patches
from vbench_mem.report.exhibits.size_pairs import PAIR, size_pairs, sizes_of
from vbench_mem.report.exhibits.words import MOST, listed
from vbench_mem.report.illustrate import drawn as illustrated
from vbench_mem.report.illustrate import exhibit_plans as plans
from vbench_mem.report.illustrate import plans as every_plan
from vbench_mem.report.plan import Plan

SHIPPED = Path(__file__).parent.parent.parent / "matrices"
FIGURES = {
    "figure2": "paper_backbones",
    "figure3": "paper_patches",
    "figure4": "paper_scale",
    "figure5": "paper_long",
}


def peak(cell: Cell) -> float:
    """GiB that follow tokens and depth, less where fewer weights train: all differ."""
    tokens = kept_tokens(cell.table_spec, cell.recipe, cell.load).tokens
    share = {"full": 1.0, "adapter": 0.7, "lora": 0.9, "temporal_only": 0.8, "last_k": 0.4}
    grown = cell.table_spec.tower.width * cell.table_spec.tower.depth / 768 / 12
    factor = 1.5 if "factorized" in cell.encoder else 1.0
    return tokens / 512 * grown * share[cell.recipe.train] * factor


def measured(name: str, *scores: Score) -> Joined:
    matrix = load_matrix(SHIPPED / f"{name}.yaml")
    records = {
        cell.id: ok(cell, int(peak(cell) * GIB), embed_peak_bytes=GIB) for cell in matrix.wanted
    }
    return join(matrix, records, [*load_scores(["reference"], Path()), *scores])


def predicted(name: str) -> Joined:
    matrix = load_matrix(SHIPPED / f"{name}.yaml")
    joined = join(matrix, {}, load_scores(["reference"], Path()))
    return predict_all(joined, matrix.wanted, peak)


def plan_of(joined: Joined) -> Plan:
    (plan,) = plans(joined)
    return plan


def imported(cell: Cell, value: float, dataset: str = "youcook2") -> Score:
    name = cell.encoder if cell.recipe.train == "full" else cell.variant
    size = {"b": "B", "l": "L"}[cell.encoder.split("_")[-1][0]]
    return score(
        name.replace("mask75_", ""),
        value,
        size=size,
        frames=cell.load.frames,
        mask_ratio=cell.recipe.mask,
        dataset=dataset,
    )


def labelled(axes: Axes, start: str) -> list[str]:
    names = [str(line.get_label()) for line in axes.lines]
    return [name.removeprefix(start) for name in names if name.startswith(start)]


@pytest.mark.parametrize("how", [measured, predicted])
@pytest.mark.parametrize(("figure", "name"), FIGURES.items())
def test_a_caption_says_what_is_ours_published_found_and_missing(
    figure: str, name: str, how: Callable[[str], Joined]
) -> None:
    plan = plan_of(how(name))
    exhibit = next(each for key, each in EXHIBITS.items() if key == figure)
    assert (plan.name, plan.title) == (f"exhibit_{figure}", exhibit.title)
    assert f"The paper states that {exhibit.states}" in plan.caption
    assert exhibit.source in plan.caption
    assert exhibit.sure in plan.caption
    assert "Missing: " in plan.caption
    word = "peak allocated memory" if how is measured else "predicted peak memory"
    assert f"The memory is ours: {word} (batch" in plan.caption
    axes = draw(plan).axes
    assert any(word in text for each in axes for text in (each.get_xlabel(), each.get_ylabel()))


def test_a_report_shows_what_the_matrix_names_before_all_else() -> None:
    names = [plan.name for plan in every_plan(measured("paper_long"))]
    assert names[0] == "exhibit_figure5"
    assert "memory_recall" in names


def test_a_matrix_that_names_no_figure_has_none(tmp_path: Path) -> None:
    assert plans(joined_of(matrix_of(tmp_path))) == []


def test_nothing_measured_is_said_and_not_drawn(tmp_path: Path) -> None:
    text = "exhibits: [figure2, figure3, figure4, figure5]\n"
    matrix = matrix_of(
        tmp_path, f"about: q\n{text}axes: {{encoder: joint_test, frames: 4, batch: 2}}\n"
    )
    found = plans(joined_of(matrix))
    assert [plan.drawer for plan in found] == [None] * 4
    assert all(plan.skipped for plan in found)
    sizes = "no row is there in two sizes; write encoders of size B and L"
    assert found[2].skipped == sizes


def test_more_rows_than_a_figure_can_show_are_not_drawn_and_it_says_so(tmp_path: Path) -> None:
    text = (
        "about: q\nexhibits: [figure2, figure3, figure5]\naxes: {encoder: joint_test, frames: 4, "
    )
    batches = list(range(1, MOST + 2))
    matrix = matrix_of(tmp_path, f"{text}batch: {batches}}}\n")
    found = plans(joined_of(matrix, *(ok(cell) for cell in matrix.cells)))
    assert [plan.drawer for plan in found] == [None] * 3
    assert {plan.skipped for plan in found} == {
        f"{MOST + 1} rows are more than this figure can show; let the matrix have one load"
    }


def test_a_list_in_a_sentence_stays_short() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed([*"abcdefgh"], 4) == "a, b, c and 5 more"


def test_lanes_tell_loads_apart(tmp_path: Path) -> None:
    text = "about: q\naxes: {encoder: joint_test, recipe: [full, mask75], frames: [4, 8], batch: 2}"
    matrix = matrix_of(tmp_path, text)
    figure = backbones.figure_of(joined_of(matrix, *(ok(cell) for cell in matrix.cells)))
    (panel,) = figure.panels
    assert panel.names == ["joint_test frames=4", "joint_test frames=8"]
    assert [[mark.y for mark in line] for line in panel.lines] == [[0, 0], [1, 1]]


def figure2(joined: Joined) -> Sheet:
    return draw_exhibit(backbones.figure_of(joined))


def figure3(joined: Joined) -> Sheet:
    return draw_exhibit(patches.figure_of(joined))


def figure5(joined: Joined) -> Sheet:
    return draw_exhibit(long_clips.figure_of(long_clips.lengths_of(joined)))


def test_figure_2_shows_the_published_recalls_hollow_and_on_no_line() -> None:
    upper, *_ = figure2(measured("paper_backbones")).axes
    assert upper.get_title(loc="left") == "youcook2, text to video"
    marks = {str(line.get_label()): line for line in upper.lines}
    assert set(marks) == {"joint_b16", "factorized_b16", "frame_mean_b16", "frame_attpool_b16"}
    assert all(line.get_fillstyle() == "none" and len(xy(line)) == 1 for line in marks.values())
    assert xy(marks["joint_b16"]) == [(4.0, pytest.approx(12.3))]


def test_figure_2_keeps_memory_without_recall_in_lanes_joined_by_mask() -> None:
    joined = measured("paper_backbones")
    *_, lanes = figure2(joined).axes
    assert [text.get_text() for text in lanes.get_yticklabels()] == [
        "joint_b16", "factorized_b16", "frame_mean_b16", "frame_attpool_b16",
    ]  # fmt: skip
    assert len(labelled(lanes, "lane: ")) == sum(not row.by_rule for row in joined.rows)
    assert xy(drawn(lanes, "mask alone: joint_b16")) == [(4, 0), (3, 0), (2, 0), (1, 0)]
    ((x, y),) = xy(drawn(lanes, "lane: joint_b16+adapter64"))
    assert x == pytest.approx(2.8)
    assert 0 < y < 0.5  # beside the line, in the same lane
    assert [text.get_text() for text in lanes.texts] == ["0", "25", "50", "75"]
    assert lanes.get_title(loc="left") == "memory of every row (numbers: % masked)"


def test_figure_2_needs_no_lanes_where_every_row_has_a_recall() -> None:
    cells = [c for c in load_matrix(SHIPPED / "paper_backbones.yaml").wanted]
    datasets = ("youcook2", "vatex")
    scores = [imported(c, 0.2 - c.recipe.mask / 10, d) for c in cells for d in datasets]
    joined = measured("paper_backbones", *scores)
    sheet = figure2(joined)
    assert [axes.get_title(loc="left") for axes in sheet.axes] == [
        "youcook2, text to video", "vatex, text to video",
    ]  # fmt: skip
    line = drawn(sheet.axes[0], "mask alone: frame_mean_b16")
    assert [round(y, 6) for _, y in xy(line)] == [20, 17.5, 15, 12.5]
    assert "Missing: " not in plan_of(joined).caption


def test_figure_2_has_lanes_alone_without_any_score(tmp_path: Path) -> None:
    text = "about: q\nexhibits: [figure2]\naxes: {encoder: joint_test, recipe: [full, mask75], "
    matrix = matrix_of(tmp_path, f"{text}frames: 4, batch: 2}}\n")
    full, masked = matrix.cells
    joined = joined_of(matrix, ok(full, 4 * GIB), oom(masked))
    (axes,) = figure2(joined).axes
    assert xy(drawn(axes, "lane: joint_test")) == [(4, 0)]
    assert xy(drawn(axes, "out of memory: joint_test+mask75"))[0][0] == 16
    assert not labelled(axes, "mask alone")


def test_figure_2_answers_with_what_masking_and_the_leanest_recipe_save() -> None:
    caption = plan_of(measured("paper_backbones")).caption
    assert caption.startswith("Here masking 75 % divides memory by 4 (joint_b16), ")
    assert "_b16+adapter64 divides it most, by 1.4" in caption


def test_figure_3_has_memory_by_tokens_with_embedding_beneath() -> None:
    (axes,) = figure3(measured("paper_patches")).axes
    assert xy(drawn(axes, "joint_b16")) == [(2048, 4.0)]
    assert xy(drawn(axes, "joint_b16_coarse_both")) == [(256, 0.5)]
    assert xy(drawn(axes, "embedding: joint_b16+mask75")) == [(512, 1.0)]
    assert xy(drawn(axes, "mask alone: joint_b16")) == [(2048, 4), (1536, 3), (1024, 2), (512, 1)]
    assert axes.get_xlabel() == "tokens of a clip in a training step"
    assert axes.get_ylabel() == "peak allocated memory, GiB (down is better)"


def test_figure_3_sets_marks_on_one_spot_beside_each_other() -> None:
    (axes,) = figure3(measured("paper_patches")).axes
    masked, coarse = drawn(axes, "joint_b16+mask50"), drawn(axes, "joint_b16_coarse_time")
    assert xy(masked) == xy(coarse) == [(1024, 2.0)]
    one, other = (line.get_transform().transform([[1024, 2.0]])[0] for line in (masked, coarse))
    assert abs(one[0] - other[0]) > 8
    assert one[1] == other[1]


def test_figure_3_has_a_panel_for_each_recall_of_ours_and_none_for_published_ones_alone() -> None:
    cells = load_matrix(SHIPPED / "paper_patches.yaml").cells
    joined = measured("paper_patches", *(imported(c, 0.2, "msr-vtt") for c in cells[:4]))
    titles = [axes.get_title(loc="left") for axes in figure3(joined).axes]
    assert titles == ["memory of a step and of embedding", "msr-vtt, text to video"]
    assert "Missing: recall" not in plan_of(joined).caption


def grown(joined: Joined) -> Sheet:
    sizes = sizes_of(joined)
    assert sizes is not None
    return draw_exhibit(growth.figure_of(size_pairs(joined, sizes), sizes))


def test_figure_4_has_a_bar_for_each_method_from_b_to_l_the_largest_first() -> None:
    joined = measured("paper_scale")
    memory, small, large = grown(joined).axes
    names = [text.get_text() for text in memory.get_yticklabels()]
    assert len(names) == len(joined.rows) / 2
    assert all("_*16" in name for name in names)
    lengths = [bar.get_width() for bar in memory.patches]
    assert lengths == sorted(lengths, reverse=True)
    # width 1024 over 768 and 24 layers over 12, by the made-up peaks
    assert lengths == pytest.approx([100 * (1024 / 768 * 2 - 1)] * len(names), rel=1e-3)
    assert [text.get_text() for text in small.texts] == [
        "no recipe has a recall\nbeside its full recipe's"
    ]
    assert not large.patches  # bars are ours


@pytest.mark.parametrize(
    ("axes", "names"),
    [
        ("encoder: [joint_b16, joint_l16]", ["joint_*16"]),
        ("encoder: joint_b16, size: [B, L]", ["joint_*16"]),
        ("encoder: joint_l16, size: [L, B]", ["joint_*16"]),
        ("encoder: joint_s16, size: [B, L]", ["joint_s16,size=*"]),
        (
            "encoder: [joint_b16, factorized_b16], size: [B, L], recipe: [full, mask75]",
            ["factorized_*16", "factorized_*16+mask75", "joint_*16", "joint_*16+mask75"],
        ),
        ("variant: joint_b16_coarse_time+lora8, size: [B, L]", ["joint_*16_coarse_time+lora8"]),
        ("encoder: [joint_b16, joint_l16], size: [B, L]", [
            "joint_b16 to joint_b16,size=L", "joint_l16,size=B to joint_l16",
        ]),
        (
            "encoder: [joint_b16, joint_l16], text_size: [small, base]",
            ["joint_*16,text_size=base", "joint_*16,text_size=small"],
        ),
        (
            "encoder: joint_b16, size: [B, L], patch_px: [16, 32], batch: [2, 4]",
            ["joint_*16 batch=2", "joint_*16 batch=4", "joint_*16,patch_px=32 batch=2",
             "joint_*16,patch_px=32 batch=4"],
        ),
        (
            "encoder: clip_b16, size: [B, L], text.tokenizer: words, caption_tokens: 77",
            ["clip_*16,text.tokenizer=words"],
        ),
    ],
)  # fmt: skip
def test_figure_4_pairs_specs_however_their_rows_are_called(
    axes: str, names: list[str], tmp_path: Path
) -> None:
    rest = "frames: 4" if "batch" in axes else "frames: 4, batch: 2"
    matrix = matrix_of(tmp_path, f"about: q\naxes: {{{axes}, {rest}}}\n")
    found = size_pairs(joined_of(matrix, *(ok(c, int(peak(c) * GIB)) for c in matrix.cells)), PAIR)
    assert sorted(method.name for method in found) == names
    assert 2 * len(found) == len(matrix.cells)
    for method in found:
        small, large = (point.row.cell for point in method.points)
        assert (small.spec.tower, large.spec.tower) == (VIDEO_SIZES["B"], VIDEO_SIZES["L"])
        assert (small.recipe, small.load) == (large.recipe, large.load)
        assert method.increase == pytest.approx(100 * (1024 / 768 * 2 - 1), rel=1e-3)
        if "size: [" in axes:  # the caption tower is a choice of its own
            assert small.spec.text.tower == large.spec.text.tower


def test_figure_4_pairs_no_rows_that_differ_in_more_than_their_size(tmp_path: Path) -> None:
    text = "about: q\naxes:\n- {variant: joint_b16, frames: 4, batch: 2}\n"
    for other in ("joint_l16_coarse_time", "joint_l16+mask75", "factorized_l16"):
        matrix = matrix_of(tmp_path, f"{text}- {{variant: {other}, frames: 4, batch: 2}}\n")
        assert size_pairs(joined_of(matrix, *map(ok, matrix.cells)), PAIR) == []


def test_figure_4_says_that_sizes_ran_out_of_memory_where_none_can_be_compared(
    tmp_path: Path,
) -> None:
    text = "about: q\nexhibits: [figure4]\naxes: {encoder: [joint_b16, joint_l16], frames: 4, "
    matrix = matrix_of(tmp_path, f"{text}batch: 2}}\n")
    small, large = matrix.cells
    plan = plan_of(joined_of(matrix, ok(small), oom(large)))
    assert plan.skipped == "no two sizes can be compared: out of memory"


def test_figure_4_computes_a_published_loss_from_table_2_and_shows_it_hollow() -> None:
    large = grown(measured("paper_scale")).axes[2]
    marks = {str(line.get_label()): line for line in large.lines if len(xy(line)) == 1}
    assert set(marks) == {
        f"loss: joint_*16+mask75 {dataset}"
        for dataset in ("msr-vtt", "vatex", "youcook2", "activitynet")
    }
    loss = xy(marks["loss: joint_*16+mask75 msr-vtt"])[0][0]
    assert loss == pytest.approx(100 * (31.9 - 29.9) / 31.9)
    gain = xy(marks["loss: joint_*16+mask75 youcook2"])[0][0]
    assert gain == pytest.approx(100 * (20.4 - 20.5) / 20.4)
    assert {line.get_fillstyle() for line in marks.values()} == {"none"}


def test_figure_4_has_our_losses_as_bars_to_their_mean() -> None:
    cells = load_matrix(SHIPPED / "paper_scale.yaml").cells
    scores = [
        imported(c, 0.4 - 0.1 * (c.recipe_name == "lora64") * (1 + (d == "vatex")), d)
        for c in cells
        for d in ("youcook2", "vatex")
    ]
    joined = measured("paper_scale", *scores)
    small = grown(joined).axes[1]
    names = [text.get_text() for text in grown(joined).axes[0].get_yticklabels()]
    bars = {names[round(bar.get_y() + bar.get_height() / 2)]: bar for bar in small.patches}
    assert bars["joint_*16+lora64"].get_width() == pytest.approx(37.5)  # of 25 and 50
    assert "joint_*16" not in bars  # the full recipe loses nothing
    assert "recall of ours" not in plan_of(joined).caption


def test_figure_4_says_so_where_no_recall_is_joined_or_one_size_ran_out_of_memory(
    tmp_path: Path,
) -> None:
    text = "about: q\naxes: {encoder: [joint_ti16, joint_s16], recipe: [full, mask75], "
    matrix = matrix_of(tmp_path, f"{text}frames: 4, batch: 2}}\n")
    full = matrix.cells[2]
    joined = joined_of(matrix, *(ok(c) for c in matrix.cells if c is not full), oom(full))
    memory, *others = grown(joined).axes
    assert sizes_of(joined) == ("Ti", "S")
    assert memory.get_title(loc="left") == "more memory, Ti to S"
    assert "out of memory" in [text.get_text() for text in memory.texts]
    assert [[t.get_text() for t in each.texts] for each in others] == [["no recall is joined"]] * 2


def test_figure_5_has_the_papers_frames_first_and_the_16_gib_line_in_each() -> None:
    joined = measured("paper_long")
    first, second = figure5(joined).axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["128 frames", "256 frames"]
    for axes in (first, second):
        assert set(drawn(axes, "16 GiB").get_xdata()) == {16.0}
    assert first.get_position().height > second.get_position().height
    names = [text.get_text() for text in first.get_yticklabels()]
    assert sorted(names) == sorted(
        {row.label.partition(" ")[0] for row in joined.rows if not row.by_rule}
    )
    ((x, place),) = xy(drawn(first, "joint_b16+last4"))
    assert (x, names[round(place)]) == (pytest.approx(12.8), "joint_b16+last4")
    assert len(first.lines) == len(names) + 1  # a mark in each lane, and the limit


def test_figure_5_writes_our_recall_and_leaves_published_marks_hollow(tmp_path: Path) -> None:
    text = "about: q\nexhibits: [figure5]\naxes: {encoder: [joint_test, frame_mean_test], "
    matrix = matrix_of(tmp_path, f"{text}frames: 4, batch: 2}}\n")
    records = [ok(cell, 20 * GIB) for cell in matrix.cells]
    for origin, fill, texts in (
        ("imported", "left", ["20 · 20.0 %", "20 · 40.0 %"]),
        ("published", "none", ["20", "20"]),
    ):
        scores = tuple(
            score(f"{name}_test", value, origin=origin)
            for name, value in (("joint", 0.2), ("frame_mean", 0.4))
        )
        joined = joined_of(matrix, *records, scores=scores)
        (axes,) = figure5(joined).axes
        marks = [drawn(axes, f"{name}_test") for name in ("joint", "frame_mean")]
        assert {mark.get_fillstyle() for mark in marks} == {fill}
        assert [text.get_text() for text in axes.texts[:2]] == texts
        caption = plan_of(joined).caption
        assert ("is its msr-vtt T2V R@1 (imported)" in caption) == (origin == "imported")


def test_figure_5_draws_no_line_far_above_everything(tmp_path: Path) -> None:
    text = "about: q\nexhibits: [figure5]\naxes: {encoder: joint_test, frames: 4, batch: 2}\n"
    matrix = matrix_of(tmp_path, text)
    joined = joined_of(matrix, ok(matrix.cells[0], GIB))
    assert not labelled(figure5(joined).axes[0], "16 GiB")
    assert "far above all that is drawn" in plan_of(joined).caption


def test_a_run_out_of_memory_is_a_cross_on_its_limit() -> None:
    matrix = load_matrix(SHIPPED / "paper_long.yaml")
    records = {
        cell.id: ok(cell, GIB) if cell.load.frames == 128 else oom(cell) for cell in matrix.cells
    }
    _, second = figure5(join(matrix, records)).axes
    crosses = [line for line in second.lines if line.get_marker() == "x"]
    assert [xy(line)[0][0] for line in crosses] == [16] * 8


@pytest.mark.parametrize(("figure", "name"), FIGURES.items())
def test_every_mark_tells_its_numbers(figure: str, name: str, tmp_path: Path) -> None:
    joined = measured(name)
    picture = illustrated(plan_of(joined), tmp_path, "")
    assert picture.svg is not None
    assert all(f'id="{gid}"' in picture.svg for gid in picture.tips)
    marks = [mark for some in picture.tips.values() for mark in some]
    ids = {mark.cell_id for mark in marks if mark.cell_id}
    told = {mark.label: dict(mark.facts) for mark in marks}
    assert all(told.values())
    if figure != "figure4":  # whose bars are of two cells
        assert ids == {row.cell.id for row in joined.rows if not row.by_rule}
    assert (tmp_path / f"exhibit_{figure}.png").stat().st_size > 1000
