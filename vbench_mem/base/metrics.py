"""The table of metrics: every number that a record may have, with unit, direction and meaning.

Names end in their unit. Values are raw (bytes are whole, shares are 0 to 1); `show` formats them.
A metric that could not be measured is null in the record, with the reason in `missing`.
"""

from dataclasses import dataclass
from typing import Literal

from vbench_mem.base.units import format_bytes, significant

MEMORY = "peak_alloc_bytes"  # what "memory" is in figures, tables and budgets
PREDICTED_MEMORY = "predicted_peak_bytes"
Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True)
class Metric:
    name: str
    unit: str
    better: Better
    meaning: str


def predicted(*rows: tuple[str, str]) -> tuple[Metric, ...]:
    """Predicted bytes, computed without a device."""
    return tuple(Metric(f"predicted_{name}_bytes", "bytes", "lower", text) for name, text in rows)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        # size
        Metric("params", "parameters", "lower", "parameters of both towers"),
        Metric("params_video", "parameters", "lower", "of these, in the video tower"),
        Metric("params_text", "parameters", "lower", "of these, in the caption tower"),
        Metric("params_trained", "parameters", "neither", "parameters that training changes"),
        Metric("tokens_per_clip", "tokens", "lower", "space-time tokens of a clip, unmasked"),
        Metric("tokens_trained_per_clip", "tokens", "lower", "of these, seen by a training step"),
        # memory; the method of each is in the record's details
        *predicted(
            ("peak", "peak of a steady step, predicted without a device"),
            ("forward_peak", "of this: peak of the forward and the loss"),
            ("backward_peak", "of this: peak of the backward"),
            ("optimizer_peak", "of this: peak of the optimiser step"),
            ("steady", "predicted: allocated between two steps"),
            ("embed_peak", "predicted: allocated peak of embedding the batch, unmasked"),
            ("parameter", "predicted, at the peak: parameters"),
            ("gradient", "predicted, at the peak: gradients"),
            ("optimizer", "predicted, at the peak: optimiser state"),
            ("input", "predicted, at the peak: the batch"),
            ("activation", "predicted, at the peak: kept from forward for backward"),
            ("temporary", "predicted, at the peak: everything else"),
            ("reserved", "predicted: peak that the caching allocator holds"),
            ("process", "predicted: device memory of the process, with an assumed CUDA context"),
        ),
        Metric(
            "peak_alloc_bytes", "bytes", "lower", "allocated peak of a steady step, after warm-up"
        ),
        Metric("build_bytes", "bytes", "lower", "allocated after the encoder is built"),
        Metric(
            "forward_peak_bytes", "bytes", "lower", "allocated peak of the forward and the loss"
        ),
        Metric("backward_peak_bytes", "bytes", "lower", "allocated peak of the backward"),
        Metric("optimizer_peak_bytes", "bytes", "lower", "allocated peak of the optimiser step"),
        Metric("steady_bytes", "bytes", "lower", "allocated between two steps"),
        Metric(
            "embed_peak_bytes", "bytes", "lower", "allocated peak of embedding the batch, unmasked"
        ),
        Metric("parameter_bytes", "bytes", "lower", "at the peak: parameters"),
        Metric("gradient_bytes", "bytes", "lower", "at the peak: gradients"),
        Metric("optimizer_bytes", "bytes", "lower", "at the peak: optimiser state"),
        Metric("input_bytes", "bytes", "lower", "at the peak: the batch"),
        Metric("activation_bytes", "bytes", "lower", "at the peak: kept from forward for backward"),
        Metric("temporary_bytes", "bytes", "lower", "at the peak: everything else"),
        Metric("peak_reserved_bytes", "bytes", "lower", "peak that the caching allocator held"),
        Metric(
            "process_bytes", "bytes", "lower", "device memory of this process (NVML), largest seen"
        ),
        Metric(
            "device_bytes",
            "bytes",
            "lower",
            "device memory in use by all processes (NVML), largest seen",
        ),
        Metric(
            "host_rss_bytes", "bytes", "lower", "peak resident memory of the process on the host"
        ),
        # FLOPs per clip; 1 GMAC = 2 GFLOP
        Metric(
            "forward_video_gflop",
            "GFLOP",
            "lower",
            "video tower, forward of one clip with its mask",
        ),
        Metric("forward_text_gflop", "GFLOP", "lower", "caption tower, forward of one caption"),
        Metric("embed_video_gflop", "GFLOP", "lower", "video tower, unmasked forward of one clip"),
        Metric("forward_video_gflop_per_frame", "GFLOP", "lower", "video forward per frame"),
        Metric("step_gflop", "GFLOP", "lower", "forward and backward of one clip and its caption"),
        Metric("step_video_gflop", "GFLOP", "lower", "of these, in the video tower"),
        Metric("step_video_gflop_per_frame", "GFLOP", "lower", "the same per frame"),
        Metric("step_text_gflop", "GFLOP", "lower", "of the step, in the caption tower"),
        Metric("forward_video_closed_gflop", "GFLOP", "lower", "video forward, closed form"),
        Metric("forward_text_closed_gflop", "GFLOP", "lower", "caption forward, closed form"),
        Metric("step_closed_gflop", "GFLOP", "lower", "training step, closed form"),
        Metric("forward_video_fvcore_gmac", "GMAC", "lower", "video forward, fvcore"),
        Metric("forward_text_fvcore_gmac", "GMAC", "lower", "caption forward, fvcore"),
        # speed
        Metric("step_ms", "ms", "lower", "one step on the device, median"),
        Metric("step_p10_ms", "ms", "lower", "one step, 10th percentile"),
        Metric("step_p90_ms", "ms", "lower", "one step, 90th percentile"),
        Metric("clips_per_s", "clips/s", "higher", "batch over the median step"),
        Metric("frames_per_s", "frames/s", "higher", "frames over the median step"),
        Metric("tokens_per_s", "tokens/s", "higher", "unmasked tokens over the median step"),
        Metric("end_to_end_clips_per_s", "clips/s", "higher", "with decoding and transfer"),
        Metric("decode_ms", "ms", "lower", "decoding and resizing a batch, median"),
        Metric("transfer_ms", "ms", "lower", "moving a batch to the device, median"),
        Metric("achieved_tflop_per_s", "TFLOP/s", "higher", "step FLOPs over the median step"),
        Metric(
            "mfu", "share", "higher", "achieved FLOP/s over the device's dense peak at this dtype"
        ),
        Metric("compile_s", "s", "lower", "first step of a compiled encoder"),
        # energy
        Metric(
            "energy_j_per_clip",
            "J",
            "lower",
            "device energy over the timed steps, idle power included",
        ),
        Metric("idle_power_w", "W", "neither", "device power before the burst"),
        # input and training
        Metric(
            "clips_padded", "clips", "neither", "clips shorter than requested, last frame repeated"
        ),
        Metric("captions_truncated", "captions", "neither", "captions longer than caption_tokens"),
        Metric("loss_first", "nats", "neither", "loss of the first step"),
        Metric("loss_last", "nats", "neither", "loss of the last step"),
    )
}

PREDICTED = tuple(name for name in METRICS if name.startswith("predicted_"))


def show(name: str, value: float | None) -> str:
    """A metric's value for people: `6.40 GiB`, `41.2 ms`, `38.1 %`, or an empty text for null."""
    if value is None:
        return ""
    unit = METRICS[name].unit
    if unit == "bytes":
        return format_bytes(value)
    if unit == "share":
        return f"{100 * value:.1f} %"
    if isinstance(value, int):
        return f"{value:,}"
    return significant(value, 4)
