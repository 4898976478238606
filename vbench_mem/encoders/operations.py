"""What one layer multiplies, for closed-form FLOPs. No torch.

An operation says its shapes alone; `probes/closed_form.py` adds the passes, what trains, LoRA and
adapters.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Attend:
    """Self-attention with its projections: one to queries, keys and values, one back.

    rows      tokens that are projected
    parts     (sequences, queries, keys) of each attention over what was projected
    split     do the parts share the heads equally? Else each has all of them
    temporal  are its weights those that `train: temporal_only` trains?
    """

    rows: int
    parts: tuple[tuple[int, int, int], ...]
    split: bool = False
    temporal: bool = False


def attend(sequences: int, tokens: int, *, temporal: bool = False) -> Attend:
    """The usual one: in each sequence every token sees every token."""
    parts = ((sequences, tokens, tokens),)
    return Attend(rows=sequences * tokens, parts=parts, temporal=temporal)


@dataclass(frozen=True, kw_only=True)
class FeedForward:
    """Two matrices over `rows` tokens, with an adapter behind them where the recipe adds one."""

    rows: int
    temporal: bool = False


@dataclass(frozen=True, kw_only=True)
class Product:
    """One matrix of a layer, from `inner` to `outer` values, over `rows` tokens."""

    rows: int
    inner: int
    outer: int
    temporal: bool = False


Operation = Attend | FeedForward | Product
