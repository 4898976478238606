"""Columns of the main table of rows, on the terminal and in the report.

Empty columns are left out, and scores of trained encoders other than R@1; table.csv has them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.measured import DIRECTIONS, GENERATED, MeasuredScore
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.analysis.spread import score_text
from vbench_mem.base.metrics import MEMORY, METRICS, show
from vbench_mem.base.score_metrics import SCORE_METRICS, Direction
from vbench_mem.matrix.axes import SETTINGS, shown

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
# For rows without a record; in a record only the peak is predicted.
PREDICTED = {
    "predicted_peak_bytes": "predicted peak",
    "predicted_embed_peak_bytes": "predicted peak embedding",
    "predicted_process_bytes": "predicted process",
}
LETTERS = {"recall_at_1": "R@1", "recall_at_5": "R@5", "recall_at_10": "R@10"}


@dataclass(frozen=True)
class OverviewColumn:
    """`name` of the metric or score, `head`: short heading. `is_trained`: a score of encoders
    trained here, over seeds."""

    name: str
    head: str
    meaning: str
    is_score: bool = False
    is_published: bool = False
    is_trained: bool = False


def load_axes(joined: Joined) -> list[str]:
    """Varying axes that are not part of the variant's name."""
    inside = ("name", "spec", "recipe")
    return [name for name in joined.matrix.varying if SETTINGS[name].section not in inside]


def columns(
    joined: Joined,
    names: Sequence[str] = tuple(HEADS),
    directions: Sequence[Direction] = DIRECTIONS,
) -> list[OverviewColumn]:
    """Metrics among `names` that some row has (without records those of `PREDICTED`), and scores:
    R@1 of trained encoders in `directions` after the memory, all others at the end."""
    if joined.rows and not joined.records:
        names = tuple(PREDICTED)
    heads = HEADS | PREDICTED
    found = []
    for name in names:
        if any(row.metric(name) is not None for row in joined.rows):
            meaning = f"{name}: {METRICS[name].meaning} ({METRICS[name].unit})"
            found.append(OverviewColumn(name, heads[name], meaning))
    scores: dict[str, list[AnyScore]] = {}
    for row in joined.rows:
        for column, score in row.scores.items():
            scores.setdefault(column, []).append(score)
    scored = [
        score_column(scores[name])
        for name in joined.score_columns
        if not isinstance(score := scores[name][0], MeasuredScore)
        or (score.metric == "recall_at_1" and score.direction in directions)
    ]
    beside = 1 + max((i for i, each in enumerate(found) if each.name == MEMORY), default=-1)
    trained = [column for column in scored if column.is_trained]
    others = [column for column in scored if not column.is_trained]
    return [*found[:beside], *trained, *found[beside:], *others]


def score_column(some: Sequence[AnyScore]) -> OverviewColumn:
    """The column of one score of several rows."""
    score = some[0]
    what = LETTERS.get(score.metric, score.metric.replace("_", " "))
    head = f"{score.dataset.removeprefix(GENERATED)} {score.direction.upper()} {what}"
    about = f"{SCORE_METRICS[score.metric].meaning}; {score.dataset}; {score.protocol}"
    meaning = f"{about}; {score.source}"
    seeds = [len(each.seeds) for each in some if isinstance(each, MeasuredScore)]
    if seeds:
        few, many = min(seeds), max(seeds)
        head += f", {f'{few} to {many}' if few < many else few} seed{'' if many == 1 else 's'}"
        meaning += "; mean over seeds ± standard deviation"
    elif score.origin != "measured":
        head += f" ({score.origin})"
    return OverviewColumn(
        score.column, head, meaning, True, score.origin == "published", is_trained=bool(seeds)
    )


def cell_text(row: Row, column: OverviewColumn) -> str:
    """The value as text; empty if it is missing."""
    if not column.is_score:
        return show(column.name, row.metric(column.name))
    score = row.scores.get(column.name)
    return "" if score is None else score_text(score)


def why_empty(row: Row, column: OverviewColumn) -> str:
    """The reason for an empty field."""
    if not column.is_score:
        return row.why_missing(column.name)
    if not column.is_trained:
        return "no such score is joined with this row"
    bad = next((each for each in row.trainings if each.reason is not None), None)
    if bad is not None:
        return f"training: {bad.status.value}: {bad.reason}"
    return "not trained"


def axis_text(row: Row, name: str) -> str:
    """A setting as it is written in a matrix."""
    return shown("", row.facts.get(name))[1:]
