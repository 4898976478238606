"""Gives a share of the training pairs the caption of another clip, fixed by the seed."""

from collections import Counter
from collections.abc import Sequence

from vbench_mem.base.errors import UsageError
from vbench_mem.data.synthetic.seeded_random import SeededRandom
from vbench_mem.data.synthetic.tasks import right_answers


def misaligned(captions: Sequence[str], share: float, *names: object) -> dict[int, str]:
    """The numbers of the chosen pairs, each with the caption that it gets instead of its own.

    The chosen pairs exchange their captions, so that all captions stay in use and no pair gets a
    text equal to its own. Raises `UsageError` where `share` is not from 0 to below 1, or is fewer
    than two pairs.
    """
    if not 0 <= share < 1:
        raise UsageError(f"noise {share} is not a share of captions; use 0 to below 1")
    count = round(share * len(captions))
    if share and count < 2:
        raise UsageError(
            f"noise {share} of {len(captions)} pairs is fewer than two that could swap captions; "
            f"use 0 or at least {2 / len(captions):.2g}"
        )
    rng = SeededRandom("noise", *names)
    copies = [rng.shuffled(clips) for clips in right_answers(captions).values()]
    # of each text one first, then a second one: no text is among the chosen more than half the time
    order = rng.shuffled((place, clip) for some in copies for place, clip in enumerate(some))
    chosen = [clip for _, clip in sorted(order, key=lambda entry: entry[0])][:count]
    grouped = sorted(chosen, key=lambda clip: captions[clip])
    most = max(Counter(captions[clip] for clip in chosen).values(), default=0)
    return {clip: captions[grouped[(place + most) % count]] for place, clip in enumerate(grouped)}
