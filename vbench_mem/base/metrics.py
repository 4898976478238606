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


def rows(unit: str, better: Better = "lower", /, **meanings: str) -> dict[str, Metric]:
    """Metrics of one unit by name, with their meanings."""
    return {name: Metric(name, unit, better, text) for name, text in meanings.items()}


METRICS: dict[str, Metric] = {
    # size
    **rows(
        "parameters",
        params="parameters of both towers",
        params_video="of these, in the video tower",
        params_text="of these, in the caption tower",
    ),
    **rows("parameters", "neither", params_trained="parameters that training changes"),
    **rows(
        "tokens",
        tokens_per_clip="space-time tokens of a clip, unmasked",
        tokens_trained_per_clip="of these, seen by a training step",
    ),
    # predicted without a device
    **rows(
        "bytes",
        predicted_peak_bytes="peak of a steady step, predicted without a device",
        predicted_forward_peak_bytes="of this: peak of the forward and the loss",
        predicted_backward_peak_bytes="of this: peak of the backward",
        predicted_optimizer_peak_bytes="of this: peak of the optimiser step",
        predicted_steady_bytes="predicted: allocated between two steps",
        predicted_embed_peak_bytes="predicted: allocated peak of embedding the batch, unmasked",
        predicted_parameter_bytes="predicted, at the peak: parameters",
        predicted_gradient_bytes="predicted, at the peak: gradients",
        predicted_optimizer_bytes="predicted, at the peak: optimiser state",
        predicted_input_bytes="predicted, at the peak: the batch",
        predicted_activation_bytes="predicted, at the peak: kept from forward for backward",
        predicted_temporary_bytes="predicted, at the peak: everything else",
        predicted_reserved_bytes="predicted: peak that the caching allocator holds",
        predicted_process_bytes="predicted: device memory of the process, with an assumed CUDA "
        "context",
    ),
    # memory; the method of each is in the record's details
    **rows(
        "bytes",
        peak_alloc_bytes="allocated peak of a steady step, after warm-up",
        build_bytes="allocated after the encoder is built",
        forward_peak_bytes="allocated peak of the forward and the loss",
        backward_peak_bytes="allocated peak of the backward",
        optimizer_peak_bytes="allocated peak of the optimiser step",
        steady_bytes="allocated between two steps",
        embed_peak_bytes="allocated peak of embedding the batch, unmasked",
        parameter_bytes="at the peak: parameters",
        gradient_bytes="at the peak: gradients",
        optimizer_bytes="at the peak: optimiser state",
        input_bytes="at the peak: the batch",
        activation_bytes="at the peak: kept from forward for backward",
        temporary_bytes="at the peak: everything else",
        peak_reserved_bytes="peak that the caching allocator held",
        process_bytes="device memory of this process (NVML), largest seen",
        device_bytes="device memory in use by all processes (NVML), largest seen",
        host_rss_bytes="peak resident memory of the process on the host",
    ),
    # FLOPs per clip; 1 GMAC = 2 GFLOP
    **rows(
        "GFLOP",
        forward_video_gflop="video tower, forward of one clip with its mask",
        forward_text_gflop="caption tower, forward of one caption",
        embed_video_gflop="video tower, unmasked forward of one clip",
        forward_video_gflop_per_frame="video forward per frame",
        step_gflop="forward and backward of one clip and its caption",
        step_video_gflop="of these, in the video tower",
        step_video_gflop_per_frame="the same per frame",
        step_text_gflop="of the step, in the caption tower",
        forward_video_closed_gflop="video forward, closed form",
        forward_text_closed_gflop="caption forward, closed form",
        step_closed_gflop="training step, closed form",
    ),
    **rows(
        "GMAC",
        forward_video_fvcore_gmac="video forward, fvcore",
        forward_text_fvcore_gmac="caption forward, fvcore",
    ),
    # speed
    **rows(
        "ms",
        step_ms="one step on the device, median",
        step_p10_ms="one step, 10th percentile",
        step_p90_ms="one step, 90th percentile",
    ),
    **rows("clips/s", "higher", clips_per_s="batch over the median step"),
    **rows("frames/s", "higher", frames_per_s="frames over the median step"),
    **rows("tokens/s", "higher", tokens_per_s="unmasked tokens over the median step"),
    **rows("clips/s", "higher", end_to_end_clips_per_s="with decoding and transfer"),
    **rows(
        "ms",
        decode_ms="decoding and resizing a batch, median",
        transfer_ms="moving a batch to the device, median",
    ),
    **rows("TFLOP/s", "higher", achieved_tflop_per_s="step FLOPs over the median step"),
    **rows("share", "higher", mfu="achieved FLOP/s over the device's dense peak at this dtype"),
    **rows("s", compile_s="first step of a compiled encoder"),
    # energy
    **rows("J", energy_j_per_clip="device energy over the timed steps, idle power included"),
    **rows("W", "neither", idle_power_w="device power before the burst"),
    # input and training
    **rows("clips", "neither", clips_padded="clips shorter than requested, last frame repeated"),
    **rows("captions", "neither", captions_truncated="captions longer than caption_tokens"),
    **rows("nats", "neither", loss_first="loss of the first step"),
    **rows("nats", "neither", loss_last="loss of the last step"),
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
