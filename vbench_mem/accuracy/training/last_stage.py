"""The last stage of a cell's training, from its initial weights to a checkpoint on disk.

Beside the checkpoint are a snapshot to resume from, while it trains, and then the training's
result: a cell that is killed after its training does not train again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from vbench_mem.accuracy.training.clip_cache import decoder
from vbench_mem.accuracy.training.feed import PairFeed
from vbench_mem.accuracy.training.losses import Loss
from vbench_mem.accuracy.training.seeds import seed_of
from vbench_mem.accuracy.training.snapshot import Snapshots
from vbench_mem.accuracy.training.stage import StageRun
from vbench_mem.accuracy.training.step import Stepper
from vbench_mem.accuracy.training.trained import (
    StageResult,
    TrainingResult,
    beside,
    definition_of,
    facts_of,
    objective_of,
    read_trained,
    write_trained,
)
from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.encoders.build import build
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.machine.host import cpu_cores
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import resident
from vbench_mem.probes.device import resolve
from vbench_mem.probes.train_step import Enter, fix_arithmetic, quiet
from vbench_mem.weights.checkpoint import Checkpoint, load_into, read_checkpoint, save_checkpoint
from vbench_mem.weights.find import weights_sha256
from vbench_mem.weights.initialise import carry, initialise
from vbench_mem.weights.report import Report

SNAPSHOT_EVERY_S = 30.0


def train_last_stage(
    cell: Cell,
    benchmarks: Sequence[Benchmark],
    *,
    parent: Path | None,
    checkpoint: Path,
    enter: Enter = quiet,
    snapshot_every_s: float = SNAPSHOT_EVERY_S,
) -> TrainingResult:
    """Train the cell's encoder in the last of its stages and write the checkpoint.

    benchmarks  the training pairs of `cell.training.sources`, in their order
    parent      the checkpoint of the stage before; without one the training's `init`, or random
                weights

    Sets torch's threads and arithmetic for this process. Without stages the given weights are
    written unchanged. Raises `UsageError` for files that cannot be used, `Diverged`, and torch's
    errors when memory runs out.
    Check:  killed anywhere and called again, the file is the same bytes (on a CPU).
    """
    training = cell.training
    assert training is not None
    source = None if parent is None else read_checkpoint(parent)
    above = None if source is None else source.sha256
    definition = definition_of(cell, above, torch.__version__)
    device, threads = resolve(cell.runtime.device), cell.runtime.threads or cpu_cores()
    torch.set_num_threads(threads)  # also where only an existing checkpoint is evaluated
    fix_arithmetic()
    snapshot = beside(checkpoint, "snapshot")
    before = read_trained(checkpoint, definition)
    if before is not None:
        snapshot.unlink(missing_ok=True)
        return before
    result = None
    resident.reset_peak()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with deterministic(device):
        enter("build")
        torch.manual_seed(seed_of(training.seed, "weights"))
        with device:
            encoder = build(cell.table_spec, cell.recipe, cell.load, cell.runtime)
        start, loss = initial_weights(encoder, cell, source)
        if training.stages:
            snapshots = Snapshots(snapshot, definition, snapshot_every_s)
            result = last_stage(cell, encoder, loss, benchmarks, snapshots, enter)
    peak, peak_source = peak_of(device)
    enter("checkpoint")
    weights = list(encoder.parameters())
    trained_weights = [] if result is None else [each for each in weights if each.requires_grad]
    bias = None if loss.bias is None else loss.bias.item()
    sha256 = save_checkpoint(
        checkpoint,
        encoder,
        spec=cell.table_spec,
        recipe=cell.recipe,
        load=cell.load,
        facts=facts_of(cell, above, bias),
    )
    trained = TrainingResult(
        checkpoint=checkpoint,
        sha256=sha256,
        definition=definition,
        stage=result,
        start=None if start is None else start.as_json(),
        parameters=sum(each.numel() for each in weights),
        trained_parameters=sum(each.numel() for each in trained_weights),
        threads=threads,
        peak_bytes=peak,
        peak_source=peak_source,
    )
    write_trained(trained)
    snapshot.unlink(missing_ok=True)
    return trained


def last_stage(
    cell: Cell,
    encoder: DualEncoder,
    loss: Loss,
    benchmarks: Sequence[Benchmark],
    snapshots: Snapshots,
    enter: Enter,
) -> StageResult:
    training = cell.training
    assert training is not None
    stage = training.stages[-1]
    feed = PairFeed(
        stage,
        benchmarks,
        decode=decoder(cell.load, training.sampling),
        words=cell.table_spec.text,
        caption_tokens=cell.load.caption_tokens,
        seed=training.seed,
        allow_broken=[each.allow_missing for each in training.sources],
        threads=cell.runtime.threads or cpu_cores(),
    )
    stepper = Stepper(stage, encoder, loss, cell.runtime, training.seed)
    return StageRun(stage, stepper, feed, snapshots, enter).run()


def initial_weights(
    encoder: DualEncoder, cell: Cell, source: Checkpoint | None
) -> tuple[Report | None, Loss]:
    """Load the initial weights of a training, and make the loss of its last stage.

    Temperature and bias are kept where the stage before had the same loss, and else start with the
    loss's defaults: those of one loss have no meaning in the other.
    """
    training = cell.training
    assert training is not None
    assert (source is not None) == (len(training.stages) > 1), "a stage goes on from the one before"
    objective = training.stages[-1].objective if training.stages else "info_nce"
    loss, report = Loss(objective).to(encoder.logit_scale.device), None
    if source is not None:
        report = carry(source, encoder)
        if objective_of(source.facts) == objective:
            if loss.bias is not None:
                torch.nn.init.constant_(loss.bias, source.facts["bias"])
            return report, loss
    elif training.init is not None:
        init = Path(training.init)
        if training.init_sha256 not in (None, weights_sha256(init)):
            raise UsageError(
                f"{init}: has changed since the matrix was read; run the same command again to "
                "start from it as it is now"
            )
        report = initialise(
            *(encoder, cell.table_spec, cell.load, init),
            allow=training.allow,
            as_is=not training.stages,
        )
        if objective == "info_nce":  # weights of a pair include their temperature
            return report, loss
        if loss.bias is not None and report.bias is not None:
            torch.nn.init.constant_(loss.bias, report.bias)
            return report, loss
    loss.start(encoder.logit_scale)
    return report, loss


def encoder_of(checkpoint: Path, cell: Cell) -> DualEncoder:
    """The cell's encoder with the weights of its own checkpoint, on the cell's device."""
    with resolve(cell.runtime.device):
        encoder = build(cell.table_spec, cell.recipe, cell.load, cell.runtime)
    load_into(read_checkpoint(checkpoint), encoder)
    return encoder


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Deterministic operations on a CPU; a card keeps its faster ones."""
    settings: Any = torch.utils.deterministic
    before, fills = torch.are_deterministic_algorithms_enabled(), settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(device.type == "cpu")
    # filling memory that is overwritten anyway would cost a tenth of a small step
    settings.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        settings.fill_uninitialized_memory = fills


def peak_of(device: torch.device) -> tuple[int, str]:
    """Peak memory since the last reset, in bytes, and where it was read."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device), "CUDA allocator"
    return resident.peak_bytes()
