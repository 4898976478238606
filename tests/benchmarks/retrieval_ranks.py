"""Exact ranks in blocks, against sorting the whole matrix of similarities as evaluations often do.

Five thousand captions and clips of width 512, one right clip each. The ranks are compared, too:
float32 orders a few close ones otherwise, and calls some ties decided.
Run:  python -m tests.benchmarks.retrieval_ranks [ROUNDS]
"""

import sys
from collections.abc import Callable
from functools import partial
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.benchmarks.interleaved import Target, ratio, show, take_turns
from vbench_mem.accuracy.retrieval.answers import Answers
from vbench_mem.accuracy.retrieval.ranking import rank
from vbench_mem.accuracy.retrieval.similarity import ExactCosine
from vbench_mem.base.units import format_bytes
from vbench_mem.probes.storages import StorageTracker

PAIRS, WIDTH, NOISE = 5000, 512, 6.0
CHUNK_BYTES = 2**25
NUMBERS = tuple(range(PAIRS))
DIAGONAL = Answers(
    gallery=PAIRS,
    queries=NUMBERS,
    right=tuple((number,) for number in NUMBERS),
    grades=((1.0,),) * PAIRS,
    clusters=NUMBERS,
)


def in_blocks(texts: Tensor, clips: Tensor) -> Tensor:
    return rank(ExactCosine(texts, clips), DIAGONAL, CHUNK_BYTES).rank_Q


def by_sorting(texts: Tensor, clips: Tensor) -> Tensor:
    """The rank of the right clip in its sorted row."""
    similarity = F.normalize(texts, dim=1) @ F.normalize(clips, dim=1).T
    order = similarity.argsort(dim=1, descending=True)
    return 1 + (order == torch.arange(PAIRS)[:, None]).int().argmax(dim=1)


def peak_bytes(call: Callable[[], Tensor]) -> int:
    with StorageTracker() as tracker:
        call()
    return max(tracker.timeline.levels())


def main(rounds: int) -> None:
    torch.manual_seed(0)
    clips = torch.randn(PAIRS, WIDTH)
    texts = clips + NOISE * torch.randn(PAIRS, WIDTH)
    contestants: dict[str, Callable[[], Tensor]] = {
        "in blocks, exact": partial(in_blocks, texts, clips),
        "whole matrix, argsort": partial(by_sorting, texts, clips),
    }
    ours, theirs = (call() for call in contestants.values())
    alike = float((ours == theirs).double().mean())
    assert alike > 0.99 and int((ours - theirs).abs().max()) <= 2, alike
    peaks = {name: peak_bytes(call) for name, call in contestants.items()}
    seconds = take_turns(contestants, rounds)
    rows = [
        [name, f"{median(each):.2f}", format_bytes(peaks[name])] for name, each in seconds.items()
    ]
    time = ratio(*seconds.values())
    memory = peaks["in blocks, exact"] / peaks["whole matrix, argsort"]
    show(
        [f"{PAIRS:,} captions and clips", "s", "peak"],
        rows,
        Target("time over sorting", time, 1.0),
        Target("memory over sorting", memory, 0.15),
    )
    print(f"{100 * alike:.2f} % of ranks alike; {rounds} rounds, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
