"""FLOPs of a cell per clip, three ways: torch's counter, fvcore, and a closed form.

Counts products with weights and attention, at batch 1, without a device: it costs no memory and no
time in proportion to the cell. A training step is forward, backward, and what activation
checkpointing recomputes. Left out by all three: elementwise work, the optimiser, and the
similarities of clips and captions, whose work per clip grows with the batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vbench_mem.base.metrics import METRICS
from vbench_mem.base.units import significant
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.closed_form import ClosedForm, closed_form
from vbench_mem.probes.counting import counter_of
from vbench_mem.probes.fvcore_count import TracedMacs, count_fvcore
from vbench_mem.probes.measured import NO_STEP, Measured
from vbench_mem.probes.torch_count import Counts, PassFlops, count_torch
from vbench_mem.probes.uncounted import bare
from vbench_mem.probes.walk import Work

TOLERANCE = 0.005
STEP = tuple(name for name in METRICS if name.startswith("step_") and "gflop" in name)
BY_ALL = (
    "elementwise work, reductions, normalisations and lookups; the optimiser; the similarities of "
    "clips and captions, which grow with the batch"
)


@dataclass(frozen=True)
class FlopComparison:
    """One quantity by each counter that can count it."""

    closed: Work
    others: dict[str, Work]

    def ratios(self) -> dict[str, float]:
        """Each counter over the closed form."""
        return {name: work.gflop / self.closed.gflop for name, work in self.others.items()}

    def differences(self, what: str) -> list[str]:
        """One sentence for each counter that differs by more than the tolerance; empty if none."""
        return [
            f"{what}: {name} counts {significant(work.gflop, 4)} GFLOP and the closed form "
            f"{significant(self.closed.gflop, 4)}; {name} has {missing(self.closed - work)}"
            for name, work in self.others.items()
            if abs(work.gflop / self.closed.gflop - 1) > TOLERANCE
        ]


def missing(gap: Work) -> str:
    """`1.2 GFLOP of attention less`; a negative gap is more."""
    parts = {"products": 2 * gap.products / 1e9, "attention": 2 * gap.attention / 1e9}
    return " and ".join(
        f"{significant(abs(gflop), 4)} GFLOP of {kind} {'less' if gflop > 0 else 'more'}"
        for kind, gflop in parts.items()
        if gflop
    )


def torch_work(counts: Counts, math: bool) -> Work:
    """Multiply-adds by kind; the `math` kernel's attention is two batched products."""
    attention = sum(
        flop for name, flop in counts.items() if "attention" in name or (math and name == "bmm")
    )
    return Work((sum(counts.values()) - attention) // 2, attention // 2)


def fvcore_work(traced: TracedMacs) -> Work:
    attention = sum(macs for name, macs in traced.macs.items() if "attention" in name)
    return Work(sum(traced.macs.values()) - attention, attention)


def compare(
    cell: Cell,
    closed: ClosedForm,
    counted: Mapping[str, PassFlops],
    traced: Mapping[str, TracedMacs],
) -> dict[str, FlopComparison]:
    """Forward by three counters; training steps and unmasked embeddings by two."""
    math, result = cell.runtime.attention == "math", dict[str, FlopComparison]()
    for tower, walk in (("video", closed.video), ("text", closed.text)):
        forward = torch_work(counted[tower].forward, math)
        by_both = {"torch": forward, "fvcore": fvcore_work(traced[tower])}
        result[f"forward_{tower}"] = FlopComparison(walk.forward, by_both)
        if cell.load.mode == "train":
            step = forward + torch_work(counted[tower].backward, math)
            result[f"step_{tower}"] = FlopComparison(walk.step, {"torch": step})
    embed = torch_work(counted["embed"].forward, math)
    return result | {"embed_video": FlopComparison(closed.embed, {"torch": embed})}


def count_flops(cell: Cell) -> Measured:
    """Metrics in GFLOP and GMAC (1 GMAC = 2 GFLOP), and how far the counts agree.

    Raises `Uncounted` when a counter meets a product or an attention that it cannot count.
    """
    closed, counted, traced = closed_form(cell), count_torch(cell), count_fvcore(cell)
    compared = compare(cell, closed, counted, traced)
    measured = Measured()
    put_metrics(measured, compared, cell.load.frames)
    measured.details["flops"] = {
        "agreement": {what: each.ratios() for what, each in compared.items()},
        "disagreement": [
            line for what, each in compared.items() for line in each.differences(what)
        ],
        "left_out": left_out(counted, traced),
        "recomputed_gflop": (closed.video.recomputed + closed.text.recomputed).gflop,
        "counter": counter_of(batch=1),
    }
    return measured


def put_metrics(measured: Measured, compared: dict[str, FlopComparison], frames: int) -> None:
    """Metrics without a counter in their name are from torch's counter."""
    counted = {what: each.others["torch"].gflop for what, each in compared.items()}
    measured.put(**{f"{what}_gflop": gflop for what, gflop in counted.items()})
    measured.put(forward_video_gflop_per_frame=counted["forward_video"] / frames)
    for what in ("forward_video", "forward_text"):
        closed, traced = compared[what].closed, compared[what].others["fvcore"]
        measured.put(**{f"{what}_closed_gflop": closed.gflop})
        measured.put(**{f"{what}_fvcore_gmac": traced.gflop / 2})
    if "step_video" not in compared:
        measured.lack(NO_STEP, *STEP)
        return
    video, text = compared["step_video"], compared["step_text"]
    measured.put(
        step_gflop=(video.others["torch"] + text.others["torch"]).gflop,
        step_video_gflop_per_frame=counted["step_video"] / frames,
        step_closed_gflop=(video.closed + text.closed).gflop,
    )


def left_out(counted: Mapping[str, PassFlops], traced: Mapping[str, TracedMacs]) -> dict[str, Any]:
    """By counter: operations that it did not count, all of them negligible."""
    return {
        "all": BY_ALL,
        "torch": sorted({bare(name) for each in counted.values() for name in each.left_out}),
        "fvcore": sorted({bare(name) for each in traced.values() for name in each.left_out}),
        "fvcore_cannot": "a backward: it traces forwards only",
    }
