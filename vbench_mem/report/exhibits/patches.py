"""Figure 3 of the paper as plain data: memory by the tokens that a training step sees."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.metrics import MEMORY, show
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.variants import kept_tokens
from vbench_mem.report.exhibits.words import listed
from vbench_mem.report.panels import Panel, is_ours, recall_panels
from vbench_mem.report.series import Point, memory_points

EMBED, EMBED_PREDICTED = "embed_peak_bytes", "predicted_embed_peak_bytes"
UNMASKED = Recipe()


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one way of having fewer tokens costs.

    tokens  of a clip, that a training step sees; embedding sees all of them
    embed   bytes of embedding the batch unmasked, on the point's own basis; none where not known
    """

    point: Point
    tokens: int
    embed: int | None


def spent(joined: Joined) -> list[Spent]:
    """Every row with a memory and a number of tokens, in the matrix's order."""
    return [
        Spent(point=point, tokens=tokens, embed=embed_of(point))
        for point in memory_points(joined)
        if point.memory and (tokens := tokens_of(point.row)) is not None
    ]


def tokens_of(row: Row) -> int | None:
    """As the table's layouts are counted, all of them in embedding; only a record knows them of an
    encoder of one's own."""
    cell = row.cell
    if isinstance(cell.spec, Custom):
        counted = row.metric("tokens_trained_per_clip")
        return None if counted is None else int(counted)
    load = cell.load
    recipe = cell.recipe if load.mode == "train" else UNMASKED
    return kept_tokens(cell.spec, recipe, load).tokens


def embed_of(point: Point) -> int | None:
    size = point.row.metric(EMBED if point.basis == "measured" else EMBED_PREDICTED)
    return None if size is None or point.ending != "ok" else int(size)


def own_panels(joined: Joined) -> list[Panel]:
    """Text-to-video panels with a recall of ours: the published one is of a single row."""
    return [
        replace(panel, frontiers={})
        for panel in recall_panels(joined)
        if panel.direction == "t2v" and any(is_ours(point) for point in panel.points)
    ]


def answer(rows: Sequence[Spent]) -> str:
    """What rows of equally many tokens need; empty where no two are alike."""
    groups: dict[int, list[Spent]] = {}
    for each in rows:
        if each.point.ending == "ok" and each.point.row.cell.load.mode == "train":
            groups.setdefault(each.tokens, []).append(each)
    said = [
        f"at {tokens:,} tokens "
        + listed([f"{p.point.series} {show(MEMORY, p.point.memory)}" for p in some], 4)
        for tokens, some in sorted(groups.items(), reverse=True)
        if len(some) > 1
    ][:3]
    return f"Rows that train on equally many tokens need: {'; '.join(said)}." if said else ""
