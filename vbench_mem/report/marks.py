"""What the marks of a figure stand for: the content of its tooltips. No matplotlib.

A figure is drawn once. Its SVG carries an id for each line or bar; the page finds the marks of that
id here and shows their numbers and their record where one points at them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from vbench_mem.analysis.join import Row
from vbench_mem.analysis.spread import score_text
from vbench_mem.base.metrics import show
from vbench_mem.report.evidence import link_of
from vbench_mem.report.overview import HEADS

Facts = tuple[tuple[str, str], ...]
MAIN = ("peak_alloc_bytes", "predicted_peak_bytes", "step_ms", "clips_per_s", "step_gflop", "mfu")
MAIN_METRICS = {name: HEADS[name] for name in MAIN}


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One thing to point at.

    label    of the row, or of what else it is
    facts    name and text of each number that its tooltip shows
    cell_id  of the record behind it, if any
    link     to that record, relative to the report's folder
    """

    label: str
    facts: Facts = ()
    cell_id: str | None = None
    link: str | None = None


def mark_of(row: Row, facts: Iterable[tuple[str, str]] = ()) -> Mark:
    """The row's state, what the figure is about (`facts`), and the main metrics."""
    shown = dict(facts)
    if row.reason is not None:
        shown.setdefault("status", row.state)
    for name, head in MAIN_METRICS.items():
        text = show(name, row.metric(name))
        if text:
            shown.setdefault(head, text)
    for score in row.scores.values():
        if score.metric == "recall_at_1":
            head = f"{score.dataset} {score.direction.upper()} R@1 ({score.origin})"
            shown.setdefault(head, score_text(score))
    label, cell_id = row.label, row.cell.id
    return Mark(label=label, facts=tuple(shown.items()), cell_id=cell_id, link=link_of(row))
