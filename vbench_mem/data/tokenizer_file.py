"""A published model's tokenizer from local files: found, hashed and applied. No torch.

Never downloads. Lower-casing, word pieces and special tokens are those of the file; the encoder
fixes the length of a caption.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vbench_mem.base.errors import UsageError
from vbench_mem.base.files import files_sha256
from vbench_mem.base.strict_json import parse_json
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.families import Spec

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WHOLE, VOCAB, MERGES, CONFIG = "tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"
PIECES = "spiece.model"
START, END = "<|startoftext|>", "<|endoftext|>"  # CLIP's
# How CLIP splits a caption before byte-pair encoding.
WORD = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)
AnySpec = TypeVar("AnySpec", Spec, Custom, Spec | Custom)


def with_tokenizer(spec: AnySpec, path: Path) -> AnySpec:
    """The spec with the tokenizer at a path: a file, or a folder that holds one.

    Raises `UsageError` where there is none, or one of a form that is not read.
    """
    found = find_tokenizer(path)
    sha256 = files_sha256(files_of(found))
    text: Any = replace(spec.text, tokenizer_file=str(found), tokenizer_sha256=sha256)
    return replace(spec, text=text)


def find_tokenizer(path: Path) -> Path:
    """A tokenizer.json, or a vocab.json with a merges.txt beside it."""
    if path.is_dir():
        for name in (WHOLE, VOCAB, PIECES):
            if (path / name).is_file():
                return find_tokenizer(path / name)
        raise UsageError(
            f"{path}: no tokenizer in this folder; put the published {WHOLE} there, or {VOCAB} "
            f"and {MERGES}"
        )
    if path.suffix == ".model":
        raise UsageError(
            f"{path}: sentencepiece models are not read; put the {WHOLE} that is published "
            "with the model beside it, or save one with `tokenizers`"
        )
    if not path.is_file():
        raise UsageError(f"{path}: no such file or folder; write where a {WHOLE} lies")
    if path.name == VOCAB and not path.with_name(MERGES).is_file():
        raise UsageError(f"{path}: {MERGES} is missing beside it; copy both")
    return path


def files_of(tokenizer: Path) -> list[Path]:
    """All files that are hashed: also the config beside it, which names the padding token."""
    names = (tokenizer.name, MERGES if tokenizer.name == VOCAB else "", CONFIG)
    beside = [tokenizer.with_name(name) for name in names if name]
    return [file for file in beside if file.is_file()]


@dataclass(frozen=True)
class OpenTokenizer:
    """A tokenizer and the id of its padding token, if a file names one."""

    path: Path
    tokenizer: "Tokenizer"
    pad: int | None

    def ids(self, caption: str, length: int) -> tuple[list[int], bool]:
        """At most `length` ids with special tokens, and whether the caption was truncated."""
        if self.specials >= length:
            raise UsageError(
                f"caption_tokens {length} has no room beside {self.specials} special tokens; "
                f"use at least {self.specials + 1}"
            )
        self.tokenizer.enable_truncation(length)
        found = self.tokenizer.encode(caption)
        return found.ids, bool(found.overflowing)

    @property
    def specials(self) -> int:
        """Tokens that it puts around every caption."""
        return self.tokenizer.num_special_tokens_to_add(False)


@cache
def open_tokenizer(file: str, sha256: str | None) -> OpenTokenizer:
    """Raises `UsageError` where it is damaged or has changed since its hash was computed."""
    from tokenizers import Tokenizer

    path = find_tokenizer(Path(file))
    if sha256 is not None and files_sha256(files_of(path)) != sha256:
        raise UsageError(f"{path}: has changed since the matrix was read; start again")
    try:
        tokenizer = of_clip(path) if path.name == VOCAB else Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises no narrower one
        reason = " ".join(str(error).split())
        raise UsageError(
            f"{path}: cannot be read as a tokenizer: {reason}; copy it again"
        ) from error
    pad = pad_of(path, tokenizer)
    tokenizer.no_padding()
    return OpenTokenizer(path, tokenizer, pad)


def of_clip(vocab: Path) -> "Tokenizer":
    """CLIP's tokenizer from its vocabulary and merges.

    Source: huggingface/transformers, tokenization_clip.py.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    merges = str(vocab.with_name(MERGES))
    model = models.BPE.from_file(
        str(vocab), merges, end_of_word_suffix="</w>", continuing_subword_prefix="", unk_token=END
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORD), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    start, end = (tokenizer.token_to_id(each) for each in (START, END))
    if start is None or end is None:
        raise ValueError(f"{vocab.name} lacks {START} or {END}, so it is not CLIP's")
    tokenizer.add_special_tokens([START, END])
    tokenizer.post_processor = processors.RobertaProcessing(
        (END, end), (START, start), trim_offsets=False, add_prefix_space=False
    )
    return tokenizer


def pad_of(path: Path, tokenizer: "Tokenizer") -> int | None:
    """As tokenizer_config.json names it, else as the tokenizer itself pads."""
    beside = path.with_name(CONFIG)
    if beside.is_file():
        try:
            named: Any = parse_json(beside.read_text(encoding="utf-8")).get("pad_token")
        except (OSError, ValueError, AttributeError) as error:
            raise UsageError(f"{beside}: cannot be read: {' '.join(str(error).split())}") from error
        token = named.get("content") if isinstance(named, dict) else named
        if isinstance(token, str) and (found := tokenizer.token_to_id(token)) is not None:
            return found
    return None if tokenizer.padding is None else int(tokenizer.padding["pad_id"])
