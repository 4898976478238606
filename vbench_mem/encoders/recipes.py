"""How an encoder is trained to fit: what is masked and what is trained. No torch.

The table of recipes; a new one made of known parts is one row.
"""

from dataclasses import dataclass
from typing import Literal

from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.spec import MaskKind

Train = Literal["full", "adapter", "lora", "temporal_only", "last_k"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Masking (in training only) and adaptation, for every encoder that supports them.

    mask           share of the tokens dropped; `int(n * (1 - mask))` are kept
    mask_kind      which tokens; none means the family's default (first key of `VideoSpec.masks`)
    train          `full`: everything. `adapter`, `lora`, `temporal_only`: only those weights, the
                   video patch embedding, the projections and the temperature. `last_k`: only the
                   last `blocks` layers, the norm after them, the projections and the temperature
    adapter_width  bottleneck of an adapter after the feed-forward of every layer
    lora_rank      rank on every matrix of every video layer; `lora_alpha / lora_rank` scales it.
                   Gates train, too, since a change behind a closed gate would learn nothing
    blocks         how many of the last layers `last_k` trains
    train_text     does the caption tower train? None means: with `full` only
    """

    __pydantic_config__ = STRICT

    mask: float = 0.0
    mask_kind: MaskKind | None = None
    train: Train = "full"
    adapter_width: int | None = None
    lora_rank: int | None = None
    lora_alpha: float | None = None
    blocks: int | None = None
    train_text: bool | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.mask < 1:
            raise ValueError(f"mask must be at least 0 and below 1, got {self.mask}")
        if self.mask_kind is not None and not self.mask:
            raise ValueError("mask_kind without mask; give a mask above 0 or leave it out")
        for name, owner in (
            ("adapter_width", "adapter"),
            ("lora_rank", "lora"),
            ("blocks", "last_k"),
        ):
            value = getattr(self, name)
            if self.train == owner and (value is None or value < 1):
                raise ValueError(f"train: {owner} needs {name}, a positive whole number")
            if self.train != owner and value is not None:
                raise ValueError(f"{name} goes with train: {owner}, not with train: {self.train}")
        if self.lora_alpha is not None and self.lora_alpha <= 0:
            raise ValueError(f"lora_alpha must be positive, got {self.lora_alpha}")
        if self.lora_alpha is not None and self.train != "lora":
            raise ValueError(f"lora_alpha goes with train: lora, not with train: {self.train}")

    @property
    def trains_text(self) -> bool:
        return self.train == "full" if self.train_text is None else self.train_text


RECIPES: dict[str, Recipe] = {
    "full": Recipe(),
    "mask25": Recipe(mask=0.25),
    "mask50": Recipe(mask=0.5),
    "mask75": Recipe(mask=0.75),
    "mask90": Recipe(mask=0.9),
    "adapter16": Recipe(train="adapter", adapter_width=16),
    "adapter64": Recipe(train="adapter", adapter_width=64),
    "adapter192": Recipe(train="adapter", adapter_width=192),
    "adapter384": Recipe(train="adapter", adapter_width=384),
    "lora8": Recipe(train="lora", lora_rank=8),
    "lora64": Recipe(train="lora", lora_rank=64),
    "temporal_only": Recipe(train="temporal_only"),
    "last4": Recipe(train="last_k", blocks=4),
    "mask75_last4": Recipe(mask=0.75, train="last_k", blocks=4),
    "mask75_adapter64": Recipe(mask=0.75, train="adapter", adapter_width=64),
}
