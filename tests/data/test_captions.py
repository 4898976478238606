"""Caption files: what is read, and that every error is named with its line."""

import json
from pathlib import Path

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.data.captions import read_captions
from vbench_mem.data.tokens_of_captions import END, RESERVED, START, tokenize
from vbench_mem.encoders.text_spec import Text


def write(folder: Path, text: str, name: str = "c.csv") -> Path:
    (folder / "a.mp4").touch()
    (folder / "b.mp4").touch()
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    rows = [{"path": "a.mp4", "caption": "a cat, asleep"}, {"path": "b.mp4", "caption": "ein Hünd"}]
    table = 'caption,path,extra\n"a cat, asleep",a.mp4,1\nein Hünd,b.mp4,2\n'
    lines = "\n".join(json.dumps(row) for row in rows) + "\n\n"
    first = read_captions(write(tmp_path, table))
    assert first == read_captions(write(tmp_path, lines, "c.jsonl"))
    assert [(pair.path.name, pair.caption) for pair in first] == [tuple(r.values()) for r in rows]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.csv", "path,text\na.mp4,x\n", r"c\.csv:1: needs caption once, has path, text"),
        (
            "c.csv",
            "path,path,caption\na.mp4,a.mp4,x\n",
            r"c\.csv:1: needs path once, has path, path",
        ),
        ("c.csv", "", r"c\.csv:1: needs path once, has nothing"),
        ("c.csv", "path,caption\n", r"c\.csv: has no rows"),
        ("c.csv", "path,caption\na.mp4,x\nb.mp4,\n", r"c\.csv:3: caption is empty"),
        ("c.csv", "path,caption\na.mp4,x\nz.mp4,y\n", r"c\.csv:3: no video .*z\.mp4"),
        ("c.csv", "path,caption\na.mp4,a cat, asleep\n", r"c\.csv:2: more cells than columns"),
        ("c.csv", 'path,caption\na.mp4,"a cat\n', r"c\.csv:2: is not CSV"),
        ("c.jsonl", '{"path": "a.mp4"}\n', r"c\.jsonl:1: needs caption once, has path"),
        (
            "c.jsonl",
            '{"path": "a.mp4", "caption": 3}\n',
            r"c\.jsonl:1: caption is empty or not text",
        ),
        ("c.csv", '"path"x,caption\n', r"c\.csv:1: is not CSV"),
        (
            "c.jsonl",
            '{"path": "a.mp4", "path": "b.mp4", "caption": "x"}\n',
            r"c\.jsonl:1: needs path once, has path, path, caption",
        ),
        ("c.jsonl", "\n{path}\n", r"c\.jsonl:2: is not JSON"),
        ("c.jsonl", "[1]\n", r"c\.jsonl:1: is not an object"),
        ("c.txt", "path,caption\n", r"c\.txt: a caption file ends in \.csv or \.jsonl"),
    ],
)
def test_every_error_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        read_captions(write(tmp_path, text, name))


def test_a_file_in_another_encoding_or_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    with pytest.raises(UsageError, match=r"c\.csv: cannot be read \(No such file"):
        read_captions(file)
    file.write_bytes("path,caption\na.mp4,Hünd\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"c\.csv:2: is not UTF-8 text"):
        read_captions(file)


WORDS = Text(vocab=1024)
BYTES = Text(tokenizer="bytes", vocab=259)


def test_words_have_the_same_id_wherever_they_stand_and_in_every_run() -> None:
    got = tokenize(["A red disc.", "the disc, RED"], WORDS, 8)
    first, second = got.ids_BL.tolist()
    assert first[0] == START and first[5] == END and first[6:] == [0, 0]
    assert first[2] == second[4] and first[3] == second[2]  # red, disc
    # CRC-32's published check value: that of the text 123456789 is CBF43926
    assert tokenize(["123456789"], WORDS, 3).ids_BL[0, 1] == RESERVED + 0xCBF43926 % 1021


def test_bytes_are_those_of_the_caption() -> None:
    got = tokenize(["hé"], BYTES, 8)
    assert got.ids_BL.tolist() == [[1, 107, 198, 172, 2, 0, 0, 0]]


@pytest.mark.parametrize("text", [WORDS, BYTES])
def test_the_mask_is_true_at_real_tokens_and_never_empty(text: Text) -> None:
    got = tokenize(["", "a b c d e f g h i j k l"], text, 6)
    assert got.mask_BL.sum(1).tolist() == [2, 6]
    assert got.ids_BL[:, 0].tolist() == [START, START]
    assert got.ids_BL[1, -1] == END
    assert got.truncated == 1


def test_a_vocabulary_or_length_that_cannot_work_is_refused() -> None:
    with pytest.raises(UsageError, match=r"text\.vocab 200 is too small .* use at least 259"):
        tokenize(["a"], Text(tokenizer="bytes", vocab=200), 8)
    with pytest.raises(UsageError, match="caption_tokens 1 has no room"):
        tokenize(["a"], WORDS, 1)
