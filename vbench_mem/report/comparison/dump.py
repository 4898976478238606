"""A comparison as JSON-ready data."""

from dataclasses import asdict
from typing import Any

from vbench_mem.analysis.compare.differences import Matched
from vbench_mem.analysis.compare.pairing import Unmatched
from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.analysis.compare.side import Side
from vbench_mem.report.comparison.wording import facts


def dump(comparison: Comparison) -> dict[str, Any]:
    only_before, only_after = comparison.unshared()
    return {
        "before": side(comparison.before),
        "after": side(comparison.after),
        "unlike_machines": comparison.is_unlike,
        "summary": dict(facts(comparison)),
        "rows": [row(each) for each in comparison.rows],
        "only_before": [unmatched(each) for each in comparison.only_before],
        "only_after": [unmatched(each) for each in comparison.only_after],
        "recalls": [
            asdict(each)
            | {"differences": each.differences, "verdict": "same" if each.is_same else each.verdict}
            for each in comparison.recalls
        ],
        "facts": [asdict(fact) | {"differs": fact.differs} for fact in comparison.facts],
        "numbers_only_before": only_before,
        "numbers_only_after": only_after,
    }


def side(of: Side) -> dict[str, Any]:
    names = ("name", "commit", "fingerprint", "problems")
    return {"rows": len(of.items)} | {name: getattr(of, name) for name in names}


def row(of: Matched) -> dict[str, Any]:
    ends = {"before": of.before, "after": of.after}
    return {
        "label": of.label,
        "key": of.after.key,
        "verdict": of.verdict or "same",
        "ending": of.ending,
        **{name: {"state": it.state, "reason": it.reason} for name, it in ends.items()},
        "differences": [
            asdict(each) | {"change": each.change, "share": each.share} for each in of.differences
        ],
        "modules": of.why,
    }


def unmatched(of: Unmatched) -> dict[str, Any]:
    return {"label": of.label, "key": of.item.key, "state": of.item.state, "note": of.note}
