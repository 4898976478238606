"""How captions become ids, for every encoder: ours and those of users. No torch."""

from dataclasses import dataclass
from typing import Literal

from vbench_mem.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Words:
    """`words` hashes lower-cased words into `vocab` buckets and `bytes` uses UTF-8 bytes; neither
    needs a download."""

    __pydantic_config__ = STRICT

    tokenizer: Literal["words", "bytes"] = "words"
    vocab: int = 30522

    def __post_init__(self) -> None:
        if self.vocab < 1:
            raise ValueError("text.vocab must be positive")
