"""What a caption tower is, as frozen data, and those that the rows of the table use. No torch."""

from dataclasses import dataclass
from typing import Literal

from vbench_mem.encoders.sizes import TEXT_SIZES, Tower
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec

Activation = Literal["gelu", "gelu_tanh", "quick_gelu"]
Feature = Literal["mean", "end", "last"]


@dataclass(frozen=True, kw_only=True)
class Text(TokenizerSpec):
    """The caption tower: unless said otherwise a bidirectional transformer, mean over real tokens.

    causal      a token sees only itself and those before it (CLIP)
    feature     `mean` over real tokens; the `end` token (CLIP); the `last` of `max_tokens` places,
                where padding is seen like any token (SigLIP)
    embed_norm  a layer norm before the first block (BERT)
    head_bias   a bias in the projection to the shared space (SigLIP)

    Differs: the blocks normalise before attention, BERT's after it.
    """

    tower: Tower = TEXT_SIZES["medium"]
    max_tokens: int = 512
    causal: bool = False
    feature: Feature = "mean"
    activation: Activation = "gelu"
    norm_eps: float = 1e-12  # BERT's
    embed_norm: bool = True
    head_bias: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_tokens < 1 or self.norm_eps <= 0:
            raise ValueError("text.max_tokens and text.norm_eps must be positive")


# All but CLIP's hash words in place of a learned vocabulary and normalise before attention, where
# BERT does after.
TEXT_TEST = Text(tower=TEXT_SIZES["test"], vocab=1024)
TEXT_TINY = Text(tower=TEXT_SIZES["tiny"])
TEXT_MINI = Text(tower=TEXT_SIZES["mini"])
TEXT_SMALL = Text(tower=TEXT_SIZES["small"])
TEXT_MEDIUM = Text(tower=TEXT_SIZES["medium"])
TEXT_BASE = Text(tower=TEXT_SIZES["base"])
# Captions as openai/CLIP reads them; the tokenizer comes with the weights, or a matrix names it.
TEXT_CLIP = Text(
    tower=TEXT_SIZES["clip"],
    tokenizer="file",
    vocab=49408,
    max_tokens=77,
    causal=True,
    feature="end",
    activation="quick_gelu",
    norm_eps=1e-5,
    embed_norm=False,
)
