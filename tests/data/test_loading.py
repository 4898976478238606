"""Clips in order as batches: the same with and without processes, and none remain."""

import multiprocessing
import os
import signal
import subprocess
import sys

import pytest
import torch

from tests.data import deadly
from tests.data.videos import write_numbers
from vbench_mem.data.benchmark import Clip
from vbench_mem.data.loading import ClipLoader, LoadedClips, load_clips
from vbench_mem.data.sample import sample

NO_VIDEO = "cannot be decoded as a video (Invalid data found when processing input)"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Seven clips of one video at different times, and one that is no video."""
    folder = tmp_path_factory.mktemp("videos")
    path = write_numbers(folder / "a.mp4", 50)
    bad = folder / "bad.mp4"
    bad.write_bytes(b"no video")
    parts = [Clip(id=f"{n}", path=path, start_s=float(n), end_s=9.0) for n in range(7)]
    return [*parts[:3], Clip(id="bad", path=bad), *parts[3:]]


def load(clips: list[Clip], workers: int, **changes: int) -> list[LoadedClips]:
    with load_clips(clips, 4, 1.0, 32, workers=workers, **{"batch": 3} | changes) as loader:
        return list(loader)


def test_batches_hold_every_clip_in_order_and_name_the_broken_one(clips: list[Clip]) -> None:
    batches = load(clips, 0)
    assert [batch.numbers for batch in batches] == [(0, 1, 2), (4, 5), (6, 7)]
    assert [clip.id for batch in batches for clip in batch.clips] == list("0123456")
    (broken,) = [each for batch in batches for each in batch.broken]
    assert broken.clip.id == "bad" and broken.reason == NO_VIDEO
    for batch in batches:
        for frames, clip in zip(batch.frames, batch.clips, strict=True):
            alone = sample(clip.path, 4, 1.0, 32, start_s=clip.start_s, end_s=9.0)
            assert torch.equal(frames, torch.from_numpy(alone.frames))
    assert [batch.padded for batch in batches] == [0, 0, 1]  # only 6, 7 and 8 s are before 9


@pytest.mark.parametrize("workers", [1, 3])
def test_processes_and_threads_give_the_same_pixels(clips: list[Clip], workers: int) -> None:
    for one, other in zip(load(clips, 0), load(clips, workers), strict=True):
        assert torch.equal(one.frames, other.frames)
        assert one.numbers == other.numbers and one.padded == other.padded
        assert one.clips == other.clips and one.broken == other.broken
    assert multiprocessing.active_children() == []


def test_a_batch_of_broken_clips_is_returned_empty(clips: list[Clip]) -> None:
    (batch,) = load([clips[3], clips[3]], 0)
    assert batch.frames.shape == (0, 4, 32, 32, 3) and len(batch.broken) == 2


def test_throughput_counts_decoded_frames_and_the_time_waited(clips: list[Clip]) -> None:
    with load_clips(clips, 4, 1.0, 32, batch=4) as loader:
        assert loader.throughput.wall_s == 0
        for _ in loader:
            pass
        found = loader.throughput
    assert (found.clips, found.frames) == (7, 7 * 4 - 1)
    assert 0 < found.waited_s <= found.wall_s


def misbehave(ids: list[str], workers: int) -> list[LoadedClips]:
    clips = deadly.named(ids)
    with ClipLoader(clips, deadly.decode, deadly.SHAPE, workers=workers, batch=2) as loader:
        return list(loader)


def test_a_file_that_crashes_its_decoder_affects_no_other() -> None:
    ids = ["ok 0", "ok 1", "ok 2", "crash 3", "ok 4", "ok 5", "crash 6", "ok 7", "ok 8"]
    batches = misbehave(ids, 1)
    found = [int(frames.unique()) for batch in batches for frames in batch.frames]
    assert found == [0, 1, 2, 4, 5, 7, 8]
    broken = [(each.clip.id, each.reason) for batch in batches for each in batch.broken]
    assert broken == [(id, "crashes its decoder with SIGSEGV") for id in ("crash 3", "crash 6")]


def test_a_process_that_is_killed_is_no_fault_of_a_file() -> None:
    with pytest.raises(MemoryError, match=r"was killed before kill 0\.mp4; use fewer workers"):
        misbehave(["kill 0", "ok 1"], 1)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_of_ours_is_raised_with_its_traceback_and_ends_all_processes(workers: int) -> None:
    with pytest.raises(ValueError, match="a slip of ours in error 1") as at:
        misbehave(["ok 0", "error 1", "slow 2"] if workers else ["ok 0", "error 1"], workers)
    (note,) = at.value.__notes__
    assert "error 1.mp4" in note and "in decode" in note
    assert multiprocessing.active_children() == []


def test_leaving_early_ends_processes_in_the_middle_of_a_file() -> None:
    with ClipLoader(
        deadly.named(["ok 0", "slow 1", "slow 2"]), deadly.decode, deadly.SHAPE, workers=2, batch=1
    ) as loader:
        assert next(loader).numbers == (0,)
        assert len(multiprocessing.active_children()) == 2
    assert multiprocessing.active_children() == []
    with pytest.raises(StopIteration):
        next(loader)


CTRL_C = """
from tests.data import deadly
from vbench_mem.data.loading import ClipLoader
clips = deadly.named(["ok 0", "slow 1"])
with ClipLoader(clips, deadly.decode, deadly.SHAPE, workers=2, batch=1) as loader:
    next(loader)
    print("first", flush=True)
    next(loader)
"""
KILLED = """
from tests.data import deadly
from vbench_mem.data.workers import Worker
worker = Worker(deadly.named(["ok 0"] * 99999), deadly.decode, 4)
worker.take(bytearray(12))
print("first", flush=True)
worker.process.join()
"""


def signalled(code: str, number: signal.Signals) -> tuple[int, str]:
    """Exit code and errors of a program that is signalled once it has its first clip.

    Its processes have its outputs open: reading these to their end waits for all of them.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert child.stdout is not None and child.stdout.readline() == "first\n"
    # a terminal's Ctrl-C reaches all of them, a kill one
    (os.killpg if number is signal.SIGINT else os.kill)(child.pid, number)
    _, errors = child.communicate(timeout=60)
    return child.returncode, errors


def test_ctrl_c_ends_all_processes_with_one_trace() -> None:
    code, errors = signalled(CTRL_C, signal.SIGINT)
    assert code == -signal.SIGINT
    assert errors.count("Traceback") == 1 and "KeyboardInterrupt" in errors


def test_processes_end_with_a_program_that_is_killed() -> None:
    code, errors = signalled(KILLED, signal.SIGKILL)
    assert code == -signal.SIGKILL and errors == ""
