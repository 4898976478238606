"""A comparison in sentences, the same on a terminal and on a page. Plain text."""

from collections import Counter

from vbench_mem.analysis.compare.bands import OF_STEP
from vbench_mem.analysis.compare.differences import COUNTED, Difference, Matched, Verdict
from vbench_mem.analysis.compare.pairing import NEAR
from vbench_mem.analysis.compare.recalls import Recall
from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.analysis.compare.side import PREDICTED, Side
from vbench_mem.base.metrics import METRICS, show
from vbench_mem.report.marks import MAIN_METRICS

WORDS: dict[Verdict, str] = {
    "worse": "worse",
    "better": "better",
    "changed": "changed",
    "noise": "within noise",
    "unjudged": "not judged",
    "told": "never judged",
}
TIME_WORDS = WORDS | {"worse": "slower", "better": "faster"}
RECALL_WORDS = WORDS | {"worse": "lower", "better": "higher", "noise": "within their spread"}
HEADS = MAIN_METRICS | {
    "decode_ms": "decoding, ms",
    "transfer_ms": "transfer, ms",
    "end_to_end_clips_per_s": "end to end, clips/s",
    "params": "parameters",
    "embed_peak_bytes": "embedding peak",
}
SHOWN = 3  # of numbers that one side lacks
# In this order the numbers of a row are told; all others follow by the metric table.
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
    "faster only where the bands of the timed steps, 10th to 90th percentile, do not overlap; "
    "with fewer than 3 timed steps it is not judged. A band is of one process: on a machine "
    "that others use too, two runs may differ by more."
)


def number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def about(side: Side) -> str:
    rows = number(len(side.items), "row")
    if side.torch is not None:
        return f"a baseline of {rows}, predicted by torch {side.torch}"
    of = "predictions only" if side.fingerprint is None else f"machine {side.fingerprint}"
    return f"{rows}, {of}"


def head_of(metric: str) -> str:
    return HEADS.get(metric, metric)


def notes(comparison: Comparison, most: int = SHOWN) -> list[str]:
    """Numbers that rows of both sides have on one side only, the first ones by name."""
    told = []
    sides = (comparison.before, comparison.after)
    for side, names in zip(sides, comparison.unshared(), strict=True):
        if names:
            verb = "is" if len(names) == 1 else "are"
            some = [*names[:most], *([f"{len(names) - most} more"] if names[most:] else [])]
            told.append(f"{number(len(names), 'number')} {verb} only in {side.title}: ")
            told[-1] += ", ".join(some)
    return told


def values_text(each: Difference) -> str:
    """`494.3 MiB -> 502.3 MiB`."""
    return f"{show(each.metric, each.before)} -> {show(each.metric, each.after)}"


def verdict_text(each: Difference) -> str:
    return (TIME_WORDS if each.is_time else WORDS)[each.verdict]


def ending_text(row: Matched) -> str:
    """`ok -> oom: device out of memory in backward`; nothing where the ending is the same, and
    where one side was not run that it was not."""
    before, after = row.before.state, row.after.state
    if before == after:
        return ""
    if PREDICTED in (before, after):
        return f"{before} -> {after}: only predicted numbers compare"
    reason = row.after.reason or row.before.reason
    return f"{before} -> {after}{f': {reason}' if reason else ''}"


def told(row: Matched) -> list[Difference]:
    """The numbers that count: exact ones before times, worst verdicts first. Without speeds, which
    follow from the time of a step."""
    counted = (each for each in row.differences if each.verdict in COUNTED)
    some = [each for each in counted if each.metric not in OF_STEP or not row.metric("step_ms")]
    return sorted(
        some, key=lambda each: (each.is_time, COUNTED.index(each.verdict), PLACES[each.metric])
    )


def first_told(row: Matched, is_unlike: bool) -> list[Difference]:
    """Of these the ones that people ask for; the first one where there is none of them."""
    every = told(row)
    leading = [each for each in every if each.metric in LEADING or each.is_time] or every[:1]
    return [*leading, *(also(row) if is_unlike else [])]


def also(row: Matched) -> list[Difference]:
    """What is shown without a verdict where machines are unlike: memory and the time of a step."""
    names = ("peak_alloc_bytes", "predicted_peak_bytes", "step_ms")
    found = (row.metric(name) for name in names)
    return [each for each in found if each is not None and each.verdict == "unjudged"]


def answer(comparison: Comparison) -> tuple[str, ...]:
    """In three sentences at most: what is exact, what is retrieved, the times, rows of one side."""
    return tuple(sentences(comparison)[:3])


def sentences(comparison: Comparison) -> list[str]:
    """All there is to say in a sentence, what matters most first."""
    before, after = comparison.before, comparison.after
    if not comparison.rows:
        near = any((each.note or "").startswith(NEAR) for each in comparison.only_before)
        hint = "; --any-protocol compares those that differ in their protocol alone" if near else ""
        return [f"Nothing compares: no row of {before.title} is in {after.title}{hint}."]
    unmatched = [
        f"{number(len(some), 'row')} {'is' if len(some) == 1 else 'are'} only in {side.title}"
        for some, side in ((comparison.only_before, before), (comparison.only_after, after))
        if some
    ]
    recalled = recalls_sentence(comparison)
    said = [
        first_sentence(comparison),
        recalled if comparison.moved else "",
        steps_sentence(comparison),
        f"{' and '.join(unmatched)}." if unmatched else "",
        "" if comparison.moved else recalled,
    ]
    return [sentence for sentence in said if sentence]


def first_sentence(comparison: Comparison) -> str:
    rows, worse = comparison.rows, comparison.worse
    total = number(len(rows), "row")
    if comparison.is_equal and any(comparison.unshared()):
        return f"Every number that both sides have is equal, as are the endings: {total}."
    if comparison.is_equal:
        return f"Everything is equal: {total} with the same endings and numbers."
    if worse:
        head = f"{len(worse)} of {total} got worse"
        return f"{head}; {'it is' if len(worse) == 1 else 'first'} {worst_text(worse[0])}."
    counts = Counter(row.exact for row in comparison.rows)
    parts = [f"{counts[each]} {WORDS[each]}" for each in ("better", "changed") if counts[each]]
    if parts:
        return f"Nothing got worse; of {total}, {' and '.join(parts)}."
    what = "Endings, memory, FLOPs and parameters"
    return f"{what} are the same in {'the row' if len(rows) == 1 else f'all {total}'}."


def worst_text(row: Matched) -> str:
    """The row, and of it the one thing that is worst."""
    if row.ending == "worse":
        return f"{row.label}, which ended {row.before.state} and now {row.after.state}"
    each = next(each for each in told(row) if each.verdict == "worse" and not each.is_time)
    return f"{row.label}, {head_of(each.metric)} {values_text(each)}, {each.text}"


def steps_sentence(comparison: Comparison) -> str:
    """`Steps: 3 slower, 1 faster, 14 within noise.`"""
    found = [row.metric("step_ms") for row in comparison.rows]
    counts = Counter(each.verdict for each in found if each is not None)
    parts = [f"{counts[each]} {TIME_WORDS[each]}" for each in TIME_WORDS if counts[each]]
    if not parts:
        return ""
    why = {each.why for each in found if each is not None and each.why is not None}
    because = f" ({'; '.join(sorted(why))})" if why else ""
    return f"Times of a step: {', '.join(parts)}{because}."


def recall_text(each: Recall) -> str:
    """One encoder in one line."""
    before, after = (100 * sum(some) / len(some) for some in (each.before, each.after))
    seeds = number(len(each.seeds), "seed")
    numbers = f"T2V R@1 {before:.1f} % -> {after:.1f} %, {each.text} over {seeds}"
    return f"{each.label}, {each.benchmark}: {numbers}: {RECALL_WORDS[each.verdict]}"


def recalls_sentence(comparison: Comparison) -> str:
    """Of all that both sides trained and asked; nothing where there is none."""
    every = comparison.recalls
    if not every:
        return ""
    same = sum(each.is_same for each in every)
    counts = Counter(each.verdict for each in comparison.moved)
    parts = [f"{same} the same"] if same else []
    parts += [f"{counts[each]} {RECALL_WORDS[each]}" for each in RECALL_WORDS if counts[each]]
    return f"T2V R@1, paired by seed: {', '.join(parts)}."


def unchanged_text(comparison: Comparison) -> str:
    """`14 rows without a change: 14 with times within noise`; nothing where all changed."""
    counts = Counter(row.verdict for row in comparison.unchanged)
    shared = " that both have" if any(comparison.unshared()) else ""
    words: tuple[tuple[Verdict | None, str], ...] = (
        (None, f"equal in every number{shared}"),
        ("told", "equal but for what is never judged"),
        ("noise", "with times within noise"),
        ("unjudged", "with numbers that are not judged"),
    )
    parts = [f"{counts[each]} {word}" for each, word in words if counts[each]]
    if not parts:
        return ""
    return f"{number(sum(counts.values()), 'row')} without a change: {', '.join(parts)}"
