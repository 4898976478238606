"""What the paper says about memory, as data, and the cells that say whether it is so.

A claim is a ratio of two peaks, a ratio of two growths from B to L, or a peak below a limit. Claims
and their bounds are in `reference/claims.csv` with their source; nothing here knows an outcome.
No torch.
"""

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vbench_mem.base.load import Kernel, Load, Optimizer, Runtime
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.resolve import with_kind

SMALL, LARGE = "b", "l"  # what stands for the `*` of a growth


class Claim(BaseModel):
    """`more` over `less` lies between `low` and `high`; an empty bound is none.

    kind   `ratio` of peaks; `growth`: of the ratios from B to L, `*` standing for the size; `fits`:
           the bytes of `more` are at most `high`
    says   the claim in a sentence; `sure` how certain its reading is, and what is ours
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    claim: str
    kind: Literal["ratio", "growth", "fits"]
    more: str
    less: str | None = None
    frames: Annotated[int, Field(ge=1)]
    low: float | None = None
    high: float | None = None
    says: str
    sure: str
    source: str

    def variants(self) -> tuple[str, ...]:
        """What must be predicted: two of a ratio, four of a growth, one of a limit."""
        named = [name for name in (self.more, self.less) if name is not None]
        if self.kind != "growth":
            return tuple(named)
        return tuple(name.replace("*", size) for name in named for size in (LARGE, SMALL))

    @property
    def line(self) -> str:
        """What tells it from others: its name, sentence and variants."""
        return f"{self.claim}: {self.says} ({', '.join(self.variants())})"

    def holds(self, ours: float) -> bool:
        low = self.low is None or ours >= self.low
        return low and (self.high is None or ours <= self.high)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What the paper does not state and a claim may hang on."""

    batch: int = 8
    attention: Kernel = "flash"
    optimizer: Optimizer = "foreach"
    checkpoint: bool = False

    @property
    def label(self) -> str:
        words = [f"batch {self.batch}"]
        if self.attention != Condition.attention:
            words.append(f"{self.attention} kernel")
        if self.optimizer != Condition.optimizer:
            words.append(f"{self.optimizer} AdamW")
        if self.checkpoint:
            words.append("checkpoint")
        return ", ".join(words)


CONDITIONS = (
    Condition(),
    Condition(batch=64),
    Condition(batch=1),
    Condition(attention="math"),
    Condition(batch=1, optimizer="fused"),
    Condition(checkpoint=True),
)


def read_claims() -> tuple[Claim, ...]:
    text = (
        files("vbench_mem.analysis.scores")
        .joinpath("reference", "claims.csv")
        .read_text(encoding="utf-8")
    )
    rows = csv.DictReader(text.splitlines(), strict=True)
    return tuple(
        Claim.model_validate_strings({name: cell for name, cell in row.items() if cell})
        for row in rows
    )


def cell_of(variant: str, frames: int, condition: Condition) -> Cell:
    """The cell of a variant of the tables, in bfloat16."""
    encoder, _, recipe = variant.partition("+")
    spec = ENCODERS[encoder].spec
    return Cell(
        encoder=encoder,
        recipe_name=recipe or "full",
        spec=spec,
        recipe=with_kind(spec, RECIPES[recipe or "full"]),
        load=Load(frames=frames, batch=condition.batch, resolution_px=spec.resolution_px),
        runtime=Runtime(
            dtype="bfloat16",
            attention=condition.attention,
            optimizer=condition.optimizer,
            checkpoint=condition.checkpoint,
        ),
    )
