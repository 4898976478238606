"""Captions by published tokenizers from local files: the same ids as transformers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.weights import pairs, published
from vbench_mem.base.errors import UsageError
from vbench_mem.data.tokenizer_file import find_tokenizer, open_tokenizer, with_tokenizer
from vbench_mem.data.tokens_of_captions import tokenize
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec
from vbench_mem.matrix.cell import Cell

TEXTS = (
    *pairs.CAPTIONS,
    "",
    "naïve — 日本語, 3½ ﬁsh\n\tit's  I'LL\u00a0go",
    "  " + "a red disc goes " * 9,
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("clip")
    return pairs.clip_tokenizer(folder), folder


def read(folder: Path, text: Text = pairs.TEXT) -> TokenizerSpec:
    return with_tokenizer(Joint(text=text), folder).text


def test_clips_ids_are_those_of_transformers_from_either_form(
    clip: tuple[Any, Path], tmp_path: Path
) -> None:
    theirs, folder = clip
    theirs.save_pretrained(tmp_path)
    assert find_tokenizer(folder).name == "vocab.json"
    assert find_tokenizer(tmp_path).name == "tokenizer.json"
    for length in (8, 20, 77):
        expected = theirs(list(TEXTS), truncation=True, max_length=length)["input_ids"]
        for text in (read(folder), read(tmp_path)):
            found = tokenize(TEXTS, text, length)
            for row, ids in enumerate(expected):
                assert found.ids_BL[row][found.mask_BL[row]].tolist() == ids
                assert found.mask_BL[row].sum() == len(ids)
            whole = [len(each) for each in theirs(list(TEXTS))["input_ids"]]
            assert found.truncated == sum(each > length for each in whole)


def test_a_caption_begins_and_ends_with_clips_own_tokens_in_lower_case(
    clip: tuple[Any, Path],
) -> None:
    _, folder = clip
    found = tokenize(["A RED disc", "a red disc", "a red disc " * 20], read(folder), 10)
    assert found.ids_BL[0].tolist() == found.ids_BL[1].tolist()
    ends = [int(row[mask][-1]) for row, mask in zip(found.ids_BL, found.mask_BL, strict=True)]
    assert found.ids_BL[:, 0].tolist() == [0, 0, 0] and ends == [1, 1, 1]
    assert found.truncated == 1 and bool(found.mask_BL[2].all())


def test_the_padding_token_is_read_from_the_config_beside_the_file_and_hashed(
    tmp_path: Path,
) -> None:
    theirs = pairs.siglip_tokenizer()
    theirs.save_pretrained(tmp_path)
    text = read(tmp_path, pairs.SIGLIP_TEXT)
    expected = theirs(["it rains", "it"], padding="max_length", max_length=8)["input_ids"]
    assert tokenize(["it rains", "it"], text, 8).ids_BL.tolist() == expected
    (tmp_path / "tokenizer_config.json").write_text('{"pad_token": {"content": "<unk>"}}')
    other = read(tmp_path, pairs.SIGLIP_TEXT)
    assert other.tokenizer_sha256 != text.tokenizer_sha256
    assert tokenize(["it"], other, 4).ids_BL[0].tolist()[-1] == 0
    with pytest.raises(UsageError, match="has changed since the matrix was read"):
        open_tokenizer.__wrapped__(text.tokenizer_file, text.tokenizer_sha256)
    (tmp_path / "tokenizer_config.json").unlink()
    with pytest.raises(UsageError, match="no file names the padding token"):
        tokenize(["it"], read(tmp_path, pairs.SIGLIP_TEXT), 4)


def test_ids_that_do_not_fit_the_encoder_are_refused(clip: tuple[Any, Path]) -> None:
    _, folder = clip
    text = read(folder)
    with pytest.raises(UsageError, match=r"text\.vocab 9 is too small .* makes id \d+; use at"):
        tokenize(["it rains"], replace(text, vocab=9), 8)
    with pytest.raises(UsageError, match="2 special tokens; use at least 3"):
        tokenize(["it rains"], text, 2)
    with pytest.raises(UsageError, match=r"write text\.tokenizer_file"):
        tokenize(["it rains"], pairs.TEXT, 8)


def test_an_encoder_of_the_end_token_needs_a_tokenizer_that_adds_one(tmp_path: Path) -> None:
    pairs.merged_bytes().save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(UsageError, match="adds no end token to a caption"):
        tokenize(["it rains"], read(tmp_path), 8)
    with pytest.raises(UsageError, match="makes no token of ''"):
        tokenize([""], read(tmp_path, replace(pairs.TEXT, feature="mean")), 8)


def test_files_that_are_no_tokenizer_are_refused(tmp_path: Path) -> None:
    def refused(path: Path, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            text = read(path)
            open_tokenizer(str(text.tokenizer_file), None)

    refused(tmp_path, r"no tokenizer in this folder; put the published tokenizer\.json there")
    (tmp_path / "spiece.model").write_bytes(b"\n")
    refused(tmp_path, r"spiece\.model: sentencepiece models are not read; put the tokenizer")
    (tmp_path / "vocab.json").write_text("{}")
    refused(tmp_path, r"merges\.txt is missing beside it; copy both")
    (tmp_path / "merges.txt").write_text("")
    refused(tmp_path, r"lacks <\|startoftext\|> or <\|endoftext\|>, so it is not CLIP's")
    (tmp_path / "tokenizer.json").write_text("{")
    refused(tmp_path, "cannot be read as a tokenizer: .*; copy it again")
    refused(tmp_path / "none.json", "no such file or folder; write where a tokenizer")
    with pytest.raises(ValueError, match=r"text\.tokenizer_file needs text\.tokenizer: file"):
        TokenizerSpec(tokenizer_file="tokenizer.json")


def test_the_hash_of_a_tokenizer_is_in_a_cells_id_and_its_path_is_not(
    clip: tuple[Any, Path], tmp_path: Path, make_cell: Callable[..., Cell]
) -> None:
    theirs, folder = clip
    cell = make_cell()

    def id_of(path: Path) -> str:
        spec = with_tokenizer(replace(cell.spec, text=pairs.TEXT), path)
        return replace(cell, spec=spec).id

    (tmp_path / "moved").mkdir()
    published.copied(folder, tmp_path / "moved")
    theirs.save_pretrained(tmp_path / "other")
    assert id_of(folder) == id_of(tmp_path / "moved") != id_of(tmp_path / "other")
    one, other = (
        with_tokenizer(Joint(text=pairs.TEXT), each) for each in (folder, tmp_path / "moved")
    )
    assert one == other and one.text.tokenizer_file != other.text.tokenizer_file
