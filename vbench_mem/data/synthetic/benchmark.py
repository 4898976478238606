"""A split of a generated task as a `Benchmark`; its files are made at first use. No torch."""

import hashlib
from pathlib import Path

from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark, Caption, Clip
from vbench_mem.data.synthetic.ceilings import T2V, ceilings
from vbench_mem.data.synthetic.files import file_name
from vbench_mem.data.synthetic.making import ensure
from vbench_mem.data.synthetic.noise import misaligned
from vbench_mem.data.synthetic.tasks import (
    check_split,
    clips_by_split,
    definition_sha256,
    right_answers,
)


def benchmark(
    task: str,
    size: str,
    split: str,
    *,
    seed: int = 0,
    noise: float = 0.0,
    root: Path | None = None,
) -> Benchmark:
    """One clip a caption in `held-out`; in `train` several clips may have the same caption.

    noise  share of the training pairs that have the caption of another clip
    root   where the files are kept, instead of the cache folder

    `ceilings` (empty for training pairs) are of text to video with ties broken at random, for an
    encoder that is given all frames; `ceilings.ceilings` has the others and the reasons. Raises
    `UsageError` for unknown names, and for noise in another split than train.
    """
    check_split(split)
    if noise and split != "train":
        raise UsageError(f"noise {noise} is for split train only; leave it out of {split}")
    clips = clips_by_split(task, size, seed)[split]
    texts = [clip.caption for clip in clips]
    wrong = misaligned(texts, noise, task, size, seed)
    for number, text in wrong.items():
        texts[number] = text
    folder = ensure(task, size, seed, root)
    names = [file_name(split, number) for number in range(len(clips))]
    return Benchmark(
        name=f"generated-{task}",
        split=split,
        protocol=protocol(size, split, seed, len(wrong), len(clips)),
        clips=tuple(Clip(id=name.removesuffix(".mp4"), path=folder / name) for name in names),
        captions=tuple(
            Caption(text=text, clips=tuple(right)) for text, right in right_answers(texts).items()
        ),
        sha256=split_sha256(task, size, split, seed=seed, noise=noise),
        ceilings=tuple(
            (ceiling.kind, ceiling.random_ties_value)
            for ceiling in (ceilings(task, size, split, seed=seed) if split != "train" else ())
            if ceiling.metric == T2V
        ),
    )


def protocol(size: str, split: str, seed: int, wrong: int, pairs: int) -> str:
    """The split, how it was generated, and how much noise there is."""
    facts = f"{split}; generated, size {size}, seed {seed}, {pairs:,} clips of 1 frame per second"
    return facts + (f", {wrong:,} captions ({wrong / pairs:.1%}) of another clip" if wrong else "")


def split_sha256(task: str, size: str, split: str, *, seed: int = 0, noise: float = 0.0) -> str:
    """Hash of a split's clips, captions and right answers, computed without making the files."""
    facts = definition_sha256(task, size, seed), split, noise
    return hashlib.sha256(repr(facts).encode()).hexdigest()
