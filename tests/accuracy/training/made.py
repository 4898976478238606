"""Inputs of the tests of training: clips as arrays, cells, and programs to kill."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vbench_mem.accuracy.training.clip_cache import Frames
from vbench_mem.base.load import Load, Runtime
from vbench_mem.data.benchmark import Benchmark, Caption, Clip
from vbench_mem.data.encode import write_video
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.encoders.text_spec import Text
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.training import Source, Stage, Training

SIDE_PX, FRAMES = 16, 4
LOAD = Load(frames=FRAMES, batch=8, resolution_px=SIDE_PX, caption_tokens=8)
RUNTIME = Runtime(device="cpu", threads=1)
TOWER = Tower(width=24, depth=2, heads=2, mlp=48)
TEXT = Text(tower=Tower(width=16, depth=1, heads=2, mlp=32), vocab=97, max_tokens=8)
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def small(spec: Spec, **fields: object) -> Spec:
    """The same layout with few weights, for frames of 16 px."""
    sizes = {"tower": TOWER, "text": TEXT, "embed_dim": 12, "patch_px": 8}
    return replace(spec, **sizes | {"resolution_px": SIDE_PX} | fields)


def pixels(number: int, frames: int) -> Frames:
    """A clip that differs from all others, with frames that differ from each other."""
    drawn = np.random.default_rng(number)
    return drawn.integers(0, 256, (frames, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)


def in_memory(clip: Clip, frames: int) -> Frames:
    """A decoder of clips that are named by their number; `short` ones end after two frames."""
    whole = pixels(int(clip.path.name), max(frames, 2))
    return whole[: min(frames, 2) if clip.path.parent.name == "short" else frames]


def benchmark(count: int = 20, captions: Sequence[str] = (), name: str = "made") -> Benchmark:
    """Clip number i with its own caption, or with the captions that are given."""
    texts = captions or [" ".join(NUMBERS[int(digit)] for digit in str(i)) for i in range(count)]
    return Benchmark(
        name=name,
        split="train",
        protocol="made",
        clips=tuple(Clip(id=str(i), path=Path(name, str(i))) for i in range(len(texts))),
        captions=tuple(Caption(text=text, clips=(i,)) for i, text in enumerate(texts)),
        sha256="",
    )


def written_benchmark(folder: Path, count: int = 10) -> Benchmark:
    """The same as real files, four frames a second."""
    made = benchmark(count)
    clips = [replace(clip, path=folder / f"{clip.id}.mp4") for clip in made.clips]
    for number, clip in enumerate(clips):
        write_video(clip.path, pixels(number, FRAMES), 1, {"preset": "ultrafast", "qp": "0"})
    return replace(made, clips=tuple(clips))


def stage(**fields: object) -> Stage:
    given = {"name": "clips", "steps": 6, "batch": 8, "frames": FRAMES, "learning_rate": 3e-3}
    return Stage(**given | fields)


def training_cell(
    *stages: Stage, encoder: str = "joint_test", runtime: Runtime = RUNTIME, **training: object
) -> Cell:
    """A cell that trains the last of the stages on one source of real files."""
    last = stages[-1]
    given = {"sources": (Source(name="csv", sha256="0"),), "stages": stages}
    return Cell(
        probe="stage",
        encoder=encoder,
        recipe_name="changed",
        spec=small(ENCODERS[encoder].spec),
        recipe=last.recipe,
        load=replace(LOAD, frames=last.frames, batch=last.batch),
        runtime=runtime,
        training=Training(**given | training),
    )


MASKED = Recipe(mask=0.5)
