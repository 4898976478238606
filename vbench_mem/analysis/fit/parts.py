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
NAMED = 3  # parts in a sentence: more are not read
SMALLEST = 0.02  # of a peak: a part below it explains nothing


def parts_of(prediction: Prediction) -> dict[str, int]:
    """Bytes at the peak by part; what is kept outside of both towers counts with the videos.

    Check: they add up to `peak_bytes`.
    """
    found = dict.fromkeys((WEIGHTS, VIDEO, CAPTIONS, CLIPS, TEMPORARIES), 0)
    for path, held in prediction.modules.items():
        for category, size in held.items():
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
    return [name for name in names[:NAMED] if parts[name] >= SMALLEST * whole]


def share(parts: Mapping[str, int], name: str) -> str:
    return f"{100 * parts[name] / sum(parts.values()):.0f} %"


def times(more: int, less: int) -> str:
    return f"{more / less:.2f}x" if less else "not there"


def name_peak(name: str, prediction: Prediction) -> str:
    phase = PHASES.get(prediction.peak_phase, f"the {prediction.peak_phase}")
    return f"{name} peaks in {phase} at {format_bytes(prediction.peak_bytes)}"


def describe(name: str, prediction: Prediction) -> str:
    """The parts of one peak, largest first."""
    parts = parts_of(prediction)
    told = [f"{share(parts, part)} {part}" for part in main_parts(parts)]
    return f"{name_peak(name, prediction)}: {', '.join(told)}"


def compare_peaks(names: Sequence[str], predictions: Sequence[Prediction]) -> str:
    """The parts of the second peak, and how many times as much of each the first has."""
    more, less = (parts_of(prediction) for prediction in predictions)
    told = [
        f"{share(less, part)} {part} ({names[0]} has {times(more[part], less[part])})"
        for part in main_parts(less)
    ]
    return f"{name_peak(names[1], predictions[1])}: {', '.join(told)}"


def compare_layers(cells: Sequence[Cell], predictions: Sequence[Prediction]) -> str | None:
    """What one layer keeps in each; None where equally many keep something."""
    counts = [layers_kept(cell) for cell in cells]
    if len(set(counts)) == 1:
        return None
    told = []
    for cell, count, prediction in zip(cells, counts, predictions, strict=True):
        kept = sum(
            held.get("activation", 0)
            for path, held in prediction.modules.items()
            if path.startswith("video.blocks")
        )
        told.append(f"{count} layers of {cell.variant} keep {format_bytes(kept / count)} each")
    return ", ".join(told)


def layers_kept(cell: Cell) -> int:
    """Video layers that keep activations: all that gradients pass."""
    return cell.recipe.blocks or cell.table_spec.layers


def compare_growths(names: Sequence[str], predictions: Sequence[Prediction]) -> str:
    """What grows how much from B to L in two encoders, and how much of B's peak it is."""
    told = []
    for large in (0, 2):
        parts = [parts_of(predictions[large]), parts_of(predictions[large + 1])]
        grown = [
            f"{name} {times(parts[0][name], parts[1][name])} ({share(parts[1], name)} of B's peak)"
            for name in main_parts(parts[1])
        ]
        whole = times(predictions[large].peak_bytes, predictions[large + 1].peak_bytes)
        told.append(f"{names[large + 1]} grows {whole}: {', '.join(grown)}")
    return "; ".join(told)
