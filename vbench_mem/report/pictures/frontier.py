"""The Pareto frontier of memory, step time and recall. No matplotlib.

With a recall that was measured or imported here rows of one load are compared, of any frames, since
frames are what memory and time are spent on. Unlike protocols, galleries or origins of a recall are
never compared. Without a recall only rows of equal frames and load are, in memory and time. Ways to
run them (dtype, checkpointing) compete.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.pareto import beaten_by
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.metrics import MEMORY
from vbench_mem.base.score_metrics import RECALL, Direction
from vbench_mem.report.facets import MOST_PANELS, load_name, settings_of, spread
from vbench_mem.report.pictures.time import TIME
from vbench_mem.report.plan import Plan, drawn_as
from vbench_mem.report.scheme import Scheme, scheme_of, series_name
from vbench_mem.report.series import PlotPoint

WAYS: dict[Direction, str] = {"t2v": "text to video", "v2t": "video to text"}


@dataclass(frozen=True, kw_only=True)
class FrontierRow(PlotPoint):
    """One measured row among those that it is compared with.

    group   what they share: the benchmark, the load, the frames
    recall  a share, None where none is joined
    wins    criteria in which no other row of the group is better
    dominated_by  label of a row of the frontier that is as good in all and better in one, if any
    """

    group: str
    step_ms: float
    recall: float | None
    wins: tuple[str, ...] = ()
    dominated_by: str | None = None

    @property
    def is_best(self) -> bool:
        return self.dominated_by is None

    @property
    def costs(self) -> dict[str, float]:
        """Down is better in each."""
        found: dict[str, float] = {"memory": self.bytes, "time": self.step_ms}
        return found if self.recall is None else found | {"recall": -self.recall}


@dataclass(frozen=True, kw_only=True)
class FrontierGroup:
    """Rows that can be compared, in the matrix's order; `load` is without benchmark and frames."""

    title: str
    load: str
    rows: tuple[FrontierRow, ...]

    @property
    def has_recall(self) -> bool:
        return self.rows[0].recall is not None


def frontier_groups(joined: Joined) -> list[FrontierGroup]:
    """By benchmark and load where a recall is joined, else by frames and load."""
    rows = [row for row in joined.rows if row.is_ok and row.metric(MEMORY) and row.metric(TIME)]
    names = [*settings_of(joined, "load"), *(n for n in settings_of(joined) if n == "device")]
    found: dict[tuple[str, str], list[tuple[Row, float | None]]] = {}
    recalls = benchmarks(rows)
    for row in rows:
        load = load_name(row, names)
        for column, benchmark in recalls.items():
            if (score := row.scores.get(column)) is not None:
                found.setdefault((benchmark, load), []).append((row, score.value))
        if not recalls:
            found.setdefault((f"frames={row.cell.load.frames}", load), []).append((row, None))
    ways = [name for name in settings_of(joined) if name not in names]
    scheme = scheme_of(joined)
    titles = [(", " if recalls else " ").join(filter(None, key)) for key in found]
    return [
        FrontierGroup(title=title, load=key[1], rows=compared(title, some, ways, scheme))
        for (key, some), title in zip(found.items(), titles, strict=True)
    ]


def benchmarks(rows: Iterable[Row]) -> dict[str, str]:
    """Columns of the recalls at 1 that were measured or imported here, with what to call them; of
    a dataset those in one direction: text to video where known."""
    known = {
        column: score
        for row in rows
        for column, score in row.scores.items()
        if score.metric == RECALL and score.origin != "published"
    }
    forward = {score.dataset for score in known.values() if score.direction == "t2v"}
    chosen = {
        column: score
        for column, score in sorted(known.items(), key=lambda each: (each[1].dataset, each[0]))
        if score.direction == ("t2v" if score.dataset in forward else "v2t")
    }
    often = Counter(score.dataset for score in chosen.values())
    return {column: benchmark_name(score, often) for column, score in chosen.items()}


def benchmark_name(score: AnyScore, often: Counter[str]) -> str:
    """With origin, protocol and gallery of a recall where the dataset has several kinds."""
    name = f"{score.dataset}, {WAYS[score.direction]}"
    if often[score.dataset] == 1:
        return name
    gallery = f" of {score.gallery_size}" if score.gallery_size else ""
    return f"{name} ({score.origin}, {score.protocol_name}{gallery})"


def compared(
    title: str, some: Iterable[tuple[Row, float | None]], ways: Sequence[str], scheme: Scheme
) -> tuple[FrontierRow, ...]:
    """The rows with the criteria that they are best in, and what dominates them."""
    rows = [
        FrontierRow(
            row=row,
            series=series_name(row, ways),
            scheme=scheme,
            group=title,
            memory=int(row.metric(MEMORY) or 0),
            step_ms=float(row.metric(TIME) or 0),
            recall=recall,
        )
        for row, recall in some
    ]
    least = {name: min(row.costs[name] for row in rows) for name in rows[0].costs}
    winners = beaten_by([tuple(row.costs.values()) for row in rows])
    return tuple(
        replace(
            row,
            wins=tuple(name for name, cost in row.costs.items() if cost == least[name]),
            dominated_by=None if winner is None else rows[winner].row.label,
        )
        for row, winner in zip(rows, winners, strict=True)
    )


def shown(groups: list[FrontierGroup]) -> list[FrontierGroup]:
    """At most `MOST_PANELS`: of many loads the one with most rows and the last."""
    if len(groups) > MOST_PANELS:
        sizes: Counter[str] = Counter()
        for group in groups:
            sizes[group.load] += len(group.rows)
        load = max(reversed(sizes), key=lambda name: sizes[name])
        groups = [group for group in groups if group.load == load]
    return spread(groups, MOST_PANELS)


def plans(joined: Joined) -> list[Plan]:
    groups = [group for group in frontier_groups(joined) if len(group.rows) > 1]
    title = "Pareto frontier"
    if not groups:
        why = "no two rows that can be compared have a measured peak and a measured step time"
        return [Plan(name="frontier", title=title, skipped=why)]

    some, has_recall = shown(groups), groups[0].has_recall
    criteria = "peak memory and step time"
    if has_recall:
        criteria = "peak memory, step time and recall at 1 together"
    captions = (
        "Large marks are the Pareto frontier: no row with the same load is at least as good in "
        f"{criteria} and better in one of them. Small pale marks are dominated by one of these.",
        "The percentage at a mark is its recall; published recalls take no part."
        if has_recall
        else "No recall measured or imported here is joined, so rows are compared at equal frames.",
        f"Drawn are {len(some)} of {len(groups)} groups of rows."
        if len(some) < len(groups)
        else "",
    )
    return [drawn_as("frontier", title, (some,), *captions)]
