"""Counts of a file, and how `vbench-mem data` prints them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.data.annotations.files import videos, write
from vbench_mem.cli import app
from vbench_mem.data.annotations import read_annotations, read_benchmark
from vbench_mem.data.annotations.facts import facts_of
from vbench_mem.data.tokens_of_captions import truncated
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec

LIST = [
    {"video": "a.mp4", "caption": ["a dog", "the brown dog runs"]},
    {"video": ["b.mp4", "c.mp4"], "caption": "a dog"},
]
COOK = "end,start,task,text,video_id\n9,1,1,cut it,v\n9,1,1,cut,v\n20,12,1,eat,v\n"


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["data", *(str(each) for each in arguments)])


def test_facts_count_captions_words_and_what_is_alike(tmp_path: Path) -> None:
    facts = facts_of(read_annotations(None, write(tmp_path, "own.json", LIST)))
    assert (facts.clips, facts.captions) == (3, 3)
    assert facts.per_clip == (1, pytest.approx(4 / 3), 2) and facts.words == (2, 2, 4)
    assert (facts.shared_text, facts.shared_clip, facts.many_right) == (2, 0, 1)
    cook = facts_of(read_annotations("youcook2", write(tmp_path, "c.csv", COOK)))
    assert (cook.shared_clip, cook.sha256) == (2, None)


def test_facts_are_the_same_with_videos_and_have_the_hash(tmp_path: Path) -> None:
    file = write(tmp_path, "own.json", LIST)
    benchmark = read_benchmark(None, file, videos(tmp_path / "v", "a.mp4", "b.mp4", "c.mp4"))
    found, said = facts_of(benchmark), facts_of(read_annotations(None, file))
    assert found.sha256 == benchmark.sha256
    assert (found.per_clip, found.words, found.many_right) == (
        said.per_clip,
        said.words,
        said.many_right,
    )


def test_truncated_counts_captions_with_more_tokens_than_fit(tmp_path: Path) -> None:
    file = write(tmp_path, "own.json", LIST)
    benchmark = read_benchmark(None, file, videos(tmp_path / "v", "a.mp4", "b.mp4", "c.mp4"))
    words = TokenizerSpec(vocab=1024)  # of 2, 4 and 2 words, between a start and an end
    assert [truncated(benchmark, words, length) for length in (3, 4, 5, 6)] == [3, 1, 1, 0]


def test_data_shows_what_a_file_is_read_as(tmp_path: Path) -> None:
    result = invoke(write(tmp_path, "validation_youcook.csv", COOK))
    assert result.exit_code == 0
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows["form"] == "youcook2 (guessed)"
    assert rows["protocol"] == "zero-shot; validation; one caption a clip"
    assert rows["clips"] == "3; 2 are a clip twice"
    assert rows["captions"] == "3, 1 a clip"
    assert rows["hash"] == "none, since it includes the videos; add --videos DIR"


def test_data_names_the_first_ten_that_are_left_out_and_json_all(tmp_path: Path) -> None:
    rows = [{"video": f"{n}.mp4", "caption": f"caption {n}"} for n in range(13)]
    file = write(tmp_path, "own.json", rows)
    folder = videos(tmp_path / "v", "0.mp4")
    refused = invoke(file, "--videos", folder)
    assert refused.exit_code == 2 and "12 of 13 videos are not in" in refused.stderr
    result = invoke(file, "--form", "json", "--videos", folder, "--allow-missing")
    assert result.exit_code == 0
    assert "protocol     zero-shot; all captions; 12 of 13 videos missing" in result.stdout
    assert "  10.mp4: missing: no file for 10.mp4\n  and 2 more; --json lists all" in result.stdout
    whole = json.loads(invoke(file, "--videos", folder, "--allow-missing", "--json").stdout)
    assert [each["id"] for each in whole["dropped"]] == [f"{n}.mp4" for n in range(1, 13)]
    assert (whole["form"], whole["gallery_size"]) == ("json", 1)


def test_data_reads_paths_relative_to_the_file_and_takes_a_split(tmp_path: Path) -> None:
    videos(tmp_path, "a.mp4", "b.mp4")
    file = write(tmp_path, "c.csv", "path,caption\na.mp4,x y\nb.mp4,z\n")
    write(tmp_path, "some.txt", "b.mp4\n")
    result = invoke(file, "--split", "some.txt")
    assert "clips        1\n" in result.stdout and "length       1 to 1 words" in result.stdout
    slip = invoke(file, "--split", "tset")
    assert slip.exit_code == 2 and "has no split tset" in slip.stderr
