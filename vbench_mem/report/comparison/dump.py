"""A comparison as JSON-ready data."""

from dataclasses import asdict
from typing import Any

from vbench_mem.analysis.compare.differences import Matched
from vbench_mem.analysis.compare.pairing import Unmatched
from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.analysis.compare.side import Side
from vbench_mem.report.comparison.wording import facts


def dump(comparison: Comparison) -> dict[str, Any]:
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
        "numbers_only_before": comparison.unshared()[0],
        "numbers_only_after": comparison.unshared()[1],
    }


def side(of: Side) -> dict[str, Any]:
    return {
        "name": of.name,
        "commit": of.commit,
        "rows": len(of.items),
        "fingerprint": of.fingerprint,
        "problems": list(of.problems),
    }


def row(of: Matched) -> dict[str, Any]:
    return {
        "label": of.label,
        "key": of.after.key,
        "verdict": of.verdict or "same",
        "ending": of.ending,
        "before": {"state": of.before.state, "reason": of.before.reason},
        "after": {"state": of.after.state, "reason": of.after.reason},
        "differences": [
            asdict(each) | {"change": each.change, "share": each.share} for each in of.differences
        ],
        "modules": list(of.why),
    }


def unmatched(of: Unmatched) -> dict[str, Any]:
    return {"label": of.label, "key": of.item.key, "state": of.item.state, "note": of.note}
