"""The batches of a stage: a pure function of seed, stage and step, independent of the cache.

Every source gives equally many pairs to each step, the first ones one more where the batch is not
divisible. A file that cannot be decoded is an error, unless its source allows it: then it is named
and counted, and the next pair of the source that can be decoded takes its place.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vbench_mem.accuracy.training.clip_cache import ClipCache, Frames, cache_bytes_for, padded_to
from vbench_mem.accuracy.training.order import PairOrder
from vbench_mem.accuracy.training.pairs import PairBatch, PairPool, pair_pool
from vbench_mem.accuracy.training.seeds import seed_of
from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark, Clip, Dropped
from vbench_mem.data.video import BadVideo
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec
from vbench_mem.matrix.training import Stage


@dataclass(frozen=True, kw_only=True)
class StepBatches:
    """The pairs of one step; a mixed stage has both."""

    clips: PairBatch | None
    images: PairBatch | None

    @property
    def parts(self) -> list[PairBatch]:
        return [part for part in (self.clips, self.images) if part is not None]


class PairFeed:
    """The pairs of all benchmarks for one stage.

    decode         a clip and a number of frames -> (t, H, W, 3) uint8, fewer where the clip is
                   shorter; its last frame is then repeated
    allow_broken   by benchmark: may a clip be left out because it cannot be decoded?
    keep_bytes     of decoded clips in memory; None: this training's share of the host's memory
    look_ahead     decode the next batch while this one trains
    broken         clips that were left out so far, each with its reason
    """

    def __init__(
        self,
        stage: Stage,
        benchmarks: Sequence[Benchmark],
        *,
        decode: Callable[[Clip, int], Frames],
        words: TokenizerSpec,
        caption_tokens: int,
        seed: int,
        allow_broken: Sequence[bool] = (),
        keep_bytes: int | None = None,
        threads: int = 1,
        look_ahead: bool = True,
    ) -> None:
        if stage.batch < len(benchmarks):
            raise UsageError(
                f"stage {stage.name}: batch {stage.batch} has no pair for each of "
                f"{len(benchmarks)} sources; use a larger one"
            )
        self.stage, self.seed, self.look_ahead = stage, seed, look_ahead
        self.pool: PairPool = pair_pool(benchmarks, words, caption_tokens)
        self.allow_broken = tuple(allow_broken) or (False,) * len(benchmarks)
        self.frames = stage.drawn_from if stage.feeds == "images" else stage.frames
        keep = cache_bytes_for(threads) if keep_bytes is None else keep_bytes
        self.cache = ClipCache(
            lambda number: decode(self.pool.clips[number], self.frames), keep, threads
        )
        self.broken: dict[int, Dropped] = {}
        self.orders = {
            kind: self.order(kind) for kind in ("clips", "images") if stage.feeds in (kind, "mixed")
        }

    def order(self, kind: str) -> list[PairOrder]:
        """One for each source, each with its own epochs."""
        pairs, sources = self.pool, len(self.pool.first) - 1
        least, more = divmod(self.stage.batch, sources)
        bounds = zip(pairs.first, pairs.first[1:], strict=False)
        return [
            PairOrder(
                pairs.of_caption[start:end].tolist(),
                pairs.of_clip[start:end].tolist(),
                least + (number < more),
                *(self.seed, self.stage.name, kind, number),
            )
            for number, (start, end) in enumerate(bounds)
        ]

    def pairs_of(self, kind: str, step: int) -> NDArray[np.int64]:
        """Numbers of the pairs of a step, before broken ones are replaced."""
        drawn = zip(self.orders[kind], self.pool.first, strict=False)
        return np.concatenate([order.pairs(step) + first for order, first in drawn])

    def batches(self, first: int, steps: int) -> Iterator[StepBatches]:
        """Of the steps from `first` to before `steps`; its threads end with it."""
        try:
            for step in range(first, steps):
                self.prefetch(step)
                fed = self.batch(step)
                if self.look_ahead and step + 1 < steps:
                    self.prefetch(step + 1)
                yield fed
        finally:
            self.cache.close()

    def prefetch(self, step: int) -> None:
        for kind in self.orders:
            clips = self.pool.of_clip[self.pairs_of(kind, step)].tolist()
            self.cache.prefetch(clip for clip in clips if clip not in self.broken)

    def batch(self, step: int) -> StepBatches:
        """The batch of a step; raises `UsageError` that names a file that cannot be decoded."""
        return StepBatches(clips=self.batch_of("clips", step), images=self.batch_of("images", step))

    def batch_of(self, kind: str, step: int) -> PairBatch | None:
        if kind not in self.orders:
            return None
        found = [self.decodable_pair(int(pair)) for pair in self.pairs_of(kind, step)]
        decoded = [frames for _, frames in found]
        if kind == "images":
            drawn = np.random.default_rng(seed_of(self.seed, self.stage.name, "frame", step))
            shares = drawn.random(len(decoded))
            picked = [
                frames[int(share * len(frames))][None]
                for frames, share in zip(decoded, shares, strict=True)
            ]
        else:
            picked = [padded_to(frames, self.frames) for frames in decoded]
        captions = self.pool.of_caption[[pair for pair, _ in found]]
        rows = torch.from_numpy(captions)
        return PairBatch(
            frames=torch.from_numpy(np.stack(picked)),
            ids_BL=self.pool.ids_NL[rows],
            mask_BL=self.pool.mask_NL[rows],
            repeated=len(captions) - len(np.unique(captions)),
        )

    def decodable_pair(self, pair: int) -> tuple[int, Frames]:
        """The pair with its decoded clip, or the next of its source whose clip can be decoded."""
        pairs, source = self.pool, self.pool.source_of(pair)
        start, end = pairs.first[source], pairs.first[source + 1]
        for ahead in range(end - start):
            other = start + (pair - start + ahead) % (end - start)
            clip = int(pairs.of_clip[other])
            if clip in self.broken:
                continue
            try:
                return other, self.cache.take(clip)
            except BadVideo as error:
                if not self.allow_broken[source]:
                    raise
                self.broken[clip] = Dropped(id=pairs.clips[clip].id, reason=error.reason)
        first = next(iter(self.broken.values()))
        raise UsageError(
            f"no clip of a source can be decoded: {first.id} {first.reason}; choose other files"
        )
