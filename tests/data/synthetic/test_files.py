"""The files: exact frames, equal where they must be, made completely or not at all."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.data.cache import made_once
from vbench_mem.data.captions import read_captions
from vbench_mem.data.sample import sample
from vbench_mem.data.synthetic import making
from vbench_mem.data.synthetic.draw import draw
from vbench_mem.data.synthetic.files import folder_of
from vbench_mem.data.synthetic.making import ensure
from vbench_mem.data.synthetic.tasks import SIZES, clips_by_split

Decoded = dict[str, list[NDArray[np.uint8]]]
NEAR = 4  # grey levels that encoding may change, on average over a frame


def test_clips_of_a_temporal_set_are_decoded_to_the_same_frames_bit_for_bit(
    decoded: Decoded,
) -> None:
    sets = defaultdict(list)
    for clip, frames in zip(
        clips_by_split("temporal", "tiny")["held-out"], decoded["temporal"], strict=True
    ):
        sets[clip.combination].append(frames)
    for clips in sets.values():
        unordered = {tuple(sorted(frame.tobytes() for frame in clip)) for clip in clips}
        assert len(unordered) == 1 and len({clip.tobytes() for clip in clips}) == len(clips)


def test_long_clips_are_decoded_alike_until_their_contents_differ(decoded: Decoded) -> None:
    waits = [clip.level + clip.later for clip in clips_by_split("long", "tiny")["held-out"]]
    longest = max(waits)
    waiting = decoded["long"][waits.index(longest)]
    for wait, frames in zip(waits, decoded["long"], strict=True):
        assert np.array_equal(frames[:wait], waiting[:wait])
        assert wait == longest or not np.array_equal(frames[wait], waiting[wait])


@pytest.mark.parametrize("task", ["spatial", "temporal", "long"])
def test_sixteen_frames_at_one_a_second_are_exactly_those_made(
    task: str, held_out: dict[str, Benchmark], decoded: Decoded
) -> None:
    for number, clip in enumerate(clips_by_split(task, "tiny")["held-out"]):
        pictures = clip.pictures()[:16]
        taken = sample(held_out[task].clips[number].path, 16, 1.0, SIZES["tiny"])
        assert taken.padded == 0
        drawn = np.stack([draw(picture, SIZES["tiny"]).astype(int) for picture in pictures])
        for place, frame in enumerate(taken.frames):
            away = abs(drawn - frame).mean((1, 2, 3))
            assert away[place] == away.min() < NEAR
        assert np.array_equal(taken.frames, decoded[task][number][:16])


def test_making_twice_gives_the_same_bytes_in_a_folder_named_by_content(tmp_path: Path) -> None:
    first = ensure("temporal", "tiny", root=tmp_path / "a")
    second = ensure("temporal", "tiny", root=tmp_path / "b")
    names = sorted(path.relative_to(first) for path in first.rglob("*.mp4"))
    assert len(names) == 96
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    assert first.name == second.name != folder_of("temporal", "tiny", seed=1).name
    assert sum((first / name).stat().st_size for name in names) < 96 * 8 * 2**10


def test_several_processes_make_the_same_files_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ensure("long-16", "tiny", root=tmp_path / "one")
    monkeypatch.setattr(making, "CLIPS_PER_PROCESS", 20)
    monkeypatch.setattr(making, "cpu_cores", lambda: 2)
    two = ensure("long-16", "tiny", root=tmp_path / "two")
    names = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    assert names == {path.relative_to(two) for path in two.rglob("*") if path.is_file()}
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


def test_caption_files_name_every_clip(cache: Path, held_out: dict[str, Benchmark]) -> None:
    folder = folder_of("temporal", "tiny")
    pairs = read_captions(folder / "held-out.csv")
    assert [pair.path for pair in pairs] == [clip.path for clip in held_out["temporal"].clips]
    assert [pair.caption for pair in pairs] == [c.text for c in held_out["temporal"].captions]
    with (folder / "train.csv").open(newline="") as text:
        assert len(list(csv.reader(text))) == 65


def test_ctrl_c_leaves_no_incomplete_folder(tmp_path: Path) -> None:
    code = "from vbench_mem.data.synthetic.making import ensure; ensure('spatial', 'large')"
    environment = os.environ | {"VBENCH_MEM_CACHE": str(tmp_path)}
    started = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, process_group=0
    )
    try:
        deadline = time.monotonic() + 60
        while not any(tmp_path.glob(".*/train/*.mp4")) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert any(tmp_path.glob(".*/train/*.mp4"))
        os.killpg(started.pid, signal.SIGINT)
        _, said = started.communicate(timeout=60)
    finally:
        started.kill()
    assert said.count(b"Traceback") == 1  # its own, none of its processes
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="VBENCH_MEM_CACHE"):
        ensure("spatial", "tiny", root=tmp_path / "file")


def test_of_two_runs_at_once_the_first_to_end_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "made"

    def make(aside: Path) -> None:
        (aside / "clip").write_text("second")
        folder.mkdir()
        (folder / "clip").write_text("first")

    assert made_once(folder, make) == folder
    assert (folder / "clip").read_text() == "first"
    assert list(tmp_path.iterdir()) == [folder]
