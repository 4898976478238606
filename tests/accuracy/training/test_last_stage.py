"""A cell's last stage from files to a checkpoint: the same bytes after any number of kills."""

import json
import multiprocessing
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.accuracy.training.made import MASKED, stage, training_cell, written_benchmark
from vbench_mem.accuracy.training.last_stage import encoder_of, train_last_stage
from vbench_mem.accuracy.training.trained import TrainingResult, beside
from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.encoders.families import image_pretraining_spec
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.training import Training
from vbench_mem.weights.checkpoint import read_checkpoint

# a fork has torch already; it runs one thread, so that no lock of another is missed
FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return written_benchmark(tmp_path_factory.mktemp("clips"))


def train(
    cell: Cell, benchmark: Benchmark, checkpoint: Path, parent: Path | None = None, **options: float
) -> TrainingResult:
    """With a snapshot after every step, so that a kill loses one step at most."""
    return train_last_stage(
        cell,
        [benchmark],
        parent=parent,
        checkpoint=checkpoint,
        **{"snapshot_every_s": 0.0} | options,
    )


def train_until_killed(
    cell: Cell, benchmark: Benchmark, checkpoint: Path, delay_s: float
) -> tuple[int | None, bool]:
    """In a process that is killed so long after its next snapshot: its exit code, and whether there
    was one."""
    child = FORK.Process(target=train, args=(cell, benchmark, checkpoint))
    before = version(checkpoint)
    child.start()
    deadline = time.monotonic() + 60
    while child.is_alive() and version(checkpoint) == before and time.monotonic() < deadline:
        child.join(0.01)
    child.join(delay_s)
    child.kill()
    child.join()
    return child.exitcode, version(checkpoint) != before


def version(checkpoint: Path) -> int | None:
    snapshot = beside(checkpoint, "snapshot")
    try:
        return snapshot.stat().st_mtime_ns
    except FileNotFoundError:
        return None


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_killed_at_any_moment_and_gone_on_with_it_is_the_same_to_the_byte(
    tmp_path: Path, files: Benchmark
) -> None:
    cell = training_cell(stage(steps=20, images=0.3, micro_batch=4, recipe=MASKED))
    whole = train(cell, files, tmp_path / "whole" / "a.safetensors", snapshot_every_s=3600)
    checkpoint = tmp_path / "killed" / "a.safetensors"
    drawn = random.Random(0)
    ends = [train_until_killed(cell, files, checkpoint, 0.3 * drawn.random()) for _ in range(3)]
    gone_on = train(cell, files, checkpoint)
    assert (-9, True) in ends
    assert gone_on.stage is not None and whole.stage is not None
    assert len(gone_on.stage.resumed) >= 1
    assert checkpoint.read_bytes() == whole.checkpoint.read_bytes()
    assert gone_on.stage.curve == whole.stage.curve
    assert gone_on.stage.clips_seen == whole.stage.clips_seen


@pytest.fixture
def interrupted(tmp_path: Path, files: Benchmark) -> tuple[Cell, Path]:
    """A training that was stopped after its third step."""
    cell, checkpoint = training_cell(stage()), tmp_path / "a.safetensors"
    steps: list[str] = []

    class Stop(Exception):
        pass

    def enter(phase: str) -> None:
        steps.append(phase)
        if phase.startswith("stage clips, step 4"):
            raise Stop

    from vbench_mem.accuracy.training import stage as stages

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stop):
        patch.setattr(stages, "REPORT_EVERY_S", 0.0)
        train_last_stage(
            cell, [files], parent=None, checkpoint=checkpoint, enter=enter, snapshot_every_s=0.0
        )
    return cell, checkpoint


def test_an_interrupted_training_resumes_at_its_step(
    interrupted: tuple[Cell, Path], files: Benchmark, tmp_path: Path
) -> None:
    cell, checkpoint = interrupted
    trained = train(cell, files, checkpoint)
    fresh = train(cell, files, tmp_path / "fresh" / "a.safetensors")
    assert trained.stage is not None and trained.stage.resumed == (3,)
    assert trained.sha256 == fresh.sha256
    assert not beside(checkpoint, "snapshot").exists()


@pytest.mark.parametrize("damage", ["torn", "other"])
def test_a_damaged_or_foreign_snapshot_restarts_the_training_with_a_note(
    interrupted: tuple[Cell, Path], files: Benchmark, tmp_path: Path, damage: str
) -> None:
    cell, checkpoint = interrupted
    snapshot = beside(checkpoint, "snapshot")
    if damage == "torn":
        snapshot.write_bytes(snapshot.read_bytes()[:-100])
    else:
        cell = training_cell(stage(learning_rate=1e-3))
    trained = train(cell, files, checkpoint)
    fresh = train(cell, files, tmp_path / "fresh" / "a.safetensors")
    assert trained.stage is not None and trained.stage.resumed == ()
    words = {"torn": "damaged", "other": "of another training"}[damage]
    assert [words in note for note in trained.stage.notes] == [True]
    assert trained.sha256 == fresh.sha256


def test_a_training_that_ended_is_not_done_again_unless_its_checkpoint_changed(
    tmp_path: Path, files: Benchmark
) -> None:
    cell, checkpoint = training_cell(stage()), tmp_path / "a.safetensors"
    first, again = train(cell, files, checkpoint), train(cell, files, checkpoint)
    assert again == first
    checkpoint.write_bytes(b"something else")
    third = train(cell, files, checkpoint)
    assert third.sha256 == first.sha256 and third != first  # it took its own time


def test_the_result_of_a_training_is_plain_data(tmp_path: Path, files: Benchmark) -> None:
    cell = training_cell(stage(objective="sigmoid"), seed=3)
    trained = train(cell, files, tmp_path / "a.safetensors")
    assert json.loads(json.dumps(trained.as_dict()))["stage"]["steps"] == 6
    assert trained.threads == 1 and trained.peak_bytes > 2**20
    assert 0 < trained.trained_parameters < trained.parameters
    checkpoint = read_checkpoint(trained.checkpoint)
    assert checkpoint.sha256 == trained.sha256
    assert checkpoint.facts["cell"] == cell.id and checkpoint.facts["seed"] == 3
    assert checkpoint.facts["bias"] != -10  # learned
    module = encoder_of(trained.checkpoint, cell)
    assert module.logit_scale.item() == pytest.approx(checkpoint.weights()["logit_scale"].item())


def test_another_seed_is_another_training(tmp_path: Path, files: Benchmark) -> None:
    hashes = {
        train(training_cell(stage(), seed=seed), files, tmp_path / f"{seed}.safetensors").sha256
        for seed in range(2)
    }
    assert len(hashes) == 2


@pytest.mark.parametrize(
    "encoder",
    [
        "joint_test",
        "joint_test_coarse_time",
        "factorized_test",
        "frame_mean_test",
        "frame_attpool_test",
        "tubevit_test",
    ],
)
def test_one_stage_on_images_starts_every_layout(
    tmp_path: Path, files: Benchmark, encoder: str
) -> None:
    images = stage(name="images", frames=1, drawn_from=4, steps=2)
    clips = stage(steps=1, frames=16 if encoder == "tubevit_test" else 4)
    last = training_cell(images, clips, encoder=encoder)
    if encoder == "tubevit_test":
        last = replace(last, load=replace(last.load, resolution_px=32))
        last = replace(last, spec=replace(last.spec, resolution_px=32, patch_px=16))
    first = training_cell(images, encoder=encoder)
    first = replace(
        first, spec=image_pretraining_spec(last.spec), load=replace(last.load, frames=1)
    )
    twin = train(first, files, tmp_path / "twin.safetensors")
    trained = train(last, files, tmp_path / "last.safetensors", parent=twin.checkpoint)
    assert trained.start is not None and trained.start["counts"]["loaded"] > 20
    facts = read_checkpoint(trained.checkpoint).facts
    assert facts["parent_sha256"] == twin.sha256
    assert [each["feeds"] for each in facts["stages"]] == ["images", "clips"]


def test_temperature_and_bias_are_kept_with_the_same_loss_and_reset_with_another(
    tmp_path: Path, files: Benchmark
) -> None:
    still = {"learning_rate": 1e-12, "warmup": 0, "steps": 1}
    first = training_cell(stage(name="one", objective="sigmoid", steps=6, learning_rate=0.1))
    parent = train(first, files, tmp_path / "parent.safetensors").checkpoint
    learned = read_checkpoint(parent)

    def after(objective: str) -> tuple[float, float | None]:
        cell = training_cell(*first.training.stages, stage(objective=objective, **still))
        trained = train(cell, files, tmp_path / f"{objective}.safetensors", parent=parent)
        found = read_checkpoint(trained.checkpoint)
        return found.weights()["logit_scale"].exp().item(), found.facts["bias"]

    t, b = learned.weights()["logit_scale"].exp().item(), learned.facts["bias"]
    assert abs(b + 10) > 0.01
    assert after("sigmoid") == (pytest.approx(t), pytest.approx(b))
    assert after("info_nce") == (pytest.approx(1 / 0.07), None)


def test_a_parent_of_another_encoder_is_refused(tmp_path: Path, files: Benchmark) -> None:
    parent = train(training_cell(stage()), files, tmp_path / "parent.safetensors").checkpoint
    cell = training_cell(stage(), stage(name="two"))
    cell = replace(cell, spec=replace(cell.spec, patch_px=16))
    with pytest.raises(UsageError, match="patch_px is 8 there and 16 here"):
        train(cell, files, tmp_path / "child.safetensors", parent=parent)


def test_without_stages_the_given_weights_are_the_result(tmp_path: Path, files: Benchmark) -> None:
    cell = training_cell(stage())
    given = train(cell, files, tmp_path / "given.safetensors")
    training = Training(sources=(), stages=(), init=str(given.checkpoint), init_sha256=given.sha256)
    asked = replace(cell, probe="accuracy", training=training)
    found = train_last_stage(asked, [], parent=None, checkpoint=tmp_path / "asked.safetensors")
    assert found.stage is None and found.trained_parameters == 0
    assert found.start is not None and set(found.start["counts"]) >= {"loaded"}
    old, new = (read_checkpoint(each.checkpoint).weights() for each in (given, found))
    assert all(torch.equal(old[name], new[name]) for name in old)
    other = replace(asked, training=replace(training, init_sha256="0"))
    with pytest.raises(UsageError, match="has changed since the matrix was read"):
        train_last_stage(other, [], parent=None, checkpoint=tmp_path / "other.safetensors")


def test_the_determinism_of_torch_is_restored(tmp_path: Path, files: Benchmark) -> None:
    assert not torch.are_deterministic_algorithms_enabled()
    train(training_cell(stage(steps=1)), files, tmp_path / "a.safetensors")
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory
