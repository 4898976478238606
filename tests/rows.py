"""Hand-made matrices, records and scores for the tests of what comes out."""

from pathlib import Path
from typing import Any

from vbench_mem.analysis.join import Joined, join
from vbench_mem.analysis.scores.score import Score
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix, load_matrix
from vbench_mem.running.record import Failure, Record, Status

GIB = 2**30
MACHINE = Environment(
    fingerprint="0123abcd",
    device="a card",
    facts={"gpu_memory_bytes": 16 * GIB, "host_memory_bytes": 64 * GIB, "git_dirty": None},
    packages={"torch": "9.9"},
)
TEXT = """
about: does masking pay?
axes:
  encoder: [joint_test, frame_mean_test]
  recipe: [full, mask75]
  frames: [4, 8]
  batch: 2
"""


def matrix_of(folder: Path, text: str = TEXT, name: str = "small") -> Matrix:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return load_matrix(path)


def pick(matrix: Matrix, label: str) -> Cell:
    (cell,) = [cell for cell in matrix.cells if matrix.label(cell) == label]
    return cell


def ok(cell: Cell, peak: int | None = 3 * GIB, **metrics: Any) -> Record:
    return Record(
        cell_id=cell.id,
        cell=cell,
        status=Status.OK,
        metrics={"peak_alloc_bytes": peak, **metrics},
        environment=MACHINE,
        wall_s=1.5,
    )


def oom(cell: Cell, asked: int = 3 * GIB, **failure: Any) -> Record:
    return Record(
        cell_id=cell.id,
        cell=cell,
        status=Status.OOM,
        reason=f"device out of memory in backward, {asked / GIB:.2f} GiB requested",
        failure=Failure(phase="backward", where="device", bytes_requested=asked, **failure),
        metrics={"params": 7},
        environment=MACHINE,
    )


def pruned(cell: Cell, by: Cell) -> Record:
    return Record(
        cell_id=cell.id,
        cell=cell,
        status=Status.SKIPPED,
        reason=f"out of memory at frames={by.load.frames} batch={by.load.batch} already",
        pruned_by=by.id,
        environment=MACHINE,
    )


def skipped_as_oom(cell: Cell, needed: int = 95 * GIB, limit: int = 16 * GIB) -> Record:
    """Predicted not to fit, and so not tried."""
    return Record(
        cell_id=cell.id,
        cell=cell,
        status=Status.SKIPPED,
        reason=f"predicted: {needed / GIB:.2f} GiB does not fit {limit / GIB:.2f} GiB of a card",
        failure=Failure(phase="backward", where="device", bytes_limit=limit),
        predicted_bytes=needed,
        metrics={"predicted_peak_bytes": needed},
        environment=MACHINE,
    )


def score(variant: str = "joint_test", value: float = 0.4, **fields: Any) -> Score:
    known = {
        "size": "test",
        "frames": 4,
        "mask_ratio": 0.0,
        "dataset": "msr-vtt",
        "direction": "t2v",
        "metric": "recall_at_1",
        "protocol": "zero-shot",
        "origin": "imported",
        "source": "somebody's run",
    }
    return Score(variant=variant, value=value, **(known | fields))


def joined_of(matrix: Matrix, *records: Record, scores: tuple[Score, ...] = ()) -> Joined:
    return join(matrix, {record.cell_id: record for record in records}, scores)


def result(recall: float = 0.5, name: str = "generated-temporal", **fields: Any) -> dict[str, Any]:
    """What a training retrieves of a benchmark, as its record has it: T2V R@1, the rest from it."""

    def one_way(first: float) -> dict[str, Any]:
        metrics = {
            "recall_at_1": first,
            "recall_at_5": min(1.0, 2 * first),
            "recall_at_10": min(1.0, 3 * first),
            "median_rank": max(1.0, round(1 / max(first, 0.01))),
        }
        low, high = max(0.0, first - 0.04), min(1.0, first + 0.04)
        chance = {"recall_at_1": 0.01, "recall_at_5": 0.05, "recall_at_10": 0.1}
        return {
            "metrics": metrics,
            "intervals": {"recall_at_1": (low, high)},
            "chance": chance,
            "queries": 100,
            "gallery_size": 100,
        }

    def sane(first: float) -> dict[str, dict[str, float]]:
        return {way: one_way(first)["metrics"] for way in ("t2v", "v2t")}

    ceiling = {"value": 0.0, "random_ties_value": 0.25, "reason": "100 clips have 25 looks"}
    facts = {
        "name": name,
        "split": "held-out",
        "protocol": "held-out; generated, size small",
        "sha256": f"da{len(name):02}" * 16,
        "gallery_size": 100,
        "captions": 100,
        "truncated": 0,
        "dropped": [],
        "ceilings": [
            {"kind": "frame-order-invariant", "metric": "t2v_recall_at_1", **ceiling},
            {"kind": "one-frame", "metric": "t2v_recall_at_1", **ceiling},
        ],
        "evaluation": {
            "dataset": name,
            "seed": 0,
            "resamples": 1000,
            "convention": "every_caption",
            "t2v": one_way(recall),
            "v2t": one_way(max(recall - 0.02, 0.0)),
            "sanity": {"shuffled": sane(0.01), "frames_permuted": sane(0.2), "constant": sane(0.0)},
        },
    }
    return facts | fields


def trained(cell: Cell, *results: dict[str, Any], **facts: Any) -> Record:
    """The record of a training, or of a stage that others go on from, that ended well."""
    assert cell.training is not None
    stage, seed = cell.training.stages[-1], cell.training.seed
    losses = tuple(3 * 0.97**step + 0.1 * seed for step in range(stage.steps))
    course = {
        "stage": stage.name,
        "steps": stage.steps,
        "batch": stage.batch,
        "curve": {"every": 1, "losses": losses, "gradient_norms": losses},
        "seconds": 12.5 + seed,
        "clips_seen": stage.steps * stage.batch,
        "repeated": 3,
        "truncated": 0,
        "skipped": 0,
        "broken": [],
        "resumed": [],
        "notes": [],
    }
    details: dict[str, Any] = {
        "checkpoint": {"file": f"{cell.id}.safetensors", "sha256": f"c4{seed}e" * 16},
        "training": course | facts,
    }
    if cell.probe == "accuracy":
        details["results"] = list(results)
    return ok(cell).model_copy(update={"metrics": {}, "details": details})
