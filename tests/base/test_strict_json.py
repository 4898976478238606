"""Text that is read and could not be written again is refused, by every reader of files."""

import json
import re
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from vbench_mem.analysis.budgets.baseline import read_baseline
from vbench_mem.analysis.compare.reading import read_side
from vbench_mem.analysis.scores.files import read_scores
from vbench_mem.base.errors import UsageError
from vbench_mem.base.strict_json import parse_json
from vbench_mem.data.annotations.read import read_annotations
from vbench_mem.data.captions import read_captions
from vbench_mem.data.text_files import json_document
from vbench_mem.matrix.load import load_matrix
from vbench_mem.running.store import Unusable, parse_record
from vbench_mem.weights.find import read_json
from vbench_mem.weights.header import read_header

PACKAGE = Path(__file__).parents[2] / "vbench_mem"
HALF = r"\ud800"
SMILE = r"\ud83d\ude00"


@pytest.mark.parametrize(
    "text",
    [
        rf'"{SMILE}"',
        r'"\\ud800"',  # a backslash, and text
        r'"\\\\ud800"',
        rf'["\"{SMILE}", "\u00e4\n"]',
        rf'{{"{SMILE}": 1.5e3}}',
        "[]",
    ],
)
def test_what_can_be_written_again_is_read_as_ever(text: str) -> None:
    assert parse_json(text) == json.loads(text) == parse_json(text.encode())
    assert json.dumps(parse_json(text), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (r'"\ud800"', 1, 2),
        (r'"\uDFFF"', 1, 2),
        (r'"\udc00\ud800"', 1, 2),
        (r'"\ud83d \ude00"', 1, 2),
        (rf'"{SMILE}\ud83d"', 1, 14),
        (r'"\\\ud800"', 1, 4),
        ('[1,\n{"a": "b",\n "\\udbff": 2}]', 3, 3),
    ],
)
def test_half_of_a_character_is_refused_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(json.JSONDecodeError, match="is half of a character") as caught:
        parse_json(text)
    assert (caught.value.lineno, caught.value.colno) == (line, column)


@pytest.mark.parametrize(
    ("text", "message"),
    [("[" * 100_000, "nested too deeply"), ("[" + "9" * 5000 + "]", "too many digits")],
)
def test_what_python_gives_up_on_is_no_json_either(text: str, message: str) -> None:
    with pytest.raises(json.JSONDecodeError, match=message):
        parse_json(text)


@pytest.mark.parametrize("text", [b'"\xed\xa0\x80"', b'"\xff"'])
def test_bytes_are_utf_8(text: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        parse_json(text)


def header(text: str) -> bytes:
    """A file of weights with this header and no data."""
    return struct.pack("<Q", len(text)) + text.encode()


def refused(read: Callable[[Path], Any], file: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read(file)
    return str(caught.value)


READERS: list[tuple[str, Callable[[Path], Any], str]] = [
    ("c.jsonl", read_captions, '{"path": "a.mp4", "caption": "X"}\n'),
    ("a.json", json_document, '{"a": ["X"]}'),
    ("a.json", partial(read_annotations, None), '{"v_a": {"sentences": ["X"]}}'),
    ("s.json", read_scores, '[{"variant": "X"}]'),
    ("model.safetensors.index.json", read_json, '{"weight_map": {"X": "a"}}'),
    ("b.json", read_baseline, '{"schema_version": 1, "cells": {"X": {}}}'),
    ("m.yaml", load_matrix, 'about: "X"\naxes: {}\n'),
    ("m.yaml", load_matrix, 'about: text\naxes: {"X": 1}\n'),
    ("m.yaml", load_matrix, 'about: text\naxes: {encoder: "X"}\n'),
]


@pytest.mark.parametrize(("name", "read", "text"), READERS)
def test_every_reader_says_it_in_one_sentence_with_the_file(
    name: str, read: Callable[[Path], Any], text: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(text.replace("X", HALF), encoding="utf-8")
    message = refused(read, file)
    assert message.startswith(str(file)) and "is half of a character" in message
    assert re.search(r":\d|line \d|row \d|: (about|axes)", message), message
    assert message.encode() and "\n" not in message


def test_the_line_of_a_caption_is_named(tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    rows = ["disc", SMILE, HALF]
    file.write_text("".join(f'{{"path": "a.mp4", "caption": "{row}"}}\n' for row in rows))
    assert refused(read_captions, file).startswith(f"{file}:3: is not JSON (\\ud800 is half of")


def test_a_header_of_weights_is_refused_too(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    file.write_bytes(header('{"__metadata__": {"note": "X"}}'))
    assert read_header(file).metadata == {"note": "X"}
    file.write_bytes(header('{"__metadata__": {"note": "\\ud800"}}'))
    assert refused(read_header, file).startswith(f"{file}: not a safetensors file")


def test_a_record_and_a_prediction_of_a_report_are_refused_too(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="is half of a character"):
        parse_record(f'{{"schema_version": 1, "reason": "{HALF}"}}')
    (tmp_path / "predictions").mkdir()
    (tmp_path / "predictions" / "0123.json").write_text(f'{{"cell": "{HALF}"}}')
    message = refused(lambda path: read_side(str(path)), tmp_path)
    assert "is half of a character" in message and "0123.json" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("about: " + "[" * 5000, "is nested too deeply to be read"),
        ("about: x\naxes: {frames: " + "9" * 5000 + "}", "axes.frames: 9999.* is no int that can"),
        ("about: x\naxes: {frames: !!int abc}", "axes.frames: abc is no int that can be read"),
    ],
)
def test_a_matrix_that_yaml_gives_up_on_is_one_sentence(
    text: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(text)
    assert re.search(f"^{re.escape(str(file))}: {message}", refused(load_matrix, file))


def test_no_reader_goes_around_it() -> None:
    """The worker is given what the parent wrote."""
    around = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\bjson\.loads?\(", path.read_text(encoding="utf-8"))
    }
    assert around == {"base/strict_json.py", "running/worker.py"}
