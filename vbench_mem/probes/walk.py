"""Arithmetic for closed forms: walk a tower in order of execution and add up what is multiplied.

No torch. Counts what the counters count: products with weights and attention, nothing elementwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from vbench_mem.encoders.operations import Attend, FeedForward, Operation
from vbench_mem.encoders.sizes import Tower

# An attention's forward has two products. Backward has the four products of their gradients, and a
# fused kernel first computes the scores once more, since it did not keep them.
MATH_BACKWARD = 4
FUSED_BACKWARD = 5


@dataclass(frozen=True)
class Work:
    """Multiply-adds, those of products with weights and those of attention apart."""

    products: int = 0
    attention: int = 0

    @property
    def gflop(self) -> float:
        """Units: 1 GMAC = 2 GFLOP."""
        return 2 * (self.products + self.attention) / 1e9

    def __add__(self, other: "Work") -> "Work":
        return Work(self.products + other.products, self.attention + other.attention)

    def __sub__(self, other: "Work") -> "Work":
        return Work(self.products - other.products, self.attention - other.attention)


@dataclass
class Walk:
    """What the forward and the backward of a tower multiply, up to where the walk has come.

    live        does anything before this point train? Then a gradient is carried back through it
    recomputed  the part of `backward` that was computed before: a fused kernel's scores, and the
                layers that activation checkpointing runs again
    """

    checkpoint: bool
    live: bool = False
    forward: Work = field(default_factory=Work)
    backward: Work = field(default_factory=Work)
    recomputed: Work = field(default_factory=Work)
    latest: Work = field(default_factory=Work)

    @property
    def step(self) -> Work:
        return self.forward + self.backward

    def product(self, rows: int, inner: int, outer: int, *, trains: bool) -> None:
        """Backward: once for the input's gradient if it is live, once for the weight's own."""
        self.latest = Work(products=rows * inner * outer)
        self.forward += self.latest
        for wanted in (self.live, trains):
            if wanted:
                self.backward += self.latest
        self.live = self.live or trains

    def attention(self, sequences: int, queries: int, keys: int, width: int, *, math: bool) -> None:
        """Scores and weighted values; `width` is of all heads together."""
        one = sequences * queries * keys * width
        self.forward += Work(attention=2 * one)
        if self.live:
            self.backward += Work(attention=one * (MATH_BACKWARD if math else FUSED_BACKWARD))
            if not math:
                self.recomputed += Work(attention=one * (FUSED_BACKWARD - MATH_BACKWARD))

    @contextmanager
    def layer(self) -> Iterator[None]:
        """A layer that checkpointing recomputes, all but its last product: torch stops there, since
        backward does not need that product's result."""
        before = self.forward
        yield
        if self.checkpoint and self.live:
            again = self.forward - before - self.latest
            self.backward += again
            self.recomputed += again


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer's matrices and whether they train; `rank` and `adapter` are 0 for none."""

    tower: Tower
    trains: bool
    math: bool = False
    rank: int = 0
    adapter: int = 0

    def matrix(self, walk: Walk, rows: int, inner: int, outer: int, parts: int = 1) -> None:
        """A matrix, and a low-rank change of the same input beside each of its `parts`."""
        live = walk.live
        walk.product(rows, inner, outer, trains=self.trains)
        if self.rank:
            walk.live = live
            walk.product(rows, inner, parts * self.rank, trains=True)
            for _ in range(parts):
                walk.product(rows, self.rank, outer // parts, trains=True)

    def run(self, walk: Walk, operation: Operation) -> None:
        if isinstance(operation, Attend):
            self.attend(walk, operation)
        elif isinstance(operation, FeedForward):
            self.feed_forward(walk, operation.rows)
        else:
            self.matrix(walk, operation.rows, operation.inner, operation.outer)

    def attend(self, walk: Walk, operation: Attend) -> None:
        """To queries, keys and values, whose norm trains with the layer; the attention; back."""
        width = self.tower.width
        walk.live = walk.live or self.trains
        self.matrix(walk, operation.rows, width, 3 * width, parts=3)
        share = width // len(operation.parts) if operation.split else width
        for sequences, queries, keys in operation.parts:
            walk.attention(sequences, queries, keys, share, math=self.math)
        self.matrix(walk, operation.rows, width, width)

    def feed_forward(self, walk: Walk, rows: int) -> None:
        width = self.tower.width
        self.matrix(walk, rows, width, self.tower.mlp)
        self.matrix(walk, rows, self.tower.mlp, width)
        if self.adapter:
            walk.product(rows, width, self.adapter, trains=True)
            walk.product(rows, self.adapter, width, trains=True)
