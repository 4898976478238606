"""Predictions made up for the tests of figures."""

from vbench_mem.probes.prediction import Prediction

CATEGORIES = ("parameter", "gradient", "optimizer", "input", "activation", "temporary")


def prediction_of(peak: int, process: int | None = None, rest: int = 0) -> Prediction:
    """Of a card where `process` bytes are given; activations have what others leave."""
    parts = dict.fromkeys(CATEGORIES, peak // 16)
    parts["activation"] = peak - rest - 5 * (peak // 16)
    return Prediction(
        target="cpu" if process is None else "cuda",
        peak_bytes=peak,
        peak_phase="backward",
        build_bytes=0,
        steady_bytes=0,
        embed_peak_bytes=None,
        phases={"backward": peak},
        categories=parts,
        modules={},
        terms={},
        process_bytes=process,
    )
