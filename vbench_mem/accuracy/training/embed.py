"""Every clip and caption of a benchmark as unit vectors, unmasked, in eval mode."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vbench_mem.accuracy.retrieval.permute import permute_frames
from vbench_mem.accuracy.training.pairs import shortened
from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Load, Runtime
from vbench_mem.data.annotations import build
from vbench_mem.data.benchmark import Benchmark, Dropped
from vbench_mem.data.clips import to_clips
from vbench_mem.data.loading import Throughput, load_clips
from vbench_mem.data.times import Sampling
from vbench_mem.data.tokens_of_captions import tokenize
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.probes.train_step import DTYPES, Enter, autocast, quiet


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """Rows in the order of the benchmark's clips and captions, float32 on the CPU.

    benchmark    as it was asked: without the clips that could not be decoded, which it then names
    permuted_VE  the same clips with their frames in another order; none for a single frame
    truncated    captions that lost their tail
    throughput   of the clips; each was embedded twice, once permuted
    """

    benchmark: Benchmark
    video_VE: Tensor
    text_CE: Tensor
    permuted_VE: Tensor | None
    truncated: int
    throughput: Throughput


@dataclass(frozen=True, kw_only=True)
class Embedder:
    """An encoder with how clips reach it.

    batch    clips, and captions, embedded at a time
    workers  processes that decode ahead; none: threads, when a batch is asked for
    """

    encoder: DualEncoder
    load: Load
    runtime: Runtime
    sampling: Sampling
    batch: int
    workers: int = 0

    @torch.inference_mode()
    def embed(
        self,
        benchmark: Benchmark,
        *,
        seed: int = 0,
        allow_missing: bool = False,
        enter: Enter = quiet,
    ) -> Embedded:
        """Each clip, as it is and with its frames permuted by the seed, and each caption.

        Raises `UsageError` that names a file that cannot be decoded and counts them all, unless
        `allow_missing`: those clips are then left out, and captions without a right answer left.
        """
        self.encoder.eval()
        broken: dict[int, Dropped] = {}
        rows: list[Tensor] = []
        permuted: list[Tensor] = []
        count, size = self.load.frames, self.load.resolution_px
        with load_clips(
            *(benchmark.clips, count, self.load.fps, size),
            workers=self.workers,
            batch=self.batch,
            sampling=self.sampling,
        ) as loader:
            for number, loaded in enumerate(loader):
                first = number * self.batch
                enter(f"embedding clip {first + 1} of {benchmark.gallery_size}, {benchmark.name}")
                asked = range(first, first + len(loaded.clips) + len(loaded.broken))
                others = sorted({*asked} - {*loaded.numbers})
                for place, each in zip(others, loaded.broken, strict=True):
                    broken[place] = Dropped(id=each.clip.id, reason=each.reason)
                if loaded.clips:
                    rows.append(self.of_clips(loaded.frames))
                    if count > 1:
                        permuted.append(self.of_clips(permute_frames(loaded.frames, seed, first)))
            throughput = loader.throughput
        if broken:
            benchmark = without(benchmark, broken, allow_missing)
        text_CE, truncated = self.of_captions(benchmark)
        return Embedded(
            benchmark=benchmark,
            video_VE=torch.cat(rows),
            text_CE=text_CE,
            permuted_VE=torch.cat(permuted) if permuted else None,
            truncated=truncated,
            throughput=throughput,
        )

    def of_clips(self, frames: Tensor) -> Tensor:
        encoder, device = self.encoder, self.encoder.logit_scale.device
        clips_BTCHW = to_clips(frames.to(device))
        with autocast(device, DTYPES[self.runtime.dtype]):
            if self.load.frames == 1:  # trained as images are
                return encoder.encode_image(clips_BTCHW[:, 0]).cpu()
            return encoder.encode_video(clips_BTCHW).cpu()

    def of_captions(self, benchmark: Benchmark) -> tuple[Tensor, int]:
        """Each caption's row, and how many lost their tail."""
        encoder, device = self.encoder, self.encoder.logit_scale.device
        texts = [caption.text for caption in benchmark.captions]
        text = encoder.video.spec.text
        tokens = shortened(tokenize(texts, text, self.load.caption_tokens), text)
        sides = (side.split(self.batch) for side in (tokens.ids_BL, tokens.mask_BL))
        with autocast(device, DTYPES[self.runtime.dtype]):
            rows = [
                encoder.encode_text(ids_BL.to(device), mask_BL.to(device)).cpu()
                for ids_BL, mask_BL in zip(*sides, strict=True)
            ]
        return torch.cat(rows), tokens.truncated


def without(benchmark: Benchmark, broken: Mapping[int, Dropped], allow_missing: bool) -> Benchmark:
    """Without the clips at these places: another benchmark, with its own hash and protocol. Raises
    `UsageError` unless it is allowed, and where nothing is left."""
    first = next(iter(broken.values()))
    if not allow_missing:
        raise UsageError(
            f"{benchmark.name}: {len(broken)} of {benchmark.gallery_size} clips cannot be decoded, "
            f"{first.id} first ({first.reason}); mend them, or write allow_missing: true"
        )
    return build.without(benchmark, {each.id: each.reason for each in broken.values()})
