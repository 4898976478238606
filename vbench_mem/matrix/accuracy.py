"""The `accuracy` section of a matrix: which rows are trained, in which stages, on what data.

Each selected row is trained once for every seed, with the row's variant, frames and resolution, so
that a score belongs to the encoder whose memory was measured. Trains nothing itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field

from vbench_mem.base.errors import UsageError, placed
from vbench_mem.base.load import Dtype, Runtime
from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.variants import check_variant
from vbench_mem.matrix.axes import EXAMPLE_ENCODER, facts, names_of, unknown_row
from vbench_mem.matrix.captions import tokenizer_of_init
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.matrix.conditions import check_when, matches
from vbench_mem.matrix.lineage import lineage
from vbench_mem.matrix.open_sources import resolve_init
from vbench_mem.matrix.resolve import with_kind
from vbench_mem.matrix.sources import Written, complete, held_out
from vbench_mem.matrix.training import Sampling, Share, Source, Stage, StageConfig, Training
from vbench_mem.weights.report import check_allow


@dataclass(frozen=True, kw_only=True)
class StageFile(StageConfig):
    """A stage as written.

    frames       of a clip; 1 is a stage on images; the last stage of a row has the row's frames
    from_frames  only rows of at least so many frames have this stage
    recipe       by name; the last stage of a row has the row's recipe
    """

    __pydantic_config__ = STRICT

    frames: Annotated[int, Field(ge=1)] | None = None
    from_frames: Annotated[int, Field(ge=2)] | None = None
    recipe: str | None = None


class AccuracyFile(BaseModel):
    """Which rows are trained and evaluated, and on what.

    where     conditions on rows, as in a budget; none means all
    train     tasks of the generated benchmark by name, or files of annotations
    evaluate  the same; none means the held-out pairs of `train`
    size      of generated tasks without one; `noise` likewise, in training only
    threads   of each training; on a CPU several trainings run at once, as many as there are cores
    init      weights to start from instead of random ones: a local folder or file. An encoder that
              reads captions as a published model does (`text.tokenizer: file`) takes its caption
              tower from there too, and the tokenizer in the same folder: tokenizer.json, or
              vocab.json and merges.txt; another one is `text.tokenizer_file` under axes. Without
              stages these weights are evaluated as they are
    """

    model_config = STRICT

    where: dict[str, Any] = {}
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=1)] = [0]
    train: list[Written] = []
    evaluate: Annotated[list[Written], Field(min_length=1)] | None = None
    size: str = "small"
    noise: Share = 0.0
    sampling: Sampling = "first"
    stages: list[StageFile] = []
    init: str | None = None
    allow: list[str] = []
    dtype: Dtype = "float32"
    threads: Annotated[int, Field(ge=1)] = 1
    timeout_s: Annotated[float, Field(gt=0)] = 3600.0


WORDS = {
    ("accuracy",): tuple(AccuracyFile.model_fields),
    ("accuracy", "stages", "*"): tuple(names_of(StageFile)),
    ("accuracy", "train", "*"): tuple(names_of(Source)),
    ("accuracy", "evaluate", "*"): tuple(names_of(Source)),
}


@dataclass(frozen=True)
class Accuracy:
    """All trainings of a matrix.

    cells    the last stage of each training with its evaluation, in the order of the rows
    stages   the earlier stages, each before those that continue it; equal ones are shared
    of_row   ids of `cells` by id of the row's cell, one for each seed
    """

    cells: tuple[Cell, ...]
    stages: tuple[Cell, ...]
    of_row: Mapping[str, tuple[str, ...]]

    @property
    def all(self) -> tuple[Cell, ...]:
        """All trainings, each after the stage that it continues."""
        return (*self.stages, *self.cells)


def derive(file: AccuracyFile, rows: Iterable[Cell], folder: Path) -> Accuracy:
    """The trainings of the rows that `where` selects; raises `UsageError` with the place."""
    with placed("accuracy.where."):
        wanted = check_when(file.where)
    chosen = [cell for cell in rows if matches(facts(cell), wanted)]
    if not chosen:
        raise UsageError("accuracy.where: matches no row of this matrix; correct it")
    base = base_training(file, folder)
    cells: dict[str, Cell] = {}
    of_row: dict[str, tuple[str, ...]] = {}
    for row in chosen:
        trained = [training_of(row, file, base, seed) for seed in file.seeds]
        cells |= {cell.id: cell for cell in trained}
        ids = tuple(cell.id for cell in trained)
        if of_row.setdefault(row.id, ids) != ids:
            why = f"{row.variant} with noise is the same at every fps; train rows of input: clips"
            raise UsageError(f"accuracy.where: {why}")
    stages = {stage.id: stage for cell in cells.values() for stage in lineage(cell)}
    return Accuracy(tuple(cells.values()), tuple(stages.values()), of_row)


def base_training(file: AccuracyFile, folder: Path) -> Training:
    """What all trainings of the matrix share: everything except stages and seed.

    Raises `UsageError` for what no row could have.
    """
    if len(set(file.seeds)) < len(file.seeds):
        raise UsageError(f"accuracy.seeds: {file.seeds} has one twice; write each once")
    if not file.stages and file.init is None:
        raise UsageError("accuracy.stages: is empty; write stages, or init to evaluate weights")
    if file.stages and not file.train:
        raise UsageError("accuracy.train: is empty; write what to train on, like [spatial]")
    if not file.stages and file.evaluate is None:
        raise UsageError("accuracy.evaluate: is missing; without stages it must be written")
    for number, stage in enumerate(file.stages):
        where = f"accuracy.stages[{number}]"
        if stage.name in [earlier.name for earlier in file.stages[:number]]:
            raise UsageError(f"{where}.name: an earlier stage is called '{stage.name}'; rename it")
        if stage.batch < len(file.train):
            few = f"{stage.batch} is less than one pair from each of {len(file.train)} sources"
            raise UsageError(f"{where}.batch: {few}; use a larger one")
    if file.allow and file.init is None:
        raise UsageError("accuracy.allow: has no effect without init; write init, or leave it out")
    with placed("accuracy."):
        check_allow(tuple(file.allow))
    trained = complete(file.train, "train", folder, size=file.size, noise=file.noise)
    evaluated = held_out(file.train) if file.evaluate is None else file.evaluate
    return Training(
        sources=trained if file.stages else (),
        stages=(),
        evaluate=complete(evaluated, "evaluate", folder, size=file.size),
        sampling=file.sampling,
        allow=tuple(file.allow),
        **resolve_init(file.init, folder),
    )


def training_of(row: Cell, file: AccuracyFile, base: Training, seed: int) -> Cell:
    """The cell that trains and evaluates the encoder of a row."""
    if isinstance(row.spec, Custom):
        raise UsageError(
            f"accuracy.where: {row.spec.build}: an encoder of your own cannot be trained for "
            f"accuracy; select others, like where: {{encoder: {EXAMPLE_ENCODER}}}"
        )
    stages = stages_of(row, file)
    for stage in stages:
        if stage.feeds != "images":
            load = replace(row.load, frames=stage.frames)
            with placed(f"accuracy.stages: {row.variant}, {stage.name}: ", ValueError):
                check_variant(row.spec, stage.recipe, load, None)
    batch = stages[-1].batch if stages else row.load.batch
    load = replace(
        row.load, mode="train", input="noise", clips=None, clips_sha256=None, batch=batch
    )
    return Cell(
        probe="accuracy",
        encoder=row.encoder,
        recipe_name=row.recipe_name,
        spec=tokenizer_of_init(row, base),
        recipe=row.recipe,
        load=load,
        # fused: the fastest AdamW on a CPU and on a GPU; it computes the same
        runtime=Runtime(
            device=row.runtime.device, dtype=file.dtype, threads=file.threads, optimizer="fused"
        ),
        protocol=Protocol(timeout_s=file.timeout_s),
        training=replace(base, stages=stages, seed=seed),
    )


def stages_of(row: Cell, file: AccuracyFile) -> tuple[Stage, ...]:
    """The stages of a row with its number of frames; the last has the row's variant and frames."""
    frames = row.load.frames
    kept = [
        (number, stage)
        for number, stage in enumerate(file.stages)
        if stage.from_frames is None or frames >= stage.from_frames
    ]
    if file.stages and not kept:
        raise UsageError(
            f"accuracy.stages: no stage applies to a row of {frames} frames; lower from_frames"
        )
    return tuple(
        stage_of(stage, f"accuracy.stages[{number}]", row, number == kept[-1][0])
        for number, stage in kept
    )


def stage_of(stage: StageFile, where: str, row: Cell, is_last: bool) -> Stage:
    """One stage of a row, complete."""
    name = stage.recipe or "full"
    if name not in RECIPES:
        raise UsageError(f"{where}.recipe: {unknown_row('recipe', name)}")
    if is_last and stage.recipe is not None:
        raise UsageError(f"{where}.recipe: a row's last stage has the row's recipe; remove it")
    frames = stage.frames or row.load.frames
    if is_last and frames != row.load.frames:
        raise UsageError(
            f"{where}.frames: {frames}, but this is the last stage of {row.variant} with "
            f"{row.load.frames} frames; leave frames out, or add a stage"
        )
    if not is_last and stage.frames is None:
        raise UsageError(f"{where}.frames: is missing; only a row's last stage can leave it out")
    recipe = row.recipe if is_last else with_kind(row.table_spec, RECIPES[name])
    config = {field.name: getattr(stage, field.name) for field in fields(StageConfig)}
    with placed(f"{where}: ", ValueError):
        return Stage(**config, recipe=recipe, frames=frames)
