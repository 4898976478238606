"""Published weights evaluated without training, by a matrix: the same ranks as transformers."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.rows import matrix_of
from tests.weights import pairs, published
from vbench_mem.accuracy.training.last_stage import initial_weights
from vbench_mem.accuracy.training.probe import run_training
from vbench_mem.base.errors import UsageError
from vbench_mem.data.clips import to_clips
from vbench_mem.data.encode import write_video
from vbench_mem.data.sample import sample
from vbench_mem.encoders.build import build
from vbench_mem.matrix.cell import Cell, dump, load
from vbench_mem.matrix.load import Matrix
from vbench_mem.matrix.training import Stage

VIDEOS, FRAMES = 7, 3
WORDS = ("a", "red", "blue", "green", "disc", "square", "goes", "left", "up", "then")
MATRIX = """
about: what does a published pair retrieve?
axes:
  encoder: clip_b32
  tower: {width: 48, depth: 2, heads: 4, mlp: 96}
  text.tower: {width: 32, depth: 2, heads: 2, mlp: 64}
  text.vocab: 640
  text.max_tokens: 20
  embed_dim: 24
  patch_px: 16
  resolution_px: 64
  frames: 3
  batch: 4
  device: cpu
  threads: 1
accuracy:
  init: clip
  evaluate: [{name: csv, file: captions.csv}]
"""
SIGLIP = """
  text.causal: false
  text.feature: last
  text.activation: gelu_tanh
  text.norm_eps: 0.000001
  text.head_bias: true
  patch_bias: true
  class_token: false
  pre_norm: false
  activation: gelu_tanh
  norm_eps: 0.000001
  pooling: map
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of noise with a caption each, and two published pairs beside them."""
    made = tmp_path_factory.mktemp("zero_shot")
    drawn = np.random.default_rng(0)
    rows = []
    for number in range(VIDEOS):
        # blocks of one colour, since a video keeps no finer noise
        small = drawn.integers(0, 256, (FRAMES, 4, 4, 3), dtype=np.uint8)
        write_video(made / f"{number}.mp4", small.repeat(16, 1).repeat(16, 2), 1, {"qp": "0"})
        words = drawn.choice(WORDS, 4 + number)
        rows.append((f"{number}.mp4", " ".join(words)))
    with (made / "captions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "caption"), *rows])
    return made


@pytest.fixture(scope="module", params=["clip", "siglip"])
def pair(request: Any, folder: Path) -> tuple[Any, Any, Matrix]:
    make: Callable[[Path], tuple[Any, Any]] = getattr(pairs, request.param)
    theirs, tokenizer = make(folder / request.param)
    text = MATRIX
    if request.param == "siglip":
        text = MATRIX.replace("embed_dim: 24", f"embed_dim: 48{SIGLIP}").replace(
            ": clip\n", ": siglip\n"
        )
    return theirs, tokenizer, matrix_of(folder, text, request.param)


def asked(matrix: Matrix) -> Cell:
    assert matrix.accuracy is not None
    (cell,) = matrix.accuracy.cells
    return cell


def test_a_matrix_with_init_alone_gives_the_ranks_of_transformers(
    pair: tuple[Any, Any, Matrix], folder: Path, tmp_path: Path
) -> None:
    theirs, tokenizer, matrix = pair
    cell = asked(matrix)
    assert cell.load.caption_tokens == 20 and cell.spec.text.tokenizer_sha256 is not None
    found = run_training(load_again(cell), tmp_path, lambda _: None)
    with (folder / "captions.csv").open() as file:
        rows = list(csv.DictReader(file))
    frames = np.stack([sample(folder / row["path"], FRAMES, 1.0, 64).frames for row in rows])
    texts = [row["caption"] for row in rows]
    video_VE, text_VE = pairs.features(theirs, tokenizer, to_clips(torch.from_numpy(frames)), texts)
    similar = (F.normalize(text_VE, dim=1) @ F.normalize(video_VE, dim=1).T).numpy()
    (result,) = found.details["results"]
    assert result["gallery_size"] == result["captions"] == VIDEOS
    for way, matrix_QG in (("t2v", similar), ("v2t", similar.T)):
        ranks = np.array([1 + (row > row[i]).sum() for i, row in enumerate(matrix_QG)])
        metrics = result["evaluation"][way]["metrics"]
        assert metrics["mean_rank"] == pytest.approx(ranks.mean())
        assert metrics["median_rank"] == pytest.approx(np.median(ranks))
        for count in (1, 5, 10):
            assert metrics[f"recall_at_{count}"] == pytest.approx((ranks <= count).mean())
        assert 1 < ranks.mean() < VIDEOS
    told = found.details["training"]
    assert told["start"]["counts"]["new"] == 0 and told["trained_parameters"] == 0


def load_again(cell: Cell) -> Cell:
    """As a worker reads it."""
    return load(dump(cell))


def test_training_starts_from_the_pairs_temperature_and_bias(
    pair: tuple[Any, Any, Matrix],
) -> None:
    theirs, _, matrix = pair
    cell = asked(matrix)
    scale = theirs.logit_scale.item()
    for objective in ("info_nce", "sigmoid"):
        stage = Stage(name="on", steps=1, batch=2, frames=FRAMES, objective=objective)
        assert cell.training is not None
        trained = replace(cell, training=replace(cell.training, stages=(stage,)))
        encoder = build(trained.table_spec, trained.recipe, trained.load)
        _, loss = initial_weights(encoder, trained, None)
        has_bias = hasattr(theirs, "logit_bias")
        if objective == "info_nce":
            assert encoder.logit_scale.item() == pytest.approx(scale) and loss.bias is None
        else:
            assert loss.bias is not None
            bias = theirs.logit_bias.item() if has_bias else -10.0
            assert loss.bias.item() == pytest.approx(bias)
            expected = scale if has_bias else np.log(10)
            assert encoder.logit_scale.item() == pytest.approx(expected)


def test_weights_without_a_tokenizer_are_refused_with_the_fix(folder: Path, tmp_path: Path) -> None:
    theirs, _ = pairs.clip(tmp_path / "whole")
    theirs.save_pretrained(tmp_path / "bare")
    published.copied(tmp_path / "whole", tmp_path)
    text = MATRIX.replace("file: captions.csv", f"file: {folder / 'captions.csv'}")
    with pytest.raises(UsageError, match=r"no tokenizer in this folder; .*text\.tokenizer_file"):
        matrix_of(tmp_path, text.replace("init: clip", "init: bare"))
    named = text.replace("  embed_dim", "  text.tokenizer_file: whole\n  embed_dim")
    matrix = matrix_of(tmp_path, named.replace("init: clip", "init: bare"))
    beside = matrix_of(tmp_path, text.replace("init: clip", "init: whole"))
    assert asked(matrix).spec == asked(beside).spec == matrix.cells[0].spec
    assert matrix.cells[0].spec != beside.cells[0].spec  # memory needs no tokenizer
    stages = "stages: [{name: all, steps: 1, batch: 2}]\n  train: [spatial]"
    with pytest.raises(UsageError, match=r"clip_b32.* reads captions with the tokenizer"):
        matrix_of(tmp_path, text.replace("init: clip", stages))
    with pytest.raises(UsageError, match=r"clips: .* write text\.tokenizer_file"):
        matrix_of(tmp_path, text.replace("  batch", "  clips: generated\n  batch"))
