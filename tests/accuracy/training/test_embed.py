"""A benchmark embedded in batches against one clip at a time; broken clips are named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.accuracy.training.made import LOAD, MASKED, RUNTIME, written_benchmark
from vbench_mem.accuracy.training.embed import Embedder
from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark, Caption
from vbench_mem.data.clips import to_clips
from vbench_mem.data.sample import sample
from vbench_mem.data.tokens_of_captions import tokenize
from vbench_mem.encoders.dual import DualEncoder

MakeEncoder = Callable[..., DualEncoder]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return written_benchmark(tmp_path_factory.mktemp("clips"), 7)


@pytest.fixture
def broken(tmp_path: Path) -> Benchmark:
    """Of seven clips the third and the last are no videos; a caption is right for two clips."""
    made = written_benchmark(tmp_path, 7)
    for number in (2, 6):
        made.clips[number].path.write_bytes(b"no video")
    both = Caption(text="both", clips=(2, 5), grades=(1.0, 0.5))
    ceilings = (("frame-order-invariant", 0.5),)
    return replace(made, captions=(*made.captions, both), ceilings=ceilings)


def embedder(encoder: DualEncoder, batch: int = 3) -> Embedder:
    return Embedder(encoder=encoder, load=LOAD, runtime=RUNTIME, sampling="first", batch=batch)


@pytest.mark.parametrize("batch", [1, 3, 7])
def test_every_embedding_equals_that_of_its_clip_or_caption_alone(
    make_encoder: MakeEncoder, files: Benchmark, batch: int
) -> None:
    encoder = make_encoder(recipe=MASKED)
    found = embedder(encoder, batch).embed(files)
    encoder.eval()
    for number, (clip, caption) in enumerate(zip(files.clips, files.captions, strict=True)):
        frames = torch.from_numpy(sample(clip.path, 4, 1.0, 16).frames)[None]
        tokens = tokenize([caption.text], encoder.video.spec.text, 8)
        with torch.no_grad():
            video, text = encoder(to_clips(frames), tokens.ids_BL, tokens.mask_BL)
        torch.testing.assert_close(found.video_VE[number], video[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(found.text_CE[number], text[0], atol=1e-5, rtol=1e-5)
    assert found.benchmark == files and found.truncated == 0
    assert found.throughput.clips == 7


def test_permuted_frames_change_the_features_of_joint_attention_alone(
    make_encoder: MakeEncoder, files: Benchmark
) -> None:
    joint, frames = (
        embedder(make_encoder(name)).embed(files) for name in ("joint_test", "frame_mean_test")
    )
    assert joint.permuted_VE is not None and frames.permuted_VE is not None
    torch.testing.assert_close(frames.video_VE, frames.permuted_VE, atol=1e-5, rtol=1e-5)
    # but for clips whose frames only changed places inside of a tubelet, equal in a new kernel
    assert ((joint.video_VE - joint.permuted_VE).norm(dim=1) > 1e-4).sum() > 3


def test_one_frame_is_embedded_as_the_image_it_is(
    make_encoder: MakeEncoder, files: Benchmark
) -> None:
    encoder = make_encoder("frame_mean_test", load=replace(LOAD, frames=1))
    torch.nn.init.normal_(encoder.video.image_embed.weight, std=0.1)
    found = replace(embedder(encoder), load=replace(LOAD, frames=1)).embed(files)
    assert found.permuted_VE is None
    frames = torch.from_numpy(sample(files.clips[4].path, 1, 1.0, 16).frames)[None]
    with torch.no_grad():
        image = encoder.encode_image(to_clips(frames)[:, 0])
    torch.testing.assert_close(found.video_VE[4], image[0], atol=1e-5, rtol=1e-5)


def test_broken_clips_are_an_error_that_counts_them_and_names_the_first(
    make_encoder: MakeEncoder, broken: Benchmark
) -> None:
    with pytest.raises(UsageError, match="made: 2 of 7 clips cannot be decoded, 2 first"):
        embedder(make_encoder()).embed(broken)


def test_allowed_broken_clips_are_left_out_with_the_captions_that_have_no_other(
    make_encoder: MakeEncoder, broken: Benchmark, files: Benchmark
) -> None:
    encoder = make_encoder()
    found = embedder(encoder).embed(broken, allow_missing=True)
    whole = embedder(encoder).embed(files)
    kept = [0, 1, 3, 4, 5]
    assert [clip.id for clip in found.benchmark.clips] == list(map(str, kept))
    torch.testing.assert_close(found.video_VE, whole.video_VE[kept], atol=1e-5, rtol=1e-5)
    assert [dropped.id for dropped in found.benchmark.dropped] == ["2", "6"]
    assert [caption.clips for caption in found.benchmark.captions] == [(i,) for i in range(5)] + [
        (4,)
    ]
    assert found.benchmark.captions[-1].grades == (0.5,)
    assert len(found.text_CE) == 6
    # other data than was asked: with another hash, counted, and with nothing proved of it
    assert found.benchmark.sha256 not in ("", broken.sha256)
    assert found.benchmark.protocol == "made; 2 of 7 videos broken"
    assert found.benchmark.ceilings == ()


def test_an_error_is_raised_where_all_clips_are_broken(
    make_encoder: MakeEncoder, broken: Benchmark
) -> None:
    for clip in broken.clips:
        clip.path.write_bytes(b"no video")
    with pytest.raises(UsageError, match="made: no clip is left of 7: 0 missing, 7 broken; 0 is"):
        embedder(make_encoder()).embed(broken, allow_missing=True)
