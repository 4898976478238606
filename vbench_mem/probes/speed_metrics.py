"""From timed steps to the metrics of a record: medians, rates, and the share of the dense peak."""

from dataclasses import asdict

import numpy as np

from vbench_mem.encoders.custom import NOT_TOLD, Custom
from vbench_mem.machine.cards import dense_peak
from vbench_mem.machine.peaks import share_of_peak
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.measured import Measured
from vbench_mem.probes.speed import TimedSteps

CLIPS_METRICS = ("decode_ms", "transfer_ms", "end_to_end_clips_per_s")
MFU_METRICS = ("achieved_tflop_per_s", "mfu")


def percentile(values: list[float], percent: float) -> float:
    """Between the two nearest values, linearly."""
    return float(np.percentile(values, percent))


def speed_metrics(cell: Cell, timed: TimedSteps, clock: str) -> Measured:
    """All metrics of the time pass but those that need a FLOP count."""
    found, load = Measured(), cell.load
    median = percentile(timed.step_ms, 50)
    per_s = 1000 * load.batch / median
    found.put(
        step_ms=median,
        step_p10_ms=percentile(timed.step_ms, 10),
        step_p90_ms=percentile(timed.step_ms, 90),
        clips_per_s=per_s,
        frames_per_s=per_s * load.frames,
    )
    if isinstance(cell.spec, Custom):
        found.lack(NOT_TOLD, "tokens_per_s")
    else:
        found.put(tokens_per_s=per_s * cell.spec.tokens(load))
    found.take("energy_j_per_clip", *timed.energy)
    found.details |= {
        "clock": clock,
        "steps_ms": timed.step_ms,
        "energy_window": {"steps": timed.energy_steps, "seconds": timed.energy_s},
    }
    if load.input == "noise":
        found.lack("noise is made on the device: no clip is decoded or moved", *CLIPS_METRICS)
    else:
        put_input(found, timed, load.batch)
    return found


def put_input(found: Measured, timed: TimedSteps, batch: int) -> None:
    """Decoding, transfer and compute took turns, so they add up to the wall time."""
    found.put(
        decode_ms=percentile([cost.decode_ms for cost in timed.costs], 50),
        end_to_end_clips_per_s=batch * len(timed.step_ms) / timed.wall_s,
    )
    moves = [cost.transfer_ms for cost in timed.costs if cost.transfer_ms is not None]
    if moves:
        found.put(transfer_ms=percentile(moves, 50))
    else:
        found.lack("clips are decoded into the memory of the cpu that computes", "transfer_ms")
    found.details["input"] = {
        "order": "decode, transfer, normalise and step take turns: nothing is prefetched",
        "transfer": "uint8 frames out of pageable memory",
        "batches": [asdict(cost) for cost in timed.costs],
    }


def put_share_of_peak(found: Measured, cell: Cell, device_name: str) -> None:
    """From the FLOPs and the median step in `found`.

    Work done (recomputed activations included) gives TFLOP/s; the share of the peak counts only
    what the mathematics needs, as MFU is defined. Raises `ArithmeticError` above the peak.
    """
    numbers = found.metrics
    train, step_ms = cell.load.mode == "train", numbers["step_ms"]
    if train:
        parts = [numbers["step_gflop"]]
    elif isinstance(cell.spec, Custom):  # some of its work is outside of the towers
        parts = [found.details["flops"].get("embed_gflop")]
    else:
        parts = [numbers["embed_video_gflop"], numbers["forward_text_gflop"]]
    if step_ms is None or any(part is None for part in parts):
        found.lack("the FLOPs or the time of a step are missing", *MFU_METRICS)
        return
    gflop = sum(part for part in parts if part is not None)
    recomputed = found.details["flops"]["recomputed_gflop"] if train else 0.0
    per_s = cell.load.batch / step_ms  # clips per ms, so GFLOP of a clip become TFLOP/s
    found.put(achieved_tflop_per_s=gflop * per_s)
    peak, source = dense_peak(device_name, cell.runtime.dtype)
    if peak is None:
        found.lack(source, "mfu")
        return
    share_of_peak(gflop * per_s, peak)  # the work done cannot exceed the peak either
    found.put(mfu=share_of_peak((gflop - recomputed) * per_s, peak))
    found.details["dense_peak"] = {
        "device": device_name,
        "dtype": cell.runtime.dtype,
        "tflop_per_s": peak,
        "source": source,
        "mfu_leaves_out_gflop": recomputed,
    }
