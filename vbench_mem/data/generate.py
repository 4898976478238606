"""Clips made at first use: H.264 files of moving shapes with captions, for runs without data.

They exercise all steps from a file to a batch; they are no benchmark of accuracy. No torch.
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vbench_mem.data.cache import cache_root, made_once
from vbench_mem.data.encode import write_video
from vbench_mem.data.scenes import COLOURS, MOVES, Scene, scenes, scenes_sha256

ENCODING = {"crf": "28", "preset": "veryfast", "threads": "1"}


def picture(scene: Scene, progress: float) -> NDArray[np.uint8]:
    """The frame at `progress` (0 to 1) of the scene's motion: (H, W, 3)."""
    rows, columns = np.mgrid[: scene.height_px, : scene.width_px]
    across, down = MOVES[scene.move]
    x = scene.width_px * (0.5 + 0.35 * across * (2 * progress - 1))
    y = scene.height_px * (0.5 + 0.35 * down * (2 * progress - 1))
    radius = 0.15 * min(scene.width_px, scene.height_px)
    if scene.shape == "disc":
        inside = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    else:
        inside = np.maximum(abs(columns - x), abs(rows - y)) <= radius
    frame = np.empty((scene.height_px, scene.width_px, 3), np.uint8)
    frame[:] = (32 + 64 * rows / scene.height_px).astype(np.uint8)[..., None]
    frame[inside] = COLOURS[scene.colour]
    return frame


def generated() -> Path:
    """The caption file of the generated clips, which are made at first use.

    The folder's name ends in a hash of its contents.
    """
    folder = cache_root() / f"generated-{scenes_sha256()[:12]}"
    return made_once(folder, lambda aside: write_all(list(scenes()), aside)) / "captions.csv"


def write_all(wanted: list[Scene], folder: Path) -> None:
    with (folder / "captions.csv").open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["path", "caption"])
        for number, scene in enumerate(wanted):
            frames = scene.fps * scene.seconds
            pictures = (picture(scene, frame / max(frames - 1, 1)) for frame in range(frames))
            write_video(folder / f"{number:02}.mp4", pictures, scene.fps, ENCODING)
            writer.writerow([f"{number:02}.mp4", scene.caption])
