"""Words and labelled facts of a comparison, the same on a terminal and on a page. Plain text."""

from collections import Counter
from collections.abc import Iterator
from statistics import fmean

from vbench_mem.analysis.compare.bands import OF_STEP
from vbench_mem.analysis.compare.differences import (
    COUNTED,
    RECALL_WORDS,
    TIME_WORDS,
    WORDS,
    Difference,
    Judgement,
    Matched,
)
from vbench_mem.analysis.compare.pairing import NEAR
from vbench_mem.analysis.compare.recalls import Recall
from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.analysis.compare.side import Side
from vbench_mem.base.metrics import METRICS
from vbench_mem.report.document import Fact
from vbench_mem.report.overview import HEADS as REPORT_HEADS
from vbench_mem.running.record import RowState

HEADS = REPORT_HEADS | {"decode_ms": "decoding, ms", "transfer_ms": "transfer, ms"}
SHOWN = 3  # metrics that one side lacks
# The metrics of a row are listed in this order, all others follow in the order of their table.
LEADING = (
    "peak_alloc_bytes",
    "predicted_peak_bytes",
    "step_ms",
    "step_gflop",
    "params",
    "tokens_trained_per_clip",
    "embed_peak_bytes",
    "peak_reserved_bytes",
)
PLACES = {name: place for place, name in enumerate(dict.fromkeys([*LEADING, *METRICS]))}
ABOUT_NOISE = (
    "Memory, FLOPs, parameters and tokens are exact: one byte is a change. A time is slower or "
    "faster only if the bands of the timed steps, 10th to 90th percentile, do not overlap; with "
    "fewer than 3 timed steps it is not judged. A band describes one process: on a shared machine "
    "two runs may differ by more."
)


def about(side: Side) -> str:
    if side.torch is not None:
        return f"baseline, rows: {len(side.items)}, predicted by torch {side.torch}"
    of = "predictions only" if side.fingerprint is None else f"machine {side.fingerprint}"
    return f"rows: {len(side.items)}, {of}"


def head_of(metric: str) -> str:
    return HEADS.get(metric, metric)


def notes(comparison: Comparison, most: int = SHOWN) -> list[str]:
    """Metrics that rows of both sides have on one side only, the first ones by name."""
    sides = (comparison.before, comparison.after)
    return [
        f"Metrics only in {side.title}: {', '.join(names[:most])}"
        + (f" and {len(names) - most} more" if names[most:] else "")
        for side, names in zip(sides, comparison.unshared(), strict=True)
        if names
    ]


def values_text(each: Difference) -> str:
    """`494.3 MiB -> 502.3 MiB`."""
    return " -> ".join(each.values)


def verdict_text(each: Difference) -> str:
    return (TIME_WORDS if each.is_time else WORDS)[each.verdict]


def ending_text(row: Matched) -> str:
    """`ok -> oom: device out of memory in backward`; empty if the ending is the same."""
    before, after = row.before.state, row.after.state
    if before == after:
        return ""
    if RowState.PREDICTED in (before, after):
        return f"{before} -> {after}: only predicted numbers compare"
    reason = row.after.reason or row.before.reason
    return f"{before} -> {after}{f': {reason}' if reason else ''}"


def counted(row: Matched) -> list[Difference]:
    """Differences that count, exact ones first; without speeds, which follow from step times."""
    found = (each for each in row.differences if each.verdict in COUNTED)
    some = [each for each in found if each.metric not in OF_STEP or not row.metric("step_ms")]
    return sorted(
        some, key=lambda each: (each.is_time, COUNTED.index(each.verdict), PLACES[each.metric])
    )


def main_differences(row: Matched, is_unlike: bool) -> list[Difference]:
    """Leading metrics and times; where none of them changed, the first difference."""
    every = counted(row)
    leading = [each for each in every if each.metric in LEADING or each.is_time] or every[:1]
    return [*leading, *(unjudged(row) if is_unlike else [])]


def unjudged(row: Matched) -> list[Difference]:
    """Memory and step time that are shown without a verdict if machines are unlike."""
    names = ("peak_alloc_bytes", "predicted_peak_bytes", "step_ms")
    found = (row.metric(name) for name in names)
    return [each for each in found if each is not None and each.verdict == Judgement.UNJUDGED]


def facts(comparison: Comparison) -> list[Fact]:
    """The summary, the most important fact first."""
    before, after = comparison.before, comparison.after
    if not comparison.rows:
        near = any((each.note or "").startswith(NEAR) for each in comparison.only_before)
        hint = "; --any-protocol compares rows that differ only in their protocol" if near else ""
        text = f"{before.title} and {after.title} have no row in common{hint}"
        return [("Nothing to compare", text)]
    found = [*exact_facts(comparison), *recall_facts(comparison), *step_facts(comparison)]
    for some, side in ((comparison.only_before, before), (comparison.only_after, after)):
        if some:
            found.append((f"Rows only in {side.title}", str(len(some))))
    return found


def setting_facts(comparison: Comparison) -> Iterator[Fact]:
    """Machines, software and settings that differ."""
    label = "Unlike machines" if comparison.is_unlike else "Other software or settings"
    if comparison.differing:
        yield label, ", ".join(fact.text for fact in comparison.differing)


def exact_facts(comparison: Comparison) -> Iterator[Fact]:
    """Rows by the verdict on endings, memory, FLOPs and parameters."""
    total = len(comparison.rows)
    counts = Counter(row.exact for row in comparison.rows)
    if comparison.is_equal:
        which = " that both sides have" if any(comparison.unshared()) else ""
        yield "Equal", f"{total} of {total} rows: endings and all numbers{which}"
    elif not any(counts[verdict] for verdict in COUNTED):
        yield "Endings, memory, FLOPs, parameters", f"the same in {total} of {total} rows"
    for verdict in COUNTED:
        if counts[verdict]:
            first = next(row for row in comparison.rows if row.exact == verdict)
            worst = f", first {worst_text(first)}" if verdict == Judgement.WORSE else ""
            yield WORDS[verdict].capitalize(), f"{counts[verdict]} of {total} rows{worst}"


def worst_text(row: Matched) -> str:
    """The row and its worst difference."""
    if row.ending == Judgement.WORSE:
        return f"{row.label} ({row.before.state} -> {row.after.state})"
    each = next(
        each for each in counted(row) if each.verdict == Judgement.WORSE and not each.is_time
    )
    return f"{row.label} ({head_of(each.metric)} {values_text(each)}, {each.text})"


def step_facts(comparison: Comparison) -> Iterator[Fact]:
    """`3 slower, 1 faster, 14 within noise`, of the step times."""
    found = [step for row in comparison.rows if (step := row.metric("step_ms")) is not None]
    counts = Counter(each.verdict for each in found)
    parts = [f"{counts[each]} {TIME_WORDS[each]}" for each in TIME_WORDS if counts[each]]
    why = sorted({each.why for each in found if each.why is not None})
    if parts:
        yield "Step time", ", ".join(parts) + (f" ({'; '.join(why)})" if why else "")


def recall_facts(comparison: Comparison) -> Iterator[Fact]:
    """Encoders that both sides trained and evaluated."""
    every = comparison.recalls
    counts = Counter(each.verdict for each in comparison.moved)
    parts = [f"{counts[each]} {RECALL_WORDS[each]}" for each in RECALL_WORDS if counts[each]]
    if same := sum(each.is_same for each in every):
        parts.append(f"{same} the same")
    if parts:
        yield "T2V R@1, paired by seed", ", ".join(parts)


def recall_text(each: Recall) -> str:
    """One encoder in one line."""
    before, after = (f"{100 * fmean(some):.1f} %" for some in (each.before, each.after))
    numbers = f"T2V R@1 {before} -> {after}, {each.text}, seeds: {len(each.seeds)}"
    return f"{each.label}, {each.benchmark}: {numbers}: {RECALL_WORDS[each.verdict]}"


def unchanged_facts(comparison: Comparison) -> Iterator[Fact]:
    """Rows without a verdict that counts, by what differs in them."""
    counts = Counter(row.verdict for row in comparison.rows if not row.is_changed)
    shared = " that both sides have" if any(comparison.unshared()) else ""
    words: tuple[tuple[Judgement | None, str], ...] = (
        (None, f"equal in every number{shared}"),
        (Judgement.INFORMATIONAL, "equal except for metrics that are never judged"),
        (Judgement.NOISE, "with times within noise"),
        (Judgement.UNJUDGED, "with numbers that are not judged"),
    )
    parts = [f"{counts[each]} {word}" for each, word in words if counts[each]]
    if parts:
        yield "Unchanged rows", ", ".join(parts)
