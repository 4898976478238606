"""Captions to token ids: hashed words or bytes, which need no vocabulary, or a tokenizer file.

Independent of other captions: a word has the same id in every run and on every machine.
"""

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.data.tokenizer_file import open_tokenizer
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec

PAD, START, END = 0, 1, 2
RESERVED = 3
WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class TokenizedCaptions:
    """Shapes: ids_BL int64; mask_BL, true at real tokens, the start and the end among them."""

    ids_BL: Tensor
    mask_BL: Tensor
    truncated: int


def words(caption: str, vocab: int) -> list[int]:
    """Lower-cased words and punctuation, each hashed (CRC-32) into the vocabulary's buckets.

    Two words may share a bucket: among 3,000 distinct words in 30,519 buckets about one in twenty
    shares its bucket.
    """
    pieces = WORD.findall(caption.lower())
    return [RESERVED + zlib.crc32(piece.encode()) % (vocab - RESERVED) for piece in pieces]


def utf8(caption: str, vocab: int) -> list[int]:
    """The caption's bytes, one id for each."""
    return [RESERVED + byte for byte in caption.encode()]


TOKENIZERS: dict[str, tuple[Callable[[str, int], list[int]], int]] = {
    "words": (words, RESERVED + 1),
    "bytes": (utf8, RESERVED + 256),
}


def tokenize(captions: Sequence[str], text: TokenizerSpec, length: int) -> TokenizedCaptions:
    """Ids of `length` tokens: start, the caption, end, padding; a long caption is truncated.

    Raises `UsageError` when the vocabulary has too few ids for the tokenizer.
    """
    if text.tokenizer == "file":
        return tokenize_by_file(captions, text, length)
    tokens_of, least = TOKENIZERS[text.tokenizer]
    if text.vocab < least:
        raise UsageError(
            f"text.vocab {text.vocab} is too small for tokenizer {text.tokenizer}; "
            f"use at least {least}"
        )
    if length < 2:
        raise UsageError(f"caption_tokens {length} has no room for start and end; use at least 2")
    ids = torch.full((len(captions), length), PAD)
    truncated = 0
    for row, caption in enumerate(captions):
        found = tokens_of(caption, text.vocab)
        truncated += len(found) > length - 2
        line = [START, *found[: length - 2], END]
        ids[row, : len(line)] = torch.tensor(line)
    return TokenizedCaptions(ids, ids != PAD, truncated)


def tokenize_by_file(
    captions: Sequence[str], text: TokenizerSpec, length: int
) -> TokenizedCaptions:
    """The same by a published model's tokenizer, which keeps start and end when it truncates."""
    if text.tokenizer_file is None:
        raise UsageError(
            "text.tokenizer: file needs a path; write text.tokenizer_file: the path of a "
            "tokenizer.json"
        )
    opened = open_tokenizer(text.tokenizer_file, text.tokenizer_sha256)
    feature = text.feature if isinstance(text, Text) else "mean"
    if feature == "last" and opened.pad is None:
        raise UsageError(
            f"{opened.path}: no file names the padding token, which text.feature: last needs; "
            "put the published tokenizer_config.json beside it"
        )
    if feature == "end" and not opened.specials:
        raise UsageError(
            f"{opened.path}: adds no end token to a caption, and text.feature: end needs it; "
            "use the file that is published with the weights"
        )
    ids = torch.full((len(captions), length), opened.pad or 0)
    mask, truncated = torch.zeros(len(captions), length, dtype=torch.bool), 0
    for row, caption in enumerate(captions):
        line, lost = opened.ids(caption, length)
        if not line:  # without special tokens, of an empty caption
            raise UsageError(f"{opened.path}: makes no token of '{caption}'; remove the caption")
        ids[row, : len(line)] = torch.tensor(line)
        mask[row, : len(line)] = True
        truncated += lost
    if len(captions) and (most := int(ids.max())) >= text.vocab:
        raise UsageError(
            f"text.vocab {text.vocab} is too small for {opened.path}, which makes id {most}; "
            f"use at least {most + 1}"
        )
    return TokenizedCaptions(ids, mask, truncated)


def truncated(benchmark: Benchmark, text: TokenizerSpec, caption_tokens: int) -> int:
    """How many captions are truncated to `caption_tokens` tokens, start and end included."""
    captions = [caption.text for caption in benchmark.captions]
    return tokenize(captions, text, caption_tokens).truncated
