"""Parts of videos and even sampling: which frames are taken, and that few others are decoded."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.data.videos import numbers, write_numbers
from vbench_mem.data import video
from vbench_mem.data.probe import probe
from vbench_mem.data.sample import sample
from vbench_mem.data.times import FrameTimes
from vbench_mem.data.video import BadVideo, length_of


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every frame that is decoded from now on."""
    found: list[object] = []
    frames = video.Video.frames

    def counted(self: video.Video, after: Fraction | None) -> Iterator[object]:
        for frame in frames(self, after):
            found.append(frame)
            yield frame

    monkeypatch.setattr(video.Video, "frames", counted)
    return found


def test_a_part_begins_and_ends_at_its_times(tmp_path: Path) -> None:
    path = write_numbers(tmp_path / "a.mp4", 50)  # one frame each 0.2 s
    got = sample(path, 4, 1.0, 32, start_s=3.1, end_s=5.2)
    assert numbers(got.frames) == [15, 20, 25, 25]  # at 3.1, 4.1 and 5.1; 6.1 is past the end
    assert got.padded == 1


def test_a_part_without_bounds_is_the_whole_video(tmp_path: Path) -> None:
    path = write_numbers(tmp_path / "a.mp4", 12)
    whole, part = sample(path, 6, 1.0, 32), sample(path, 6, 1.0, 32, start_s=0.0, end_s=99.0)
    assert np.array_equal(whole.frames, part.frames) and whole.padded == part.padded


@pytest.mark.parametrize("frames", [1, 2, 3, 7, 10, 16])
def test_even_sampling_takes_what_numpy_spreads_over_all_frames(
    tmp_path: Path, frames: int
) -> None:
    path = write_numbers(tmp_path / "a.mp4", 50)  # 10 s: frames 0, 5, ... 45 at 1 for each second
    there = list(range(0, 50, 5))
    slow = there[:frames]
    if frames < len(there):
        slow = [there[i] for i in np.linspace(0, len(there) - 1, num=frames, dtype=int)]
    got = sample(path, frames, 1.0, 32, sampling="uniform")
    assert numbers(got.frames) == slow + [45] * (frames - len(slow))
    assert got.padded == max(0, frames - len(there))


def test_even_sampling_of_a_part_stays_within_it(tmp_path: Path) -> None:
    path = write_numbers(tmp_path / "a.mp4", 50)
    got = sample(path, 3, 1.0, 32, start_s=2.0, end_s=7.0, sampling="uniform")
    assert numbers(got.frames) == [10, 20, 30]  # of 2, 3, 4, 5 and 6 s
    cut = sample(path, 3, 1.0, 32, start_s=6.0, end_s=99.0, sampling="uniform")
    assert numbers(cut.frames) == [30, 35, 45]  # of 6, 7, 8 and 9 s: the file ends sooner


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "flv", "h264"])
def test_a_length_missing_in_the_header_is_that_of_the_packets(tmp_path: Path, kind: str) -> None:
    sound_s = 0 if kind == "h264" else 30
    path = write_numbers(tmp_path / f"a.{kind}", 50, rate=Fraction(25), sound_s=sound_s)
    assert float(length_of(path)) == pytest.approx(2.0, abs=0.05)
    assert sample(path, 2, 1.0, 32, sampling="uniform").padded == 0


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_late_part_of_a_long_video_with_sound_is_jumped_to(
    tmp_path: Path, decoded: list[object], kind: str
) -> None:
    path = write_numbers(tmp_path / f"a.{kind}", 600, rate=Fraction(2), sound_s=310)
    got = sample(path, 4, 1.0, 32, start_s=250.0, end_s=260.0)
    slow = [5 * number % 256 for number in (500, 502, 504, 506)]
    assert got.frames.mean((1, 2, 3)) == pytest.approx(slow, abs=2)
    assert len(decoded) < 40


def test_even_sampling_decodes_little_of_a_long_video(
    tmp_path: Path, decoded: list[object]
) -> None:
    path = write_numbers(tmp_path / "a.mp4", 600, rate=Fraction(2))
    assert sample(path, 4, 1.0, 32, sampling="uniform").padded == 0
    assert len(decoded) < 60


def test_a_part_after_the_end_is_named(tmp_path: Path) -> None:
    path = write_numbers(tmp_path / "a.mp4", 10)
    with pytest.raises(BadVideo, match=r"a\.mp4: ends before 7 s, where its part begins") as at:
        sample(path, 4, 1.0, 32, start_s=7.0, end_s=9.0)
    assert at.value.reason == "ends before 7 s, where its part begins"


def test_fractions_of_a_second_do_not_drift() -> None:
    times = FrameTimes(frames=1000, fps=0.1, start_s=0.3).seconds()
    assert times[-1] == Fraction(3, 10) + 9990
    spread = FrameTimes(frames=5, fps=29.97, sampling="uniform").seconds(Fraction(100))
    assert spread == [Fraction(k) / Fraction("29.97") for k in (0, 749, 1498, 2247, 2996)]


def test_probing_returns_the_length_or_the_reason(tmp_path: Path) -> None:
    whole = write_numbers(tmp_path / "a.mp4", 10)
    assert probe(whole).reason is None and probe(whole).length_s == pytest.approx(2.0)
    whole.write_bytes(b"no video")  # another size: looked at again
    assert probe(whole).reason == (
        "cannot be decoded as a video (Invalid data found when processing input)"
    )
    assert probe(tmp_path / "none.mp4").reason == "cannot be read (No such file or directory)"
