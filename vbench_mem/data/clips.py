"""Batches of clips and captions from video files, fixed by seed and step.

Legend: B clips, T frames, H W pixels, C channels.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vbench_mem.base.load import Load
from vbench_mem.data.captions import CaptionedVideo, read_captions
from vbench_mem.data.generate import generated
from vbench_mem.data.sample import SampledFrames, sample
from vbench_mem.machine.host import cpu_cores

# Source: openai/CLIP, clip.py; red, green, blue of the pixels it was trained on, 0 to 1.
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class ClipBatch:
    """Decoded, not yet normalised.

    frames    (B, T, H, W, 3) uint8: a quarter of the bytes to move; made float on the device
    padded    clips that are shorter than requested and repeat their last frame
    repeated  clips that are in the batch more than once, since there are fewer files than clips; a
              contrastive loss then has wrong negatives, but time and memory are the same
    """

    frames: Tensor
    captions: list[str]
    padded: int
    repeated: int


class ClipSource:
    """Batches of the pairs of a caption file in an order drawn from the seed, without end.

    Several files are decoded at once, by `threads` threads in total; None: one for each core.
    """

    def __init__(self, load: Load, seed: int, threads: int | None = None) -> None:
        assert load.clips is not None
        file = generated() if load.clips == "generated" else Path(load.clips)
        self.load = load
        self.pairs: list[CaptionedVideo] = read_captions(file)
        self.order = np.random.default_rng(seed).permutation(len(self.pairs))
        self.threads = threads or cpu_cores()

    def batch(self, step: int) -> ClipBatch:
        """Batch number `step`, decoded when called."""
        load = self.load
        numbers = [self.order[(step * load.batch + i) % len(self.pairs)] for i in range(load.batch)]
        picked = [self.pairs[number] for number in numbers]
        files_at_once = min(self.threads, load.batch)
        for_each = self.threads // files_at_once

        def decode(pair: CaptionedVideo) -> SampledFrames:
            return sample(pair.path, load.frames, load.fps, load.resolution_px, for_each)

        with ThreadPoolExecutor(files_at_once) as pool:
            clips = list(pool.map(decode, picked))
        return ClipBatch(
            frames=torch.from_numpy(np.stack([clip.frames for clip in clips])),
            captions=[pair.caption for pair in picked],
            padded=sum(clip.padded > 0 for clip in clips),
            repeated=len(numbers) - len(set(numbers)),
        )


def load_batches(load: Load, seed: int, threads: int | None) -> Iterator[ClipBatch]:
    """The batches of a load with `input: clips`, each decoded when it is requested."""
    return map(ClipSource(load, seed, threads).batch, count())


def to_clips(frames: Tensor) -> Tensor:
    """Float and normalised, on the device that holds the frames.

    Shapes:  (B, T, H, W, 3) uint8 -> clips_BTCHW float32, contiguous.
    """
    mean, std = (torch.tensor(values, device=frames.device) for values in (MEAN, STD))
    pixels = frames.permute(0, 1, 4, 2, 3).to(torch.float32, memory_format=torch.contiguous_format)
    return pixels.div_(255).sub_(mean[:, None, None]).div_(std[:, None, None])
