"""The figure of a comparison as plain data: the change of memory and step time of each row."""

from vbench_mem.analysis.compare.differences import Difference, Matched
from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.report.comparison.wording import head_of, values_text, verdict_text
from vbench_mem.report.marks import Mark
from vbench_mem.report.pictures.changes import Dot, Strip
from vbench_mem.report.plan import Plan

NAME, TITLE = "changes", "Changes by row"
MOST = 40  # rows of one figure
MEMORY = ("peak_alloc_bytes", "predicted_peak_bytes")


def plan(comparison: Comparison) -> Plan:
    """The worst row first; skipped where neither a number nor an ending changed."""
    every = [strip_of(row) for row in comparison.rows]
    strips = [strip for strip in every if strip.memory or strip.time or strip.ending]
    changed = tuple(
        name
        for name in ("memory", "time")
        if any(dot.share for strip in strips if (dot := getattr(strip, name)) is not None)
    )
    if not changed and not any(strip.ending for strip in strips):
        return Plan(name=NAME, title=TITLE, skipped="memory and times are the same")
    caption = "Change from A to B, the worst row first."
    if "time" in changed:
        caption += " Grey bands and lines: timed steps of A and B, 10th to 90th percentile."
    if "memory" not in changed:
        caption += " Peak memory is the same in every row with the same ending."
    if len(strips) > MOST:
        caption += f" Rows not drawn: {len(strips) - MOST}."
    data = (tuple(strips[:MOST]), changed or ("memory",))
    return Plan(name=NAME, title=TITLE, caption=caption, drawer="changes", data=data)


def strip_of(row: Matched) -> Strip:
    is_other = row.ending is not None
    memory = next((name for name in MEMORY if has(row, name)), None)
    return Strip(
        label=row.label,
        ending=f"{row.before.state} -> {row.after.state}" if is_other else None,
        memory=dot_of(row, memory) if memory is not None and not is_other else None,
        time=dot_of(row, "step_ms") if has(row, "step_ms") and not is_other else None,
    )


def has(row: Matched, name: str) -> bool:
    return bool(row.before.metrics.get(name)) and name in row.after.metrics


def dot_of(row: Matched, name: str) -> Dot:
    each, old = row.metric(name), float(row.before.metrics[name])
    cell_id = row.after.cell.id if row.after.cell is not None else None
    if each is None:
        mark = Mark(label=row.label, facts=((head_of(name), "the same"),), cell_id=cell_id)
        return Dot(share=0.0, verdict=None, mark=mark)
    bands = each.bands
    return Dot(
        share=each.share or 0.0,
        verdict=each.verdict,
        mark=Mark(label=row.label, facts=facts_of(each), cell_id=cell_id),
        old=(bands[0].low / old - 1, bands[0].high / old - 1) if bands else None,
        new=(bands[1].low / old - 1, bands[1].high / old - 1) if bands else None,
    )


def facts_of(each: Difference) -> tuple[tuple[str, str], ...]:
    return (
        (head_of(each.metric), values_text(each)),
        ("change", each.text),
        ("verdict", verdict_text(each)),
    )
