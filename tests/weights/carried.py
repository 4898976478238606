"""Encoders with changed weights and their checkpoints, for tests of carrying weights."""

from pathlib import Path

import torch

from tests.encoders.structures import FULL, STRUCTURES, load_for, make, shake, some_clips
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.weights.checkpoint import Checkpoint, read_checkpoint, save_checkpoint

IMAGES = {"stages": [{"name": "image", "feeds": "images"}]}
CLIPS = {"stages": [{"name": "image", "feeds": "images"}, {"name": "short", "feeds": "mixed"}]}
JOINT = STRUCTURES["joint_test"]


def shaken(spec: Spec, recipe: Recipe = FULL, frames: int = 16) -> DualEncoder:
    encoder = make(spec, recipe, frames)
    shake(encoder)
    return encoder.eval()


def kept(
    encoder: DualEncoder, folder: Path, facts: dict[str, object], frames: int = 16
) -> Checkpoint:
    path, video = folder / "a.safetensors", encoder.video
    load = load_for(video.spec, frames)
    save_checkpoint(path, encoder, spec=video.spec, recipe=video.recipe, load=load, facts=facts)
    return read_checkpoint(path)


@torch.no_grad()
def image_features(encoder: DualEncoder) -> torch.Tensor:
    return encoder.eval().encode_image(some_clips(encoder.video.spec)[:, 0])
