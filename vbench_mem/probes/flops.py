"""FLOPs of a cell per clip, three ways: torch's counter, fvcore, and a closed form.

Counts products with weights and attention, at batch 1, without a device: it costs no memory and no
time in proportion to the cell. A training step is forward, backward, and what activation
checkpointing recomputes. Left out by all three: elementwise work, the optimiser, and the
similarities of clips and captions, whose work per clip grows with the batch.
"""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from vbench_mem.base.units import significant
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.closed_form import ClosedForm, closed_form
from vbench_mem.probes.fvcore_count import FvcoreCount, TracedMacs, count_fvcore
from vbench_mem.probes.measured import NO_STEP, Measured
from vbench_mem.probes.torch_count import Counts, TorchCount, count_torch
from vbench_mem.probes.uncounted import bare
from vbench_mem.probes.walk import Work

TOLERANCE = 0.005
STEP = (
    "step_gflop",
    "step_video_gflop",
    "step_video_gflop_per_frame",
    "step_text_gflop",
    "step_closed_gflop",
)
BY_ALL = (
    "elementwise work, reductions, normalisations and lookups; the optimiser; the similarities of "
    "clips and captions, which grow with the batch"
)


@dataclass(frozen=True)
class FlopComparison:
    """One quantity by each counter that can count it."""

    closed: Work
    torch: Work
    fvcore: Work | None = None

    @property
    def others(self) -> dict[str, Work]:
        found = {"torch": self.torch, "fvcore": self.fvcore}
        return {name: work for name, work in found.items() if work is not None}

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
    cell: Cell, closed: ClosedForm, counted: TorchCount, traced: FvcoreCount
) -> dict[str, FlopComparison]:
    """Forward by three counters; training steps and unmasked embeddings by two."""
    math = cell.runtime.attention == "math"
    video, text = (torch_work(tower.forward, math) for tower in (counted.video, counted.text))
    result = {
        "forward_video": FlopComparison(closed.video.forward, video, fvcore_work(traced.video)),
        "forward_text": FlopComparison(closed.text.forward, text, fvcore_work(traced.text)),
        "embed_video": FlopComparison(closed.embed, torch_work(counted.embed.forward, math)),
    }
    if cell.load.mode == "train":
        video_step = video + torch_work(counted.video.backward, math)
        text_step = text + torch_work(counted.text.backward, math)
        result["step_video"] = FlopComparison(closed.video.step, video_step)
        result["step_text"] = FlopComparison(closed.text.step, text_step)
    return result


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
        "counter": {"torch": version("torch"), "fvcore": version("fvcore"), "batch": 1},
    }
    return measured


def put_metrics(measured: Measured, compared: dict[str, FlopComparison], frames: int) -> None:
    """Metrics without a counter in their name are from torch's counter."""
    video, text = compared["forward_video"], compared["forward_text"]
    assert video.fvcore is not None and text.fvcore is not None
    measured.put(
        forward_video_gflop=video.torch.gflop,
        forward_text_gflop=text.torch.gflop,
        embed_video_gflop=compared["embed_video"].torch.gflop,
        forward_video_gflop_per_frame=video.torch.gflop / frames,
        forward_video_closed_gflop=video.closed.gflop,
        forward_text_closed_gflop=text.closed.gflop,
        forward_video_fvcore_gmac=video.fvcore.gflop / 2,
        forward_text_fvcore_gmac=text.fvcore.gflop / 2,
    )
    if "step_video" not in compared:
        measured.lack(NO_STEP, *STEP)
        return
    step_video, step_text = compared["step_video"], compared["step_text"]
    measured.put(
        step_gflop=(step_video.torch + step_text.torch).gflop,
        step_video_gflop=step_video.torch.gflop,
        step_video_gflop_per_frame=step_video.torch.gflop / frames,
        step_text_gflop=step_text.torch.gflop,
        step_closed_gflop=(step_video.closed + step_text.closed).gflop,
    )


def left_out(counted: TorchCount, traced: FvcoreCount) -> dict[str, Any]:
    """By counter: operations that it did not count, all of them negligible."""
    passes, traces = (counted.video, counted.text, counted.embed), (traced.video, traced.text)
    return {
        "all": BY_ALL,
        "torch": sorted({bare(name) for each in passes for name in each.left_out}),
        "fvcore": sorted({bare(name) for each in traces for name in each.left_out}),
        "fvcore_cannot": "a backward: it traces forwards only",
    }
