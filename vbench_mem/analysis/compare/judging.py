"""Verdicts on differences: exact ones of memory, FLOPs, parameters and tokens; of times by bands of
their steps, of speeds like the step time. What depends on the machine's state is never judged."""

from collections.abc import Iterator
from dataclasses import replace

from vbench_mem.analysis.budgets.growth import explain_growth
from vbench_mem.analysis.compare.bands import FEWEST, OF_FLOP, OF_STEP, TIMES, band_of
from vbench_mem.analysis.compare.differences import Difference, Judgement, Matched
from vbench_mem.analysis.compare.side import Item
from vbench_mem.base.metrics import METRICS
from vbench_mem.running.record import RowState, Status

PEAK = "predicted_peak_bytes"
# Never judged, only shown; each with the reason.
INFORMATIONAL = {
    "host_rss_bytes": "includes libraries and the page cache",
    "device_bytes": "includes other processes on the device",
    "process_bytes": "sampled, includes memory of the driver",
    "energy_j_per_clip": "a counter of the whole device, idle power included",
    "idle_power_w": "of the device before the run",
    "compile_s": "depends on compilation caches",
    "loss_first": "a result, not a cost",
    "loss_last": "a result, not a cost",
}
# Rates of work, judged only where the work is the same.
WORK = (
    (OF_FLOP, "step_gflop", "FLOPs of a step"),
    (("tokens_per_s",), "tokens_per_clip", "tokens of a clip"),
)
BANDS = ("step_p10_ms", "step_p90_ms")  # the band itself


def match(row: Matched, *, is_unlike: bool, is_counted: bool) -> Matched:
    """The row with its verdicts.

    is_unlike   the machines differ, so no time is judged
    is_counted  memory was counted by the same rules on both sides
    """
    every = {each.metric: each for each in unjudged_differences(row.before, row.after)}
    found = {
        name: judged(each, row, is_unlike=is_unlike, is_counted=is_counted)
        for name, each in every.items()
        if name not in OF_STEP
    }
    differences = (
        found[name] if name in found else as_step(each, found.get("step_ms"), row)
        for name, each in every.items()
        if each.before != each.after and name not in BANDS
    )
    return replace(
        row,
        ending=ending_of(row.before.state, row.after.state),
        differences=tuple(differences),
        why=modules_of(row.before, row.after),
    )


def ending_of(before: str, after: str) -> Judgement | None:
    if before == after or RowState.PREDICTED in (before, after):
        return None
    if Status.OK not in (before, after):
        return Judgement.CHANGED
    return Judgement.WORSE if before == Status.OK else Judgement.BETTER


def unjudged_differences(before: Item, after: Item) -> Iterator[Difference]:
    """In the order of the metric table, of metrics that both sides have."""
    for name in (name for name in METRICS if name in before.metrics and name in after.metrics):
        old, new = before.metrics[name], after.metrics[name]
        yield Difference(metric=name, before=old, after=new, verdict=Judgement.CHANGED)


def judged(each: Difference, row: Matched, *, is_unlike: bool, is_counted: bool) -> Difference:
    if each.metric in INFORMATIONAL:
        return replace(each, verdict=Judgement.INFORMATIONAL, why=INFORMATIONAL[each.metric])
    if each.metric in TIMES:
        return judged_time(each, row, is_unlike)
    is_bytes = METRICS[each.metric].unit == "bytes"
    if is_bytes and (why := other_rules(each, row, is_counted)):
        return unjudged(each, why)
    return replace(each, verdict=direction(each))


def unjudged(each: Difference, why: str) -> Difference:
    return replace(each, verdict=Judgement.UNJUDGED, why=why)


def other_rules(each: Difference, row: Matched, is_counted: bool) -> str | None:
    """Why bytes of the two sides do not compare."""
    if each.metric.startswith("predicted_"):
        targets = [item.entry.target for item in (row.before, row.after) if item.entry]
        if len(set(targets)) > 1:
            return f"A is predicted for {targets[0]}, B for {targets[1]}"
        return None
    return None if is_counted else "GPU and host memory are counted by different rules"


def direction(each: Difference) -> Judgement:
    """For better or worse, by the metric's own direction."""
    better = METRICS[each.metric].better
    if better == "neither":
        return Judgement.CHANGED
    return Judgement.BETTER if (each.change < 0) == (better == "lower") else Judgement.WORSE


def judged_time(each: Difference, row: Matched, is_unlike: bool) -> Difference:
    old, new = (band_of(item.record, each.metric) for item in (row.before, row.after))
    bands = (old, new) if old is not None and new is not None else None
    each = replace(each, bands=bands)
    if is_unlike:
        return unjudged(each, "timed on unlike machines")
    if bands is None:
        return unjudged(each, "no times of single steps were recorded")
    fewest = min(band.count for band in bands)
    if fewest < FEWEST:
        return unjudged(each, f"timed steps: {fewest}, {FEWEST} are needed")
    verdict = Judgement.NOISE if bands[0].overlaps(bands[1]) else direction(each)
    return replace(each, verdict=verdict)


def as_step(each: Difference, step: Difference | None, row: Matched) -> Difference:
    """A speed gets the verdict of the step time."""
    if step is None:
        return unjudged(each, "no step time")
    for names, base, what in WORK:
        if each.metric in names and row.before.metrics.get(base) != row.after.metrics.get(base):
            return unjudged(each, f"the {what} differ")
    if step.verdict in (Judgement.WORSE, Judgement.BETTER):
        return replace(each, verdict=direction(each))
    return replace(each, verdict=step.verdict, why=step.why)


def modules_of(before: Item, after: Item) -> tuple[str, ...]:
    """Modules that grew at the predicted peak, in the words of `check`."""
    old, new = before.entry, after.entry
    if old is None or new is None or old.target != new.target:
        return ()
    if before.metrics.get(PEAK) == after.metrics.get(PEAK):
        return ()
    return tuple(explain_growth(old, new, PEAK))
