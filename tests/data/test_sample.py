"""Which frames are taken from a video file, from pixels that encode their number."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from tests.data.videos import numbers, write_numbers
from vbench_mem.base.errors import UsageError
from vbench_mem.data import video
from vbench_mem.data.sample import sample, square


@pytest.mark.parametrize(("fps", "every"), [(1.0, 5), (0.5, 10), (2.5, 2), (5.0, 1)])
def test_frames_are_those_on_the_screen_at_their_times(
    tmp_path: Path, fps: float, every: int
) -> None:
    path = write_numbers(tmp_path / "a.mp4", 50)
    got = sample(path, 5, fps, 32)
    assert numbers(got.frames) == [every * i for i in range(5)]
    assert got.padded == 0


def test_between_two_frames_the_earlier_one_is_shown(tmp_path: Path) -> None:
    path = write_numbers(tmp_path / "a.mp4", 20)  # one frame each 0.2 s
    assert numbers(sample(path, 6, 4.0, 32).frames) == [0, 1, 2, 3, 5, 6]


def test_a_short_video_repeats_its_last_frame_and_counts_it(tmp_path: Path) -> None:
    path = write_numbers(tmp_path / "a.mp4", 12)  # 2.4 s
    got = sample(path, 6, 1.0, 32)
    assert numbers(got.frames) == [0, 5, 10, 10, 10, 10]
    assert got.padded == 3


def test_a_video_of_exactly_the_requested_length_is_not_padded(tmp_path: Path) -> None:
    path = write_numbers(tmp_path / "a.mp4", 20)  # frames 0, 5, 10, 15; ends at 4.0 s
    assert sample(path, 4, 1.0, 32).padded == 0
    assert sample(path, 5, 1.0, 32).padded == 1


def test_a_variable_rate_and_a_late_start_are_followed(tmp_path: Path) -> None:
    shown = [7000, 7100, 7900, 8050, 9500, 10200, 10300]  # milliseconds
    path = write_numbers(tmp_path / "a.mkv", len(shown), times=lambda n: shown[n])
    got = sample(path, 4, 1.0, 32)
    # at 7.0, 8.0, 9.0 and 10.0 s the obvious search finds:
    expected = [max(n for n, at in enumerate(shown) if at <= 7000 + 1000 * i) for i in range(4)]
    assert numbers(got.frames) == expected == [0, 2, 3, 4]


@pytest.mark.parametrize("kind", ["mp4", "mkv", "avi", "ts"])
def test_jumping_over_long_gaps_takes_the_frames_that_decoding_all_of_it_shows(
    tmp_path: Path, kind: str
) -> None:
    # the index of an .avi leads past the wanted time and a .ts is searched by its bytes
    path = write_numbers(tmp_path / f"a.{kind}", 240, rate=Fraction(2))
    with av.open(path) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    got = sample(path, 4, 0.03, 64)
    assert got.padded == 0
    for i, frame in enumerate(got.frames):
        now = shown[int(2 * i / Fraction("0.03"))]
        assert abs(float(frame.mean()) - float(now.mean())) < 2  # the next one is 5 away


def test_frames_without_times_are_evenly_spaced(tmp_path: Path) -> None:
    path = write_numbers(tmp_path / "a.h264", 48, rate=Fraction(2))  # a bare stream, no container
    with av.open(path) as container:
        rate = float(container.streams.video[0].guessed_rate)
    assert numbers(sample(path, 4, rate / 12, 32).frames) == [0, 12, 24, 36]


def test_a_jump_decodes_little_of_a_long_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_numbers(tmp_path / "a.mp4", 600, rate=Fraction(2))  # five minutes
    decoded = []
    frames = video.Video.frames

    def counted(self: video.Video, after: Fraction | None) -> Iterator[object]:
        for frame in frames(self, after):
            decoded.append(frame)
            yield frame

    monkeypatch.setattr(video.Video, "frames", counted)
    assert sample(path, 4, 0.02, 32).padded == 0  # at 0, 50, 100 and 150 s
    assert len(decoded) < 60


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (62, 34), (200, 40)])
def test_the_shorter_side_fits_and_the_middle_is_cut_out(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    short = min(size)
    left, top = (width - short) // 2, (height - short) // 2
    picture[top : top + short, left : left + short] = 200  # exactly the middle square
    with av.open(tmp_path / "a.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "1"}
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (frame_taken,) = sample(tmp_path / "a.mp4", 1, 1.0, 32).frames
    assert frame_taken.shape == (32, 32, 3)
    assert frame_taken[3:-3, 3:-3].min() > 180


def test_reducing_averages_instead_of_picking_pixels(tmp_path: Path) -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    frame = av.VideoFrame.from_ndarray(stripes, format="rgb24")
    small = square(frame, 32, VideoReformatter())
    assert abs(float(small.mean()) - 127.5) < 4
    assert float(small.std()) < 10


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 100])
def test_a_file_that_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"bad\.mp4: cannot be decoded as a video"):
        sample(path, 4, 1.0, 32)


@pytest.mark.parametrize(("kind", "options"), [("mp4", {"movflags": "faststart"}), ("mkv", {})])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_video_that_breaks_off_is_named_and_not_padded(
    tmp_path: Path, kind: str, options: dict[str, str], share: float
) -> None:
    whole = write_numbers(tmp_path / f"a.{kind}", 200, **options)  # 40 s
    assert sample(whole, 40, 1.0, 32).padded == 0
    torn = tmp_path / f"torn.{kind}"
    torn.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    with pytest.raises(UsageError, match=rf"torn\.{kind}: breaks off .*; copy or encode it again"):
        sample(torn, 40, 1.0, 32)


def test_a_video_without_its_index_is_named(tmp_path: Path) -> None:
    whole = write_numbers(tmp_path / "a.mp4", 50).read_bytes()  # its index is at the end
    path = tmp_path / "torn.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match=r"torn\.mp4: cannot be decoded as a video"):
        sample(path, 4, 1.0, 32)


def test_want_of_memory_is_not_blamed_on_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_numbers(tmp_path / "a.mp4", 5)

    def full(*_: object, **__: object) -> None:
        raise av.error.MemoryError(12, "Cannot allocate memory")

    monkeypatch.setattr(av, "open", full)
    with pytest.raises(MemoryError):
        sample(path, 4, 1.0, 32)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_picture_that_lies_on_its_side_is_turned_upright(tmp_path: Path, turn: int) -> None:
    upright = np.zeros((48, 48, 3), np.uint8)
    upright[:24, :24], upright[:24, 24:] = (200, 0, 0), (0, 0, 200)
    stored = np.rot90(upright, -turn // 90)  # the file says: turn it `turn` degrees back
    with av.open(tmp_path / "a.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 48, 48, "yuv420p"
        stream.options = {"crf": "1"}
        stream.set_display_rotation(turn)
        stored = np.ascontiguousarray(stored)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(stored, format="rgb24")))
        container.mux(stream.encode(None))
    (got,) = sample(tmp_path / "a.mp4", 1, 1.0, 48).frames
    for quarter in np.s_[2:22, 2:22], np.s_[2:22, 26:46], np.s_[26:46, :]:
        assert abs(got[quarter].astype(int) - upright[quarter]).mean() < 12


def test_a_file_with_sound_only_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(UsageError, match=r"sound\.wav: has no video stream"):
        sample(path, 4, 1.0, 32)


def test_pixels_that_are_not_square_are_shown_as_wide_as_they_are_meant(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:64, :64]
    disc = np.zeros((64, 64, 3), np.uint8)
    disc[((columns - 31.5) * 2) ** 2 + (rows - 31.5) ** 2 <= 24**2] = 255  # round when shown 2:1
    with av.open(tmp_path / "a.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(disc, format="rgb24")))
        container.mux(stream.encode(None))
    (taken,) = sample(tmp_path / "a.mp4", 1, 1.0, 64).frames
    white = taken[..., 0] > 127
    assert abs(int(white.any(0).sum()) - int(white.any(1).sum())) <= 2
