"""Is a difference for better or worse?

Memory, FLOPs, parameters and tokens are exact: one byte is a change. Times are judged by the bands
of their steps, and what is made of them as they are. What a machine decides besides is only told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vbench_mem.analysis.budgets.growth import changes_of, explain_growth
from vbench_mem.analysis.compare.bands import FEWEST, OF_FLOP, OF_STEP, TIMES, band_of
from vbench_mem.analysis.compare.differences import Difference, Matched, Verdict
from vbench_mem.analysis.compare.pairing import Pair
from vbench_mem.analysis.compare.side import Item
from vbench_mem.base.metrics import METRICS
from vbench_mem.running.record import RowState, Status

PEAK = "predicted_peak_bytes"
# Never judged, only `told`, with the reason.
TOLD = {
    "host_rss_bytes": "libraries and the page cache are in it",
    "device_bytes": "what others hold on the device is in it",
    "process_bytes": "looked at from time to time, with the driver's own memory",
    "energy_j_per_clip": "a counter of the whole device, idle power included",
    "idle_power_w": "of the device, before anything is run",
    "compile_s": "one compilation, which finds caches or not",
    "loss_first": "of the arithmetic, not of the cost",
    "loss_last": "of the arithmetic, not of the cost",
}
PLACES = {name: place for place, name in enumerate(METRICS)}
BANDS = ("step_p10_ms", "step_p90_ms")  # the band itself


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On which the sides can be compared.

    is_unlike   the machines are, so that no time is judged
    is_counted  memory was counted by the same rules on both
    """

    is_unlike: bool = False
    is_counted: bool = True


def match(pair: Pair, terms: Terms) -> Matched:
    before, after = pair.before, pair.after
    return Matched(
        label=pair.label,
        before=before,
        after=after,
        ending=ending_of(before.state, after.state),
        differences=tuple(differences_of(before, after, terms)),
        why=modules_of(before, after),
    )


def ending_of(before: str, after: str) -> Verdict | None:
    if before == after or RowState.PREDICTED in (before, after):
        return None
    if Status.OK not in (before, after):
        return "changed"
    return "worse" if before == Status.OK else "better"


def differences_of(before: Item, after: Item, terms: Terms) -> Iterator[Difference]:
    """In the order of the metric table; what only one side knows is no difference."""
    both = sorted(before.metrics.keys() & after.metrics.keys(), key=PLACES.__getitem__)
    step: Difference | None = None
    if "step_ms" in both:
        step = judged(difference("step_ms", before, after), before, after, terms)
    for name in both:
        if before.metrics[name] == after.metrics[name] or name in BANDS:
            continue
        each = difference(name, before, after)
        if name == "step_ms" and step is not None:
            yield step
        elif name in OF_STEP:
            yield as_step(each, step, before, after)
        else:
            yield judged(each, before, after, terms)


def difference(name: str, before: Item, after: Item) -> Difference:
    """Not judged yet."""
    return Difference(
        metric=name,
        before=before.metrics[name],
        after=after.metrics[name],
        verdict="changed",
    )


def judged(each: Difference, before: Item, after: Item, terms: Terms) -> Difference:
    if each.metric in TOLD:
        return replace(each, verdict="told", why=TOLD[each.metric])
    if each.metric in TIMES:
        return judged_time(each, before, after, terms)
    if METRICS[each.metric].unit == "bytes" and (why := other_rules(each, before, after, terms)):
        return replace(each, verdict="unjudged", why=why)
    return replace(each, verdict=direction(each))


def other_rules(each: Difference, before: Item, after: Item, terms: Terms) -> str | None:
    """Why bytes of the two sides do not compare."""
    if each.metric.startswith("predicted_"):
        targets = [item.entry.target for item in (before, after) if item.entry is not None]
        if len(set(targets)) > 1:
            return f"predicted for {targets[0]} there, for {targets[1]} here"
        return None
    return None if terms.is_counted else "memory of a card and of a host is counted by other rules"


def direction(each: Difference) -> Verdict:
    """For better or worse, by the metric's own direction."""
    better = METRICS[each.metric].better
    if better == "neither":
        return "changed"
    return "better" if (each.change < 0) == (better == "lower") else "worse"


def judged_time(each: Difference, before: Item, after: Item, terms: Terms) -> Difference:
    old, new = band_of(before.record, each.metric), band_of(after.record, each.metric)
    bands = (old, new) if old is not None and new is not None else None
    each = replace(each, bands=bands)
    if terms.is_unlike:
        return replace(each, verdict="unjudged", why="timed on unlike machines")
    if bands is None:
        return replace(each, verdict="unjudged", why="the times of the steps were not kept")
    fewest = min(band.count for band in bands)
    if fewest < FEWEST:
        steps = "1 step was" if fewest == 1 else f"{fewest} steps were"
        return replace(each, verdict="unjudged", why=f"{steps} timed, {FEWEST} are needed")
    return replace(each, verdict="noise" if bands[0].overlaps(bands[1]) else direction(each))


def as_step(each: Difference, step: Difference | None, before: Item, after: Item) -> Difference:
    """A speed is judged as the time of the step that it is made of, and where it counts work too,
    only while the work is the same."""
    if step is None:
        return replace(each, verdict="unjudged", why="the time of a step is not there")
    work = [item.metrics.get("step_gflop") for item in (before, after)]
    if each.metric in OF_FLOP and work[0] != work[1]:
        return replace(each, verdict="unjudged", why="a step does other work")
    if each.metric == "tokens_per_s" and len({tokens(item) for item in (before, after)}) > 1:
        return replace(each, verdict="unjudged", why="a clip has other tokens")
    if step.verdict in ("worse", "better"):
        return replace(each, verdict=direction(each))
    return replace(each, verdict=step.verdict, why=step.why)


def tokens(item: Item) -> int | float | None:
    return item.metrics.get("tokens_per_clip")


def modules_of(before: Item, after: Item) -> tuple[str, ...]:
    """Which modules grew at the predicted peak, as `check` says it."""
    old, new = before.entry, after.entry
    if old is None or new is None or old.target != new.target:
        return ()
    if before.metrics.get(PEAK) == after.metrics.get(PEAK):
        return ()
    return tuple(explain_growth(old, new, changes_of(old, new, PEAK)))
