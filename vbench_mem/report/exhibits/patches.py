"""Figure 3 of the paper: memory by the tokens that a training step sees."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.metrics import show
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.variants import kept_tokens
from vbench_mem.report.exhibits.words import exhibit, listed, skipped, whose
from vbench_mem.report.marks import Mark, mark_of
from vbench_mem.report.panels import Panel, is_ours, recall_panels
from vbench_mem.report.plan import Plan
from vbench_mem.report.series import MemoryPoint, memory_points

EMBED, EMBED_PREDICTED = "embed_peak_bytes", "predicted_embed_peak_bytes"
EMBEDDING = (
    "In embedding a masked encoder sees all its tokens again, so that its pale square stays where "
    "it is."
)
UNMASKED = Recipe()
NEAR = 0.03  # of the height, within which marks on one number of tokens are set aside
ASIDE = 5.0  # points


@dataclass(frozen=True, kw_only=True)
class TokenCost:
    """What one way of having fewer tokens costs.

    tokens  of a clip, that a training step sees; embedding sees all of them
    embed   bytes of embedding the batch unmasked, on the point's own basis; none where not known
    aside   points to the right, so that marks on one spot are all seen
    """

    point: MemoryPoint
    tokens: int
    embed: int | None
    aside: float = 0.0

    @property
    def embed_mark(self) -> Mark:
        """The tooltip of the memory of embedding."""
        return mark_of(self.point.row, [("embedding", show(EMBED, self.embed))])


@dataclass(frozen=True, kw_only=True)
class TokenFigure:
    costs: list[TokenCost]
    recalls: list[Panel]


def plan(joined: Joined) -> Plan:
    figure = figure_of(joined)
    if not figure.costs:
        return skipped("figure3", "no row has both a peak and a number of tokens")
    points = [each.point for each in figure.costs]
    return exhibit(
        "figure3",
        len(points),
        "tokens",
        figure,
        answer(figure.costs),
        whose([*points, *(point for panel in figure.recalls for point in panel.points)]),
        "Marks on one spot are set beside each other.",
        EMBEDDING if any(each.embed for each in figure.costs) else "",
        missing="" if figure.recalls else "recall, which the paper draws without numbers",
    )


def figure_of(joined: Joined) -> TokenFigure:
    """Every row with a memory and a number of tokens, in the matrix's order, and the text-to-video
    panels with a recall of ours: the published one is of a single row."""
    costs = [
        TokenCost(point=point, tokens=tokens, embed=embed_of(point))
        for point in memory_points(joined)
        if point.memory and (tokens := tokens_of(point.row)) is not None
    ]
    panels = [
        replace(panel, frontiers={})
        for panel in recall_panels(joined)
        if panel.direction == "t2v" and any(is_ours(point) for point in panel.points)
    ]
    return TokenFigure(costs=set_aside(costs), recalls=panels)


def set_aside(costs: Sequence[TokenCost]) -> list[TokenCost]:
    near = NEAR * max((each.point.size for each in costs), default=0.0)
    found = []
    for place, each in enumerate(costs):
        crowd = [
            other
            for other, row in enumerate(costs)
            if row.tokens == each.tokens and abs(row.point.size - each.point.size) < near
        ]
        aside = 2 * ASIDE * (crowd.index(place) - (len(crowd) - 1) / 2)
        found.append(replace(each, aside=aside))
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


def embed_of(point: MemoryPoint) -> int | None:
    size = point.row.metric(EMBED if point.basis == "measured" else EMBED_PREDICTED)
    return None if size is None or point.ending != "ok" else int(size)


def answer(costs: Sequence[TokenCost]) -> str:
    """What rows of equally many tokens need; empty where no two are alike."""
    groups: dict[int, list[MemoryPoint]] = {}
    for each in costs:
        if each.point.ending == "ok" and each.point.row.cell.load.mode == "train":
            groups.setdefault(each.tokens, []).append(each.point)
    texts = [
        f"at {tokens:,} tokens "
        + listed([f"{it.series} {it.scheme.unit.text(it.memory or 0)}" for it in some], 4)
        for tokens, some in sorted(groups.items(), reverse=True)
        if len(some) > 1
    ][:3]
    return f"Rows that train on equally many tokens need: {'; '.join(texts)}." if texts else ""
