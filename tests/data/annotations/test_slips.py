"""Every error in a file is one sentence with the file and the line or the key."""

import pickle
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.data.annotations.files import write
from vbench_mem.base.errors import UsageError
from vbench_mem.data.annotations import read_annotations
from vbench_mem.data.annotations.forms import guess

PAIRS = "key,vid_key,video_id,sentence\n"
COOK = "end,start,task,text,video_id\n"
CLIP = "1005_Signs_00.02.15.000-00.02.18.500"
OPEN = {"v_a": {"duration": 9, "timestamps": [[0, 5]], "sentences": ["x"]}}
MOMENT = {"video": "a.mov", "description": "x", "times": [[0, 0]]}


def refused(folder: Path, form: str | None, name: str, content: Any, split: str | None) -> str:
    file = write(folder, name, content)
    with pytest.raises(UsageError) as at:
        read_annotations(form, file, split)
    sentence = str(at.value)
    assert "\n" not in sentence and str(folder) in sentence
    return sentence.replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("form", "name", "content", "sentence"),
    [
        (None, "a.csv", PAIRS + "r0,m,video1, \n", "a.csv:2: a caption is empty or not text"),
        (None, "a.csv", PAIRS + "r0,m,v1,x\nr0,m,v2,y\n", "a.csv:3: r0 was in line 2; keep one"),
        (None, "a.csv", PAIRS + "r0,m,v1\n", "a.csv:2: a caption is empty or not text"),
        (None, "a.csv", PAIRS + "r0,m,v1,x,y\n", "a.csv:2: more cells than columns"),
        ("msr-vtt", "a.csv", "video_id,sentence\n", "a.csv:1: needs key once"),
        (None, "a.csv", "video_id\nvideo1\n", "a.csv: is a list of videos without captions; read"),
        (None, "a.csv", COOK + "9,x,1,cut,v\n", "a.csv:2: 'x' is not a number of seconds"),
        (None, "a.csv", COOK + "inf,1,1,cut,v\n", "a.csv:2: 'inf' is not a number of seconds"),
        (None, "a.csv", COOK + "9,1,1,,v\n", "a.csv:2: a caption is empty or not text"),
        ("lsmdc", "a.csv", "a\tb\n", "a.csv:1: has 2 cells; write 6 between tabs: clip_id"),
        (None, "a.csv", f"{CLIP}\t1\t2\t1\t2\t \n", "a.csv:1: a caption is empty or not text"),
        (None, "a.json", "{", "a.json:1: is not JSON (Expecting property name"),
        (None, "a.json", "[" * 100_000, "a.json:1: is not JSON (nested too deeply)"),
        (None, "a.json", '{"v_a": 1, "v_a": 2}', "a.json: has v_a twice in one object"),
        (
            None,
            "a.json",
            {"v_a": OPEN["v_a"] | {"sentences": [" "]}},
            "a.json: v_a.sentences: a caption is empty or not text",
        ),
        (
            "activitynet-segments",
            "a.json",
            {"v_a": OPEN["v_a"] | {"sentences": ["x", "y"]}},
            "a.json: v_a.timestamps: has 1 for 2 sentences",
        ),
        (
            "activitynet-segments",
            "a.json",
            {"v_a": OPEN["v_a"] | {"timestamps": [[1]]}},
            "a.json: v_a.timestamps[0]: has 1 numbers; write start and end in seconds",
        ),
        ("activitynet", "a.json", [], "a.json: needs an object, has an empty one"),
        ("activitynet", "a.json", {"v_a": 3}, "a.json: v_a: needs an object, has a number"),
        ("activitynet", "a.json", {"v_a": {}}, "a.json: v_a: needs sentences, has nothing"),
        ("didemo", "a.json", [MOMENT | {"video": 3}], "a.json: [0]: video is empty or not text"),
        (
            "didemo-segments",
            "a.json",
            [MOMENT | {"times": []}],
            "a.json: [0].times: needs a list, has an empty one",
        ),
        ("vatex", "a.json", [{"videoID": "a", "chCap": ["x"]}], "a.json: [0]: needs enCap, has"),
        (
            "vatex",
            "a.json",
            [{"videoID": "a", "enCap": ["x"]}] * 2,
            "a.json: [1]: a is there twice; keep one of the two",
        ),
        ("youcook2", "a.json", {"x": 1}, "a.json: needs database, has x"),
        (
            "json",
            "a.json",
            [{"image": "a.png", "caption": "x"}],
            "a.json: [0].image: is not a video",
        ),
        ("json", "a.json", [{"video": "a.mp4", "caption": 7}], "a.json: [0].caption[0]: caption"),
        (
            "msr-vtt",
            "a.json",
            {"videos": [{"video_id": "v", "split": "test"}] * 2, "sentences": []},
            "a.json: videos[1]: v is there twice; keep one of the two",
        ),
        (
            "msr-vtt",
            "a.json",
            {
                "videos": [{"video_id": "v", "split": "test"}],
                "sentences": [{"video_id": "w", "caption": "x"}],
            },
            "a.json: sentences[0]: no w in videos",
        ),
        (
            "msr-vtt",
            "a.json",
            {"videos": [{"video_id": "v"}], "sentences": []},
            "a.json: videos[0]: v has no split; write split: train, validate or test",
        ),
    ],
)
def test_an_error_is_named_with_its_place(
    tmp_path: Path, form: str | None, name: str, content: Any, sentence: str
) -> None:
    assert refused(tmp_path, form, name, content, None).startswith(sentence)


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    rows = PAIRS + "".join(f"r{n},m,v{n},x\n" for n in range(6000))
    file.write_bytes(rows.encode() + "r,m,v,Hünd\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"a\.csv:6002: is not UTF-8 text; save it as UTF-8"):
        read_annotations("msr-vtt", file)
    with pytest.raises(UsageError, match=r"a\.json:2: is not UTF-8 text"):
        bad = tmp_path / "a.json"
        bad.write_bytes(b'{"a":\n"\xff"}')
        read_annotations(None, bad)


def test_a_pickle_is_refused_with_how_to_convert_it_and_never_opened(tmp_path: Path) -> None:
    file = tmp_path / "raw-captions.pkl"
    file.write_bytes(pickle.dumps({"a": [["a", "man"]]}))
    with pytest.raises(UsageError) as at:
        read_annotations("msvd", file, "test")
    sentence = str(at.value)
    assert "which can run any code when it is opened" in sentence
    command = sentence.partition("convert it once with: python ")[2]
    subprocess.run([sys.executable, *shlex.split(command)], cwd=tmp_path, check=True)
    write(tmp_path, "test_list.txt", "a\n")
    (query,) = read_annotations("msvd", file.with_suffix(".json"), "test").queries
    assert query.text == "a man"


@pytest.mark.parametrize(
    ("form", "name", "split", "sentence"),
    [
        ("msvd", "c.json", None, "c.json: has the captions of all splits; choose one: split: test"),
        ("msvd", "c.json", "tset", "c.json: has no split tset; did you mean test?"),
        ("msvd", "c.json", "val", "val_list.txt: cannot be read (No such file or directory)"),
        ("msvd", "c.json", "twice.txt", "twice.txt:3: a is there twice; keep one of the two"),
        ("msvd", "c.json", "none.txt", "c.json: has no caption of split none; choose another"),
        ("json", "test.json", "train", "test.json: has no split train, it is test; leave split"),
        ("youcook2", "y.json", None, "y.json: has the splits test, train; choose one: split: test"),
        ("youcook2", "y.json", "vla", "y.json: has no split vla; known: test, train"),
        ("msr-vtt", "p.csv", "test", "p.csv: has no split test, it is listed; leave split out"),
    ],
)
def test_a_missing_split_is_named_with_the_existing_ones(
    tmp_path: Path, form: str, name: str, split: str | None, sentence: str
) -> None:
    write(tmp_path, "twice.txt", "a\nb\na\n")
    write(tmp_path, "none.txt", "z\n")
    write(tmp_path, "test_list.txt", "a\n")
    entry = {"annotations": [{"segment": [0, 1], "sentence": "x"}]}
    cook = {"a": entry | {"subset": "training"}, "b": entry | {"subset": "testing"}}
    contents = {
        "c.json": {"a": ["x"], "b": ["y"]},
        "test.json": [{"video": "a.mp4", "caption": "x"}],
        "y.json": {"database": cook},
        "p.csv": PAIRS + "r0,m,v1,x\n",
    }
    assert refused(tmp_path, form, name, contents[name], split).startswith(sentence)


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.csv", PAIRS, "msr-vtt"),
        ("a.csv", COOK, "youcook2"),
        ("a.csv", "caption,path,more\n", "csv"),
        ("a.csv", "video,text\n", None),
        ("a.csv", f"{CLIP}\t1\t2\t1\t2\tx\n", "lsmdc"),
        ("a.csv", "a\tb\tc\td\te\tf\n", None),
        ("a.jsonl", "", "jsonl"),
        ("a.txt", "51 0 FBIS3-1 1\n", "qrels"),
        ("a.txt", "video1\n", None),
        ("a.json", {"videos": [], "sentences": []}, "msr-vtt"),
        ("a.json", {"database": {}}, "youcook2"),
        ("a.json", OPEN, "activitynet"),
        ("a.json", {"a": OPEN["v_a"]}, None),  # Charades and others are written so, too
        ("a.json", {"a": ["x"]}, None),  # anybody's captions by id
        ("a.json", {"a": {"enCap": ["x"]}}, "vatex"),
        ("a.json", [{"videoID": "a", "enCap": ["x"]}], "vatex"),
        ("a.json", [MOMENT], "didemo"),
        ("a.json", [{"video": "a.mp4", "caption": "x"}], "json"),
        ("a.json", [], None),
        ("a.json", "3", None),
    ],
)
def test_a_format_is_detected_only_where_the_file_is_unambiguous(
    tmp_path: Path, name: str, content: Any, form: str | None
) -> None:
    file = write(tmp_path, name, content)
    assert guess(file) == form
    if form is None:
        with pytest.raises(UsageError, match="its format is ambiguous; state it: msr-vtt, msvd"):
            read_annotations(None, file)


def test_an_unknown_format_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no format called 'msrvtt'; did you mean msr-vtt"):
        read_annotations("msrvtt", write(tmp_path, "a.csv", PAIRS))
