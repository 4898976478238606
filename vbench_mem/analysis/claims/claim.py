"""A claim of the paper as data: a row of `scores/reference/claims_*.csv`. No torch."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vbench_mem.base.load import Kernel, Optimizer
from vbench_mem.base.units import format_bytes


class Claim(BaseModel):
    """What the paper says, and the number that decides it, which lies from `low` to `high`.

    kind       `recall`: a difference of T2V R@1, above 0 unless `low` is given; `ceiling`: the
               proven most over T2V R@1; `ratio` of two predicted peaks; `growth`: the ratio of two
               such ratios, each of a large encoder over a small one; `fits`: bytes of one process
    cite       the source in one or two words; `source` in full
    variants   that are predicted: two of a ratio, four of a growth, one that fits
    frames     of a clip, where variants are predicted
    certainty  whether the reading of the paper is confirmed, and what is assumed
    needs      what a matrix must train to judge it
    order_matters  on benchmarks where the order of frames is proved to matter, or not; None: on all
    shows_memory   the claim is about the memory that buys the score as well
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str
    kind: Literal["recall", "ceiling", "ratio", "growth", "fits"] = "recall"
    statement: str
    source: str
    cite: str = ""
    low: float | None = None
    high: float | None = None
    variants: tuple[str, ...] = ()
    frames: Annotated[int, Field(ge=1)] = 1
    certainty: str = ""
    needs: str = ""
    order_matters: bool | None = None
    shows_memory: bool = False

    @field_validator("variants", mode="before")
    @classmethod
    def _split(cls, variants: Any) -> Any:
        """In a file variants are separated by blanks."""
        return tuple(variants.split()) if isinstance(variants, str) else variants

    @property
    def line(self) -> str:
        """Its name, statement and variants: what `--only` searches."""
        return f"{self.name}: {self.statement} ({', '.join(self.variants)})"

    @property
    def bounds(self) -> str:
        """`2 to 3`, `at least 1`, `at most 16.00 GiB`."""
        if self.high is None:
            return f"at least {self.low:g}"
        if self.kind == "fits":
            return f"at most {format_bytes(self.high)}"
        return f"at most {self.high:g}" if self.low is None else f"{self.low:g} to {self.high:g}"

    def allows(self, number: float) -> bool:
        """Is the number within the bounds, both included?"""
        return (self.low is None or number >= self.low) and (
            self.high is None or number <= self.high
        )


@cache
def read_claims(about: Literal["memory", "accuracy"]) -> tuple[Claim, ...]:
    """The claims of one file, in its order; an empty field takes its default."""
    table = files("vbench_mem.analysis.scores") / "reference" / f"claims_{about}.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines(), strict=True)
    return tuple(
        Claim.model_validate_strings({name: text for name, text in row.items() if text})
        for row in rows
    )


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What the paper does not state although memory depends on it."""

    batch: int = 8
    attention: Kernel = "flash"
    optimizer: Optimizer = "foreach"
    checkpoint: bool = False

    @property
    def label(self) -> str:
        """`batch 8, math kernel`."""
        words = [f"batch {self.batch}"]
        if self.attention != Condition.attention:
            words.append(f"{self.attention} kernel")
        if self.optimizer != Condition.optimizer:
            words.append(f"{self.optimizer} AdamW")
        if self.checkpoint:
            words.append("checkpoint")
        return ", ".join(words)
