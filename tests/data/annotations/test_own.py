"""Custom lists and TREC judgements."""

from pathlib import Path

import pytest

from tests.data.annotations.files import videos, write
from vbench_mem.base.errors import UsageError
from vbench_mem.data.annotations import read_annotations, read_benchmark
from vbench_mem.data.annotations.datasets import check_dataset

LIST = [
    {"video": "a.mp4", "caption": ["a dog", "the dog"]},
    {"video": ["sub/b.mp4", "c.mp4"], "caption": "something falls"},
    {"video": "a.mp4", "caption": "a brown dog"},
]


def test_the_json_list_has_captions_of_one_video_and_videos_of_one_caption(tmp_path: Path) -> None:
    file = write(tmp_path, "MyVideos_v2.json", LIST)
    found = read_annotations(None, file)
    assert [(query.text, query.items) for query in found.queries] == [
        ("a dog", ("a.mp4",)),
        ("the dog", ("a.mp4",)),
        ("something falls", ("sub/b.mp4", "c.mp4")),
        ("a brown dog", ("a.mp4",)),
    ]
    assert (found.name, found.split, found.protocol_parts) == (
        "myvideos-v2",
        "all",
        ("all captions",),
    )
    benchmark = read_benchmark(None, file, videos(tmp_path / "v", "a.mp4", "sub/b.mp4", "c.mp4"))
    assert [caption.clips for caption in benchmark.captions] == [(0,), (0,), (1, 2), (0,)]


def test_captions_of_paragraph_sets_are_joined(tmp_path: Path) -> None:
    file = write(tmp_path, "anet_ret_val_1.json", LIST)
    found = read_annotations("json-paragraphs", file)
    assert found.queries[0].text == "a dog the dog"
    assert found.protocol_parts == ("val_1", "paragraphs")


def test_csv_and_json_lines_are_read_as_for_the_burst_beside_their_videos(tmp_path: Path) -> None:
    videos(tmp_path, "a.mp4", "b.mp4")
    rows = [("a.mp4", "a dog"), ("b.mp4", "a cat"), ("a.mp4", "the dog")]
    csv = write(tmp_path, "c.csv", "path,caption\n" + "".join(f"{p},{c}\n" for p, c in rows))
    lines = "".join(f'{{"path": "{path}", "caption": "{text}"}}\n' for path, text in rows)
    one = read_benchmark(None, csv, None)
    other = read_benchmark(None, write(tmp_path, "d.jsonl", lines), None)
    assert [(clip.path.name, text) for clip, text in one.pairs()] == rows
    assert one.sha256 == other.sha256 and one.clips == other.clips
    assert (one.name, other.name, one.gallery_size) == ("c", "d", 2)


def test_a_file_named_like_a_known_set_has_that_sets_name(tmp_path: Path) -> None:
    file = write(tmp_path, "MSRVTT.json", LIST)
    assert read_annotations(None, file).name == "msr-vtt"


QRELS = "q1 0 v1 2\nq1 0 v2 1\nq1 0 v3 0\nq2 0 v2 -1\nq3 0 v3 1\n"
QUERIES = "q1\ta dog\nq2\ta cat\nq3\ta fish\nq4\ta bird\n"


def test_judgements_have_grades_and_what_is_not_right_stays_in_the_gallery(tmp_path: Path) -> None:
    file = write(tmp_path, "test.qrels", QRELS)
    write(tmp_path, "queries.tsv", QUERIES)
    write(tmp_path, "videos.tsv", "v1\tx/1.mp4\nv2\tx/2.mp4\nv3\tx/3.mp4\nv4\tx/4.mp4\n")
    folder = videos(tmp_path / "v", *(f"x/{number}.mp4" for number in (1, 2, 3, 4)))
    got = read_benchmark(None, file, folder)
    assert got.gallery_size == 4
    assert [(c.text, c.clips, c.grades) for c in got.captions] == [
        ("a dog", (0, 1), (2.0, 1.0)),
        ("a fish", (2,), (1.0,)),
    ]
    assert [(each.id, each.reason) for each in got.dropped] == [
        ("q2", "no video is right for this query"),
        ("q4", "not judged"),
    ]
    assert (got.name, got.protocol) == ("test", "zero-shot; test; graded; all listed videos")


def test_judged_videos_are_the_gallery_where_no_file_lists_more(tmp_path: Path) -> None:
    file = write(tmp_path, "test.qrels", QRELS)
    write(tmp_path, "test.queries.tsv", QUERIES)
    found = read_annotations(None, file)
    assert [item.id for item in found.items] == ["v1", "v2", "v3"] and not found.paths
    assert found.protocol_parts == ("test", "graded", "judged videos only")


@pytest.mark.parametrize(
    ("judgements", "queries", "listed", "message"),
    [
        ("q1 0 v1\n", QUERIES, None, r"a\.qrels:1: is not a judgement; write query 0 video grade"),
        ("q1 0 v1 x\n", QUERIES, None, r"a\.qrels:1: is not a judgement"),
        ("q1 0 v1 1\nq1 0 v1 2\n", QUERIES, None, r"a\.qrels:2: judges v1 for q1 again"),
        ("q9 0 v1 1\n", QUERIES, None, r"a\.qrels: judges query q9, which has no text in .*tsv"),
        ("q1 0 v1 1\n", "q1 a dog\n", None, r"queries\.tsv:1: has 1 cells; write 2 between tabs"),
        ("q1 0 v1 1\n", "q1\ta\nq1\tb\n", None, r"queries\.tsv:2: q1 is there twice"),
        ("q1 0 v1 1\n", QUERIES, "v2\tb.mp4\n", r"judges video v1, which .*videos\.tsv does not"),
        ("q1 0 v1 0\n", QUERIES, None, r"a\.qrels: has no caption"),
    ],
)
def test_errors_in_judgements_are_named(
    tmp_path: Path, judgements: str, queries: str, listed: str | None, message: str
) -> None:
    file = write(tmp_path, "a.qrels", judgements)
    write(tmp_path, "queries.tsv", queries)
    if listed is not None:
        write(tmp_path, "videos.tsv", listed)
    with pytest.raises(UsageError, match=message):
        read_annotations("qrels", file)


def test_judgements_without_a_file_of_queries_name_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"queries\.tsv: cannot be read \(No such file"):
        read_annotations("qrels", write(tmp_path, "a.qrels", "q1 0 v1 1\n"))


@pytest.mark.parametrize("stem", ["MSRVTT_ret", "Köln 1", "__", "NExT-QA", "vatex"])
def test_every_name_is_one_that_a_score_may_have(tmp_path: Path, stem: str) -> None:
    check_dataset(read_annotations(None, write(tmp_path, f"{stem}.json", LIST)).name)
