"""The table that people read: few columns, in words. Used on the terminal and in the page.

Columns that no row has a value in are left out; table.csv has them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vbench_mem.join import Joined, Row
from vbench_mem.matrix.axes import SETTINGS, shown
from vbench_mem.metrics import METRICS, show
from vbench_mem.scores.metrics import SCORE_METRICS
from vbench_mem.scores.score import AnyScore

HEADS = {
    "predicted_peak_bytes": "predicted peak",
    "peak_alloc_bytes": "peak memory",
    "embed_peak_bytes": "peak embedding",
    "host_rss_bytes": "host memory",
    "step_gflop": "GFLOP/clip",
    "step_ms": "ms/step",
    "clips_per_s": "clips/s",
    "end_to_end_clips_per_s": "clips/s decoded",
    "mfu": "MFU",
    "energy_j_per_clip": "J/clip",
    "params": "parameters",
    "params_trained": "trained",
    "tokens_per_clip": "tokens",
    "tokens_trained_per_clip": "tokens trained",
}
SHORT = ("peak_alloc_bytes", "step_ms", "step_gflop", "params_trained")
LETTERS = {"recall_at_1": "R@1", "recall_at_5": "R@5", "recall_at_10": "R@10"}


@dataclass(frozen=True)
class Column:
    """`name` of the metric or score, its short heading, and its full meaning."""

    name: str
    head: str
    meaning: str
    is_score: bool = False
    is_published: bool = False


def load_axes(joined: Joined) -> list[str]:
    """Axes that vary and that the variant's own name does not tell."""
    inside = ("name", "spec", "recipe")
    return [name for name in joined.matrix.varying if SETTINGS[name].section not in inside]


def columns(joined: Joined, names: Sequence[str] = tuple(HEADS)) -> list[Column]:
    """Metrics among `names` that some row has, then every score."""
    present = [name for name in names if any(row.metric(name) is not None for row in joined.rows)]
    found = [Column(name, HEADS[name], _meaning(name)) for name in present]
    scores = {column: score for row in joined.rows for column, score in row.scores.items()}
    return found + [_score_column(scores[name]) for name in joined.score_columns]


def _meaning(name: str) -> str:
    return f"{name}: {METRICS[name].meaning} ({METRICS[name].unit})"


def _score_column(score: AnyScore) -> Column:
    what = LETTERS.get(score.metric, score.metric.replace("_", " "))
    head = f"{score.dataset} {score.direction.upper()} {what}"
    if score.origin != "measured":
        head += f" ({score.origin})"
    meaning = f"{SCORE_METRICS[score.metric].meaning}; {score.protocol}; {score.source}"
    return Column(score.column, head, meaning, True, score.origin == "published")


def cell_text(row: Row, column: Column) -> str:
    """The value as people read it; empty where there is none."""
    if not column.is_score:
        return show(column.name, row.metric(column.name))
    score = row.scores.get(column.name)
    if score is None:
        return ""
    is_share = SCORE_METRICS[score.metric].is_share
    return f"{100 * score.value:.1f} %" if is_share else f"{score.value:.4g}"


def why_empty(row: Row, column: Column) -> str:
    """The reason for an empty field."""
    if column.is_score:
        return "no such score is joined with this row"
    return row.why_missing(column.name)


def axis_text(row: Row, name: str) -> str:
    """A setting as it is written in a matrix."""
    return shown("", row.facts.get(name))[1:]
