"""The file of an id, and how missing and broken files are reported."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.data.annotations.files import video_bytes, videos, write
from vbench_mem.base.errors import UsageError
from vbench_mem.data.annotations import msr_vtt, read_benchmark, without
from vbench_mem.data.annotations.videos import Videos
from vbench_mem.data.benchmark import Benchmark, Dropped

HEAD = "key,vid_key,video_id,sentence\n"


def pairs(folder: Path, *ids: str) -> Path:
    """A CSV with one caption for each id, which counts as 1k-A here."""
    rows = "".join(f"r{n},m,{id},caption of {id}\n" for n, id in enumerate(ids))
    return write(folder, "pairs.csv", HEAD + rows)


@pytest.fixture
def five(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ids = [f"video{n}" for n in range(5)]
    monkeypatch.setattr(msr_vtt, "ID_1K_A", msr_vtt.sha256_of_ids(ids))
    return pairs(tmp_path, *ids)


@pytest.mark.parametrize(
    ("id", "file"),
    [
        ("video7", "video7.mp4"),
        ("video7", "deep/er/video7.WEBM"),
        ("1005_Signs_00.02.15.000-00.02.18.500", "1005_Signs_00.02.15.000-00.02.18.500.avi"),
        ("1@N00_2_ab.mov", "1@N00_2_ab.mov"),
        ("1@N00_2_ab.mov", "1@N00_2_ab.mov.mp4"),
        ("1@N00_2_ab.mov", "1@N00_2_ab.mkv"),
        ("1@N00_2_ab", "1@N00_2_ab"),
        ("-4wsuPCjDBc_5_15", "-4wsuPCjDBc_5_15.avi"),
    ],
)
def test_an_id_finds_its_video_in_any_container_and_no_other_file(
    tmp_path: Path, id: str, file: str
) -> None:
    stem = file.rpartition(".")[0] or file
    for other in (f"{stem}.json", f"{stem}.wav", f"x{Path(stem).name}.mp4", f"hidden/.{file}"):
        write(tmp_path, other, "")
    expected = write(tmp_path, file, "")
    assert Videos(tmp_path).find(id) == expected
    assert Videos(tmp_path).find("nothing") is None


def test_two_files_for_one_id_are_refused_only_where_the_id_is_used(tmp_path: Path) -> None:
    for name in ("a/v1.mp4", "b/v1.webm", "v2.mp4"):
        write(tmp_path, name, "")
    folder = Videos(tmp_path)
    assert folder.find("v2") == tmp_path / "v2.mp4"
    with pytest.raises(UsageError, match=r"two files for v1: a/v1\.mp4 and b/v1\.webm; keep one"):
        folder.find("v1")


def test_links_are_followed_and_a_folder_in_itself_ends(tmp_path: Path) -> None:
    inside = write(tmp_path, "real/v1.mp4", "").parent
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "part").symlink_to(inside)
    (inside / "again").symlink_to(tmp_path / "all")
    assert Videos(tmp_path / "all").find("v1") == tmp_path / "all" / "part" / "v1.mp4"


def test_missing_videos_stop_it_with_their_count_unless_allowed(tmp_path: Path, five: Path) -> None:
    folder = videos(tmp_path / "v", "video1.mp4", "video3.webm")
    with pytest.raises(UsageError) as at:
        read_benchmark(None, five, folder)
    assert str(at.value).startswith(
        f"{five}: 3 of 5 videos are not in {folder}: video0, video2, video4; put them there, or "
    )
    got = read_benchmark(None, five, folder, allow_missing=True)
    assert got.protocol == "zero-shot; 1k-A; 3 of 5 videos missing"
    assert [clip.id for clip in got.clips] == ["video1", "video3"]
    assert [(caption.text, caption.clips) for caption in got.captions] == [
        ("caption of video1", (0,)),
        ("caption of video3", (1,)),
    ]
    assert got.dropped[1] == Dropped(id="video2", reason="missing: no file for video2")
    assert len(got.dropped) == 3


def test_a_benchmark_without_clips_is_always_an_error(tmp_path: Path, five: Path) -> None:
    folder = videos(tmp_path / "v", "other.mp4")
    with pytest.raises(UsageError, match=r"5 of 5 videos are not in .*, \.\.\.; put them there$"):
        read_benchmark(None, five, folder, allow_missing=True)
    for number in range(5):
        write(folder, f"video{number}.mp4", "no video")
    with pytest.raises(UsageError, match=r"of 5: 0 missing, 5 broken; video0 is broken: cannot be"):
        read_benchmark(None, five, folder)


def test_broken_videos_are_named_and_counted_and_are_no_error(tmp_path: Path, five: Path) -> None:
    folder = videos(tmp_path / "v", *(f"video{n}.mp4" for n in range(5)))
    write(folder, "video1.mp4", "no video")
    write(folder, "video4.mp4", "")
    got = read_benchmark(None, five, folder)
    assert got.protocol == "zero-shot; 1k-A; 2 of 5 videos broken"
    assert [clip.id for clip in got.clips] == ["video0", "video2", "video3"]
    invalid = "cannot be decoded as a video (Invalid data found when processing input)"
    assert got.dropped[0] == Dropped(id="video1", reason=f"broken: {invalid}")


def test_clips_that_break_later_are_removed_as_if_known_before(tmp_path: Path, five: Path) -> None:
    folder = videos(tmp_path / "v", *(f"video{n}.mp4" for n in range(4)))
    write(folder, "video1.mp4", "no video")
    got = read_benchmark(None, five, folder, allow_missing=True)
    assert got.protocol.endswith("; 1 of 5 videos missing; 1 of 5 videos broken")
    later = without(got, {"video2": "breaks off after 1.0 of 9.0 s"})
    assert later.protocol == "zero-shot; 1k-A; 1 of 5 videos missing; 2 of 5 videos broken"
    assert [clip.id for clip in later.clips] == ["video0", "video3"]
    assert [caption.clips for caption in later.captions] == [(0,), (1,)]
    write(folder, "video2.mp4", "no video")
    again = read_benchmark(None, five, folder, allow_missing=True)
    assert again.sha256 == later.sha256 != got.sha256 and again.captions == later.captions
    assert without(got, {}) is got


def test_a_caption_with_several_answers_goes_with_the_last_of_them(tmp_path: Path) -> None:
    rows = [{"video": ["a.mp4", "b.mp4"], "caption": "x"}, {"video": "c.mp4", "caption": "y"}]
    file = write(tmp_path, "own.json", rows)
    got = read_benchmark(None, file, videos(tmp_path / "v", "a.mp4", "b.mp4", "c.mp4"))
    graded = replace(got, captions=(replace(got.captions[0], grades=(1.0, 2.0)), got.captions[1]))
    (x, y) = without(graded, {"a.mp4": "torn"}).captions
    assert (x.clips, x.grades, y.clips) == ((0,), (2.0,), (1,))
    (y,) = without(graded, {"a.mp4": "torn", "b.mp4": "torn"}).captions
    assert (y.text, y.clips) == ("y", (0,))


@pytest.mark.parametrize("form", ["activitynet", "activitynet-segments"])
@pytest.mark.parametrize("name", ["a.mp4", "v_a.mkv"])
def test_files_of_activitynet_are_called_by_the_key_with_or_without_its_prefix(
    tmp_path: Path, form: str, name: str
) -> None:
    entry = {"duration": 2, "timestamps": [[0, 1]], "sentences": ["cut"]}
    file = write(tmp_path, "val_1.json", {"v_a": entry})
    (clip,) = read_benchmark(form, file, videos(tmp_path / "v", name)).clips
    assert clip.path.name == name


def test_a_clip_that_begins_after_its_video_is_broken(tmp_path: Path) -> None:
    cook = "end,start,task,text,video_id\n1.5,0.5,1,cut,v\n70,60,1,eat,v\n"
    file = write(tmp_path, "validation_youcook.csv", cook)
    got = read_benchmark(None, file, videos(tmp_path / "v", "v.mp4"))
    assert got.protocol.endswith("; 1 of 2 clips broken")
    assert got.dropped[0].reason == "broken: lasts 2 s, and the clip begins at 60 s"


def read(file: Path, folder: Path) -> Benchmark:
    return read_benchmark(None, file, folder)


def test_the_hash_is_of_captions_answers_and_videos_and_not_of_places(tmp_path: Path) -> None:
    file = pairs(tmp_path, "a", "b")
    one = read(file, videos(tmp_path / "v", "a.mp4", "b.mp4"))
    assert one.sha256 == read(file, videos(tmp_path / "moved", "x/a.mkv", "b.mp4")).sha256
    assert one.sha256 != read(file, videos(tmp_path / "swapped", "b.mp4", "a.mp4")).sha256
    other = write(tmp_path, "other.csv", file.read_text().replace("caption of b", "a caption"))
    assert one.sha256 != read(other, tmp_path / "v").sha256
    (tmp_path / "v" / "a.mp4").write_bytes(video_bytes())
    assert one.sha256 != read(file, tmp_path / "v").sha256


def test_ids_without_a_folder_of_videos_are_refused(tmp_path: Path) -> None:
    file = pairs(tmp_path, "a")
    with pytest.raises(UsageError, match="names videos by id; name their folder"):
        read_benchmark(None, file, None)
    with pytest.raises(UsageError, match="none: is not a folder; name the one that has the videos"):
        read_benchmark(None, file, tmp_path / "none")
