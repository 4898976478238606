"""The clips and captions of a training's sources as arrays, and one batch of them.

Legend: B pairs, T frames, H W pixels, L tokens, N captions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark, Clip
from vbench_mem.data.tokens_of_captions import TokenizedCaptions, tokenize
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec


@dataclass(frozen=True, kw_only=True)
class PairBatch:
    """Pairs on the host, decoded and not yet normalised; an image is a clip of one frame.

    Shapes:  frames (B, T, H, W, 3) uint8; ids_BL int64; mask_BL, true at real tokens.
    repeated  pairs whose caption is in the batch before them: each is counted as a wrong answer
              to the other though it is right
    """

    frames: Tensor
    ids_BL: Tensor
    mask_BL: Tensor
    repeated: int

    def chunks(self, size: int | None) -> list["PairBatch"]:
        """The batch in chunks of `size` pairs, as views; None: one chunk."""
        if size is None or size >= len(self.frames):
            return [self]
        sides = (side.split(size) for side in (self.frames, self.ids_BL, self.mask_BL))
        return [
            PairBatch(frames=frames, ids_BL=ids, mask_BL=mask, repeated=0)
            for frames, ids, mask in zip(*sides, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class PairPool:
    """Every pair of all sources, source by source.

    first            the first pair of each source, and the number of all
    of_clip, of_caption  the clip and the caption of each pair
    truncated        captions that were truncated
    """

    clips: tuple[Clip, ...]
    of_clip: NDArray[np.int64]
    of_caption: NDArray[np.int64]
    first: tuple[int, ...]
    ids_NL: Tensor
    mask_NL: Tensor
    truncated: int

    def source_of(self, pair: int) -> int:
        return int(np.searchsorted(self.first, pair, side="right")) - 1


def pair_pool(
    benchmarks: Sequence[Benchmark], words: TokenizerSpec, caption_tokens: int
) -> PairPool:
    """All pairs of the benchmarks, equal clips and captions once; tokenizes each caption once.

    Raises `UsageError` that names a benchmark without pairs.
    """
    clips: dict[Clip, int] = {}
    captions: dict[str, int] = {}
    of_clip, of_caption, first = [], [], [0]
    for benchmark in benchmarks:
        for clip, caption in benchmark.pairs():
            of_clip.append(clips.setdefault(clip, len(clips)))
            of_caption.append(captions.setdefault(caption, len(captions)))
        if len(of_clip) == first[-1]:
            raise UsageError(
                f"{benchmark.name} ({benchmark.split}) has no pair of a clip and a caption to "
                "train on; choose another split"
            )
        first.append(len(of_clip))
    tokens = shortened(tokenize(tuple(captions), words, caption_tokens), words)
    return PairPool(
        clips=tuple(clips),
        of_clip=np.array(of_clip, np.int64),
        of_caption=np.array(of_caption, np.int64),
        first=tuple(first),
        ids_NL=tokens.ids_BL,
        mask_NL=tokens.mask_BL,
        truncated=tokens.truncated,
    )


def shortened(tokens: TokenizedCaptions, words: TokenizerSpec) -> TokenizedCaptions:
    """Cut to the longest of them: padding that all share changes no feature and costs time.

    Unchanged for a caption tower whose feature depends on padding.
    """
    if isinstance(words, Text) and words.feature == "last":
        return tokens
    longest = int(tokens.mask_BL.sum(1).max())
    return replace(tokens, ids_BL=tokens.ids_BL[:, :longest], mask_BL=tokens.mask_BL[:, :longest])
