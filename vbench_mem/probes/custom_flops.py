"""FLOPs of a user's own encoder, per clip: torch's formulas over a run on fake tensors.

At the cell's own batch, since the code may treat its batch in any way; the similarities of clips
and captions are left out, as everywhere. Never fails a burst: a number that cannot be counted is
null with a reason. If a product has no formula there is no number, since it would be too small.
"""

import re
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import torch

from vbench_mem.base.errors import error_summary
from vbench_mem.base.metrics import METRICS
from vbench_mem.encoders.build import build
from vbench_mem.encoders.custom import NO_CLOSED_FORM, Custom
from vbench_mem.encoders.wrapped import NO_TOWER
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.counting import counter_of, one_caption, one_clip, without_fast_path
from vbench_mem.probes.fake import formula_of
from vbench_mem.probes.fvcore_count import count_traced
from vbench_mem.probes.measured import NO_STEP, Measured
from vbench_mem.probes.predict import trace_once
from vbench_mem.probes.trace import Trace
from vbench_mem.probes.uncounted import bare, overloads_of, refuse_unknown

TOWERS = ("video", "text")
SIMILARITY = "similarity"  # of clips and captions: left out, as everywhere
FLOP = [name for name, metric in METRICS.items() if metric.unit == "GFLOP"]
CLOSED = [name for name in FLOP if "closed" in name]
COUNTED = [name for name in FLOP if "closed" not in name]
FVCORE = {name: f"forward_{name}_fvcore_gmac" for name in TOWERS}
# what the trainer's optimiser and loss scaler do, not the user's code
UPDATE = re.compile(r"aten\.(_foreach_|_fused_adamw|_amp_)|profiler\.")


def count_custom(cell: Cell) -> Measured:
    """Every metric of FLOPs, as a number or with the reason why there is none."""
    assert isinstance(cell.spec, Custom)
    found = Measured()
    found.details["flops"] = {
        "recomputed_gflop": 0.0,
        "recomputed": "what the encoder recomputes by itself counts as work, in mfu too",
        "counter": counter_of(cell.load.batch),
    }
    found.lack(NO_CLOSED_FORM, *CLOSED)
    put_counted(found, cell)
    put_fvcore(found, cell)
    return found


def put_counted(found: Measured, cell: Cell) -> None:
    """From a run on fake tensors, on which the user's code may fail."""
    try:
        trace = trace_once(replace(cell, runtime=replace(cell.runtime, compile=False)), None)
        operations = (name for name in trace.operations if not UPDATE.match(name))
        left_out = [
            name for name in operations if not any(map(formula_of, overloads_of(bare(name))))
        ]
        refuse_unknown("the count of FLOPs", left_out)
    except Exception as error:
        found.lack(f"not counted: {error_summary(error)}", *COUNTED)
        found.details["flops"]["not_counted"] = traceback.format_exc()
        return
    found.details["flops"]["left_out"] = sorted({bare(name) for name in left_out})
    frames, train = cell.load.frames, cell.load.mode == "train"
    embed = PhaseFlops(trace, cell, ["embed"], 0)
    forward = PhaseFlops(trace, cell, ["forward"], trace.steady) if train else embed
    step = PhaseFlops(trace, cell, ["forward", "backward"], trace.steady)
    put(found, "video", embed.video, embed_video_gflop=1)
    divisors = {"forward_video_gflop": 1, "forward_video_gflop_per_frame": frames}
    put(found, "video", forward.video, **divisors)
    put(found, "text", forward.text, forward_text_gflop=1)
    found.details["flops"] |= {"embed_gflop": embed.all, "forward_gflop": forward.all}
    if not train:
        found.lack(NO_STEP, *(name for name in COUNTED if name.startswith("step")))
        return
    found.put(step_gflop=step.all)
    found.details["flops"]["step_outside_towers_gflop"] = step.outside
    put(found, "video", step.video, step_video_gflop=1, step_video_gflop_per_frame=frames)
    put(found, "text", step.text, step_text_gflop=1)


def put(found: Measured, tower: str, gflop: float | None, **divisors: int) -> None:
    """Metrics by name: the number divided by that of `divisors`, or the reason for all."""
    for name, divisor in divisors.items():
        value = None if gflop is None else gflop / divisor
        found.take(name, value, NO_TOWER.format(tower))


class PhaseFlops:
    """GFLOP per clip of some phases of one step; None for a tower that the encoder lacks."""

    def __init__(self, trace: Trace, cell: Cell, phases: Iterable[str], step: int) -> None:
        chosen = {(phase, step) for phase in phases}
        by_module: Counter[str] = Counter()
        for (number, path), flop in trace.flops.items():
            counts = path and path.partition(".")[0] != SIMILARITY  # the loss is in no module
            if counts and trace.timeline.marks[number][:2] in chosen:
                by_module[path] += flop
        self.by_module, self.clips = by_module, cell.load.batch
        self.modules = {path for _, path in trace.flops} | set(trace.owner_modules.values())
        self.all = self.gflop(by_module)
        self.video, self.text = map(self.of, TOWERS)

    def gflop(self, paths: Iterable[str]) -> float:
        return sum(self.by_module[path] for path in paths) / 1e9 / self.clips

    def of(self, tower: str) -> float | None:
        if not any(in_tower(path, tower) for path in self.modules):
            return None
        return self.gflop([path for path in self.by_module if in_tower(path, tower)])

    @property
    def outside(self) -> float:
        """In neither tower: projections and fusions beside them."""
        towers = [path for path in self.by_module for name in TOWERS if in_tower(path, name)]
        return self.gflop(self.by_module.keys() - set(towers))


def in_tower(path: str, tower: str) -> bool:
    return f"{path}.".startswith(f"inner.{tower}.")


def put_fvcore(found: Measured, cell: Cell) -> None:
    """A trace of the whole forward at batch 1, where the code can be built without a device."""
    try:
        with without_fast_path(), torch.device("meta"):
            runtime = replace(cell.runtime, attention="auto")
            encoder = build(cell.spec, cell.recipe, cell.load, runtime)
            encoder.train(cell.load.mode == "train")
            traced = count_traced(encoder, (one_clip(cell.load), *one_caption(cell.load)))
    except Exception as error:
        found.lack(f"not traced by fvcore: {error_summary(error)}", *FVCORE.values())
        return
    for name, metric in FVCORE.items():
        tower = encoder.video if name == "video" else encoder.text
        macs = traced.modules.get(f"inner.{name}", 0)
        found.take(metric, macs / 1e9 if tower is not None else None, NO_TOWER.format(name))
    found.details["flops"]["forward_fvcore_gmac"] = sum(traced.macs.values()) / 1e9
