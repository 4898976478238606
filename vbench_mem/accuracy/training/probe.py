"""Runs a training cell: trains its last stage and, for `accuracy`, evaluates retrieval.

All results go into the details of a record; a training has no metrics, since bursts measure the
costs of its steps.
"""

import dataclasses
from pathlib import Path
from typing import Any

from vbench_mem.accuracy.retrieval.evaluate import evaluate
from vbench_mem.accuracy.training.embed import Embedder
from vbench_mem.accuracy.training.last_stage import encoder_of, train_last_stage
from vbench_mem.accuracy.training.trained import checkpoint_path
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.machine.host import cpu_cores
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.lineage import parent
from vbench_mem.matrix.open_sources import ceilings_of, open_source
from vbench_mem.matrix.training import Source
from vbench_mem.probes.measured import Measured
from vbench_mem.probes.train_step import Enter

WEIGHTS = ("checkpoint", "sha256")  # kept apart from the training's details


def run_training(cell: Cell, folder: Path, enter: Enter) -> Measured:
    """Train the last stage of a cell; checkpoints are in `folder`, by cell id.

    Raises `UsageError` for files that cannot be used, `FloatingPointError` for a training that
    diverges, and torch's errors when memory runs out.
    """
    training = cell.training
    assert training is not None
    enter("data")
    above = parent(cell)
    trained = train_last_stage(
        cell,
        [open_source(source) for source in training.sources],
        parent=None if above is None else checkpoint_path(folder, above.id),
        checkpoint=checkpoint_path(folder, cell.id),
        enter=enter,
    )
    found = Measured()
    result = trained.as_dict()
    if result["start"] is not None:  # the folder is one machine's own
        result["start"]["path"] = Path(result["start"]["path"]).name
    found.details["checkpoint"] = {"file": trained.checkpoint.name, "sha256": trained.sha256}
    stage = result.pop("stage") or {}
    found.details["training"] = stage | {
        name: result[name] for name in result if name not in WEIGHTS
    }
    if cell.probe == "accuracy":
        encoder = encoder_of(trained.checkpoint, cell)
        found.details["results"] = [
            result_of(cell, encoder, source, enter) for source in training.evaluate
        ]
    return found


def result_of(cell: Cell, encoder: DualEncoder, source: Source, enter: Enter) -> dict[str, Any]:
    """Retrieval scores of an encoder on one benchmark, JSON-ready."""
    training = cell.training
    assert training is not None
    # of the training: it fits with a graph, so also without
    batch = training.stages[-1].micro_batch if training.stages else None
    enter(f"data of {source.name}")
    benchmark = open_source(source)
    embedder = Embedder(
        encoder=encoder,
        load=cell.load,
        runtime=cell.runtime,
        sampling=training.sampling,
        batch=batch or cell.load.batch,
        # on a host that embeds, threads are enough; a card would wait for decoding
        workers=cpu_cores() if encoder.logit_scale.is_cuda else 0,
    )
    embedded = embedder.embed(
        benchmark, seed=training.seed, allow_missing=source.allow_missing, enter=enter
    )
    enter(f"ranking {benchmark.name}")
    evaluation = evaluate(
        embedded.video_VE,
        embedded.text_CE,
        embedded.benchmark,
        convention=source.convention,
        permuted_VE=embedded.permuted_VE,
        similarity=encoder.similarity,
        seed=training.seed,
    )
    return {
        **facts_of(embedded.benchmark),
        "truncated": embedded.truncated,
        "throughput": dataclasses.asdict(embedded.throughput),
        "ceilings": [dataclasses.asdict(each) for each in ceilings_of(source, cell.load.frames)],
        "evaluation": dataclasses.asdict(evaluation),
    }


def facts_of(benchmark: Benchmark) -> dict[str, Any]:
    """Facts of a benchmark, without its clips and captions."""
    names = ("name", "split", "protocol", "sha256", "gallery_size")
    return {name: getattr(benchmark, name) for name in names} | {
        "captions": len(benchmark.captions),
        "dropped": [dataclasses.asdict(each) for each in benchmark.dropped],
    }
