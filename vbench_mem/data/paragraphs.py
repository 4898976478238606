"""Paragraph retrieval: all captions of a video as one query. Never cuts a paragraph. No torch."""

import hashlib
from dataclasses import replace

from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark, Caption

SUFFIX = "paragraphs"


def paragraphs(benchmark: Benchmark) -> Benchmark:
    """The captions of each clip joined by a space, in their order, to one.

    All clips stay, also those without a caption: the clips of paragraphs are whole videos.
    Ceilings hold for single captions and are left out. Raises `UsageError` for a caption that is
    graded or right for several clips, which belongs to no single paragraph.
    Source:  ArrowLuo/CLIP4Clip, dataloaders/dataloader_activitynet_retrieval.py.
    """
    texts: dict[int, list[str]] = {}
    for number, caption in enumerate(benchmark.captions):
        if len(caption.clips) != 1 or caption.grades is not None:
            raise UsageError(
                f"{benchmark.name}: caption {number} is graded or right for several clips and "
                "belongs to no single paragraph; read the benchmark caption by caption"
            )
        texts.setdefault(caption.clips[0], []).append(caption.text.strip())
    name, _, rest = benchmark.protocol.partition(";")
    parts = [part for part in (rest.strip(), SUFFIX) if part]
    return replace(
        benchmark,
        protocol=f"{name}; {'; '.join(parts)}",
        captions=tuple(Caption(text=" ".join(each), clips=(n,)) for n, each in texts.items()),
        sha256=hashlib.sha256(f"{SUFFIX} of {benchmark.sha256}".encode()).hexdigest(),
        ceilings=(),
    )
