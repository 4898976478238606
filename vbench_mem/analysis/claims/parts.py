"""What a predicted peak is made of, and sentences that compare two of them. No torch."""

from collections.abc import Mapping, Sequence

from vbench_mem.base.units import format_bytes
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Prediction

WEIGHTS = "weights, gradients and optimiser state"
VIDEO = "the video tower's activations"
CAPTIONS = "the caption tower's activations"
CLIPS = "the batch"
TEMPORARIES = "temporaries"
REST = "rounding and workspaces"
STATE = ("parameter", "gradient", "optimizer")
PHASES = {"optimizer": "the optimiser step", "embed": "the embedding"}
MOST_PARTS = 3  # in a sentence
SMALLEST = 0.02  # of a peak: a part below it explains nothing


def parts_of(prediction: Prediction) -> dict[str, int]:
    """Bytes at the peak by part, which add up to `peak_bytes`; activations outside of both towers
    count with the videos."""
    found = dict.fromkeys((WEIGHTS, VIDEO, CAPTIONS, CLIPS, TEMPORARIES), 0)
    for path, sizes in prediction.modules.items():
        for category, size in sizes.items():
            if category in STATE:
                found[WEIGHTS] += size
            elif category == "activation":
                found[CAPTIONS if path.partition(".")[0] == "text" else VIDEO] += size
            else:
                found[CLIPS if category == "input" else TEMPORARIES] += size
    return found | {REST: prediction.peak_bytes - sum(found.values())}


def main_parts(parts: Mapping[str, int]) -> list[str]:
    """The largest parts, largest first."""
    whole = sum(parts.values())
    names = sorted(parts, key=lambda name: -parts[name])
    return [name for name in names[:MOST_PARTS] if parts[name] >= SMALLEST * whole]


def share(parts: Mapping[str, int], name: str) -> str:
    return f"{100 * parts[name] / sum(parts.values()):.0f} %"


def times(more: int, less: int) -> str:
    return f"{more / less:.2f}x" if less else "none"


def name_peak(name: str, prediction: Prediction) -> str:
    phase = PHASES.get(prediction.peak_phase, f"the {prediction.peak_phase}")
    return f"{name} peaks in {phase} at {format_bytes(prediction.peak_bytes)}"


def describe(name: str, prediction: Prediction) -> str:
    """The parts of one peak, largest first."""
    parts = parts_of(prediction)
    shares = ", ".join(f"{share(parts, part)} {part}" for part in main_parts(parts))
    return f"{name_peak(name, prediction)}: {shares}"


def compare_peaks(names: Sequence[str], predictions: Sequence[Prediction]) -> str:
    """The parts of the second peak, and how many times as much of each the first has."""
    more, less = (parts_of(prediction) for prediction in predictions)
    shares = ", ".join(
        f"{share(less, part)} {part} ({names[0]} has {times(more[part], less[part])})"
        for part in main_parts(less)
    )
    return f"{name_peak(names[1], predictions[1])}: {shares}"


def compare_layers(cells: Sequence[Cell], predictions: Sequence[Prediction]) -> str | None:
    """What one layer keeps in each; None where gradients pass equally many layers."""
    counts = [cell.recipe.blocks or cell.table_spec.layers for cell in cells]
    if len(set(counts)) == 1:
        return None
    texts = []
    for cell, count, prediction in zip(cells, counts, predictions, strict=True):
        kept = sum(
            sizes.get("activation", 0)
            for path, sizes in prediction.modules.items()
            if path.startswith("video.blocks")
        )
        texts.append(f"{count} layers of {cell.variant} keep {format_bytes(kept / count)} each")
    return ", ".join(texts)


def compare_growths(names: Sequence[str], predictions: Sequence[Prediction]) -> str:
    """How much each part grows from the small to the large of two encoders, given large first."""
    texts = []
    for large in (0, 2):
        more, less = (parts_of(predictions[place]) for place in (large, large + 1))
        grown = ", ".join(
            f"{name} {times(more[name], less[name])} ({share(less, name)} of the small one's peak)"
            for name in main_parts(less)
        )
        whole = times(predictions[large].peak_bytes, predictions[large + 1].peak_bytes)
        texts.append(f"{names[large + 1]} grows {whole}: {grown}")
    return "; ".join(texts)
