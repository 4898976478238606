"""How captions become ids, for every encoder: ours and those of users. No torch."""

from dataclasses import dataclass, field
from typing import Literal

from vbench_mem.base.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class TokenizerSpec:
    """`words` hashes lower-cased words into `vocab` buckets and `bytes` uses UTF-8 bytes; neither
    needs a download. `file` is a published model's own tokenizer, from a local file.

    tokenizer_file    for `file`: a tokenizer.json, a vocab.json with its merges.txt, or their
                      folder; none: beside the weights that a training starts from
    tokenizer_sha256  hash of what was found there: the path is no part of an id or of equality
    """

    __pydantic_config__ = STRICT

    tokenizer: Literal["words", "bytes", "file"] = "words"
    vocab: int = 30522
    tokenizer_file: str | None = field(default=None, compare=False)
    tokenizer_sha256: str | None = None

    def __post_init__(self) -> None:
        if self.vocab < 1:
            raise ValueError("text.vocab must be positive")
        if self.tokenizer_file is not None and self.tokenizer != "file":
            raise ValueError("text.tokenizer_file needs text.tokenizer: file")
