"""The pairs of one source for each step: a pure function of seed and step. No torch.

An epoch is a new permutation cut into steps; pairs that do not fill a step are left out of that
epoch. Two pairs with the same caption or clip are in one step only where it cannot be avoided: each
would be counted as a wrong answer to the other.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vbench_mem.accuracy.training.seeds import seed_of

Numbers = NDArray[np.int64]


class PairOrder:
    """The steps of a source of N pairs, `per_step` pairs each, without end.

    captions, clips  of each pair; equal ones are the same caption or clip
    words            of the seed

    With fewer than `per_step` pairs each step has them all, and some again.
    """

    def __init__(
        self,
        captions: Sequence[Hashable],
        clips: Sequence[Hashable],
        per_step: int,
        *words: int | str,
    ) -> None:
        self.captions, self.clips = numbered(captions), numbered(clips)
        self.per_step, self.words = per_step, words
        self.steps = max(1, len(captions) // per_step)  # of an epoch
        self.epoch = lru_cache(maxsize=2)(self.draw)  # two at once, with look-ahead

    def pairs(self, step: int) -> Numbers:
        """Numbers of the pairs of a step, counted from 0."""
        epoch, row = divmod(step, self.steps)
        numbers: Numbers = self.epoch(epoch)[row]
        return numbers

    def draw(self, epoch: int) -> Numbers:
        """All steps of an epoch, (steps, per_step)."""
        drawn = np.random.default_rng(seed_of(*self.words, epoch))
        order = drawn.permutation(len(self.captions))
        if len(order) < self.per_step:
            return np.resize(order, (1, self.per_step))
        order = order[: self.steps * self.per_step]
        of_caption = multiplicities(self.captions[order])
        of_clip = multiplicities(self.clips[order])
        common = np.maximum(of_caption, of_clip)
        # pairs that share most first, and those that share one caption or clip together
        group = np.where(of_caption >= of_clip, self.captions[order], -1 - self.clips[order])
        first = np.lexsort((shuffled(group, drawn), -common))
        rows = self.apart(order[first[common[first] > 1]], drawn)
        free = iter(order[common == 1])
        for row in rows:
            row.extend(next(free) for _ in range(self.per_step - len(row)))
        return np.array(rows, np.int64)

    def apart(self, pairs: Numbers, drawn: np.random.Generator) -> list[list[np.int64]]:
        """Spread pairs that share something over the steps: each goes to the emptiest step without
        its caption and clip, or, where all have them, to one that has them least often."""
        rows: list[list[np.int64]] = [[] for _ in range(self.steps)]
        room = np.full(self.steps, self.per_step)
        of_caption: dict[int, list[int]] = defaultdict(list)
        of_clip: dict[int, list[int]] = defaultdict(list)
        for pair in pairs:
            caption, clip = int(self.captions[pair]), int(self.clips[pair])
            wanted = room + drawn.random(self.steps)  # ties are broken at random
            np.subtract.at(wanted, of_caption[caption] + of_clip[clip], 2 * self.per_step)
            wanted[room == 0] = -np.inf
            row = int(wanted.argmax())
            rows[row].append(pair)
            room[row] -= 1
            of_caption[caption].append(row)
            of_clip[clip].append(row)
        return rows


def numbered(things: Sequence[Hashable]) -> Numbers:
    """Equal elements as equal numbers."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(each, len(known)) for each in things], np.int64)


def shuffled(groups: Numbers, drawn: np.random.Generator) -> Numbers:
    """New numbers for the same groups, in random order."""
    _, inverse = np.unique(groups, return_inverse=True)
    return drawn.permutation(int(inverse.max()) + 1)[inverse]


def multiplicities(numbers: Numbers) -> Numbers:
    """How often each element occurs."""
    _, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return counts[inverse].astype(np.int64)
