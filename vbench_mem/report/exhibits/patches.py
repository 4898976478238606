"""Figure 3 of the paper: memory by the tokens that a training step sees."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.metrics import show
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.variants import kept_tokens
from vbench_mem.report.exhibits.plot import (
    ExhibitFigure,
    ExhibitMark,
    ExhibitPanel,
    mask_lines,
    recall_rows,
)
from vbench_mem.report.exhibits.words import exhibit, listed, skipped, whose
from vbench_mem.report.marks import mark_of
from vbench_mem.report.panels import is_ours, recall_panels
from vbench_mem.report.plan import Plan
from vbench_mem.report.series import PlotPoint, memory_points, memory_word

EMBED, EMBED_PREDICTED = "embed_peak_bytes", "predicted_embed_peak_bytes"
EMBEDDING = (
    "In embedding a masked encoder sees all its tokens again, so that its pale square stays where "
    "it is."
)
UNMASKED = Recipe()
NEAR = 0.03  # of the height, within which marks on one number of tokens are set aside
ASIDE = 5.0  # points


def plan(joined: Joined) -> Plan:
    figure = figure_of(joined)
    if not figure.rows:
        return skipped("figure3", "no row has both a peak and a number of tokens")
    marks = figure.panels[0].marks
    trained = [mark for mark in marks if mark.kind == "mark"]
    points = [mark.point for mark in trained]
    return exhibit(
        "figure3",
        figure,
        len(points),
        answer(trained),
        whose([mark.point for mark in figure.marks]),
        "Marks on one spot are set beside each other.",
        EMBEDDING if len(marks) > len(points) else "",
        missing=[] if len(figure.rows) > 1 else ["recall, which the paper draws without numbers"],
    )


def figure_of(joined: Joined) -> ExhibitFigure:
    """Every row with a memory and a number of tokens, in the matrix's order, and the text-to-video
    panels with a recall of ours: the published one is of a single row."""
    trained = set_aside(
        [
            ExhibitMark(x=tokens, y=point.size, point=point, label=point.series)
            for point in memory_points(joined)
            if (tokens := tokens_of(point.row)) is not None
        ]
    )
    if not trained:
        return ExhibitFigure(rows=[])
    points = [mark.point for mark in trained]
    panel = ExhibitPanel(
        title="memory of a step and of embedding",
        x_label="tokens of a clip in a training step",
        y_label=f"{memory_word(points)}, {points[0].scheme.unit.name} (down is better)",
        marks=[mark for each in trained for mark in (each, *embedding_marks(each))],
        memory="y",
        lines=mask_lines(trained),
    )
    recalls = [
        panel
        for panel in recall_panels(joined)
        if panel.direction == "t2v" and any(is_ours(point) for point in panel.points)
    ]
    return ExhibitFigure(rows=[[panel], *recall_rows(recalls)], names_series=True)


def embedding_marks(mark: ExhibitMark) -> Iterator[ExhibitMark]:
    """The memory of embedding the batch unmasked on the point's own basis, where it is known."""
    point = mark.point
    size = point.row.metric(EMBED if point.basis == "measured" else EMBED_PREDICTED)
    if size and not point.row.is_out_of_memory:
        yield replace(
            mark,
            kind="pale",
            y=size / point.scheme.unit.bytes,
            label=f"embedding: {point.series}",
            marker="s",
            tip=mark_of(point.row, [("embedding", show(EMBED, size))]),
        )


def set_aside(marks: Sequence[ExhibitMark]) -> list[ExhibitMark]:
    """Marks on one number of tokens and near each other are moved apart."""
    near = NEAR * max((mark.y for mark in marks), default=0.0)
    found = []
    for mark in marks:
        crowd = [other for other in marks if other.x == mark.x and abs(other.y - mark.y) < near]
        aside = 2 * ASIDE * (crowd.index(mark) - (len(crowd) - 1) / 2)
        found.append(replace(mark, aside=aside))
    return found


def tokens_of(row: Row) -> int | None:
    """As the spec counts them, all of them in embedding; those of a custom encoder are only in its
    record."""
    cell = row.cell
    if isinstance(cell.spec, Custom):
        counted = row.metric("tokens_trained_per_clip")
        return None if counted is None else int(counted)
    load = cell.load
    recipe = cell.recipe if load.mode == "train" else UNMASKED
    return kept_tokens(cell.spec, recipe, load).tokens


def answer(marks: Sequence[ExhibitMark]) -> str:
    """What rows of equally many tokens need; empty where no two are alike."""
    groups: dict[float, list[PlotPoint]] = {}
    for mark in marks:
        row = mark.point.row
        if not row.is_out_of_memory and row.cell.load.mode == "train":
            groups.setdefault(mark.x, []).append(mark.point)
    texts = [
        f"at {tokens:,} tokens "
        + listed([f"{it.series} {it.scheme.unit.text(it.bytes)}" for it in some], 4)
        for tokens, some in sorted(groups.items(), reverse=True)
        if len(some) > 1
    ][:3]
    return f"Rows that train on equally many tokens need: {'; '.join(texts)}." if texts else ""
