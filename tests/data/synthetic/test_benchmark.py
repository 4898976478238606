"""A task as a `Benchmark`, with noise and without; and its command."""

import re
from pathlib import Path

import av
import pytest
from typer.testing import CliRunner

from vbench_mem.base.errors import UsageError
from vbench_mem.cli import app
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.data.synthetic.benchmark import benchmark, split_sha256
from vbench_mem.data.synthetic.ceilings import T2V, ceilings
from vbench_mem.data.synthetic.noise import misaligned


@pytest.mark.parametrize("task", ["spatial", "temporal", "long"])
def test_a_held_out_caption_has_one_right_clip_and_every_clip_a_caption(
    task: str, held_out: dict[str, Benchmark]
) -> None:
    found = held_out[task]
    assert found.name == f"generated-{task}" and found.protocol.startswith("held-out; ")
    assert [caption.clips for caption in found.captions] == [(n,) for n in range(len(found.clips))]
    assert all(clip.path.is_file() for clip in found.clips)
    assert dict(found.ceilings) == {
        ceiling.kind: ceiling.random_ties_value
        for ceiling in ceilings(task, "tiny", "held-out")
        if ceiling.metric == T2V
    }


def test_hashes_are_known_beforehand_and_differ_by_split_and_noise(
    held_out: dict[str, Benchmark],
) -> None:
    assert held_out["spatial"].sha256 == split_sha256("spatial", "tiny", "held-out")
    others = {
        split_sha256("spatial", "tiny", split, seed=seed, noise=noise)
        for split, seed, noise in (("held-out", 0, 0), ("train", 0, 0), ("train", 1, 0))
        for noise in (0.0, 0.5)
    }
    assert len(others) == 6


def test_noise_misaligns_exactly_the_stated_share_and_the_protocol_states_it(cache: Path) -> None:
    clean = benchmark("temporal", "tiny", "train")
    noisy = benchmark("temporal", "tiny", "train", noise=0.25)
    own, given = ({clip.id: text for clip, text in of.pairs()} for of in (clean, noisy))
    wrong = [name for name in own if own[name] != given[name]]
    assert own.keys() == given.keys() and len(wrong) == 16
    assert sorted(own.values()) == sorted(given.values())  # no caption is lost
    assert "16 captions (25.0%) of another clip" in noisy.protocol
    assert noisy.captions == benchmark("temporal", "tiny", "train", noise=0.25).captions


def test_no_pair_of_noise_gets_its_own_text_however_often_a_text_occurs() -> None:
    texts = ["a"] * 5 + ["b"] * 5 + ["c"] * 2
    for share in (0.2, 0.5, 0.9):
        for seed in range(20):
            wrong = misaligned(texts, share, seed)
            assert len(wrong) == round(share * len(texts))
            assert all(text != texts[number] for number, text in wrong.items())
            assert sorted(wrong.values()) == sorted(texts[number] for number in wrong)


@pytest.mark.parametrize(
    ("split", "noise", "said"),
    [("held-out", 0.1, "train only"), ("train", 1.5, "0 to below 1"), ("train", 0.01, "two")],
)
def test_noise_that_makes_no_sense_is_refused(split: str, noise: float, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        benchmark("temporal", "tiny", split, noise=noise)


def test_the_command_prints_counts_and_ceilings_and_draws_a_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    words = ["synthetic", "temporal", "--size", "tiny", "--out", tmp_path, "--strip", sheet]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0
    assert "32 distinct" in result.stdout
    assert re.search(r"frame-order-invariant +0\.188 \(0\.000\)", result.stdout)
    assert "32 clips have 6 looks" in result.stdout
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert str(folder) in result.stdout
    with av.open(sheet) as image:
        (picture,) = image.decode(video=0)
    colours = picture.to_ndarray(format="rgb24").reshape(-1, 3)
    assert colours.min() == 0 and colours.std() > 50  # text on white, and pictures


def test_a_usage_error_is_one_line_and_exit_2() -> None:
    result = CliRunner().invoke(app, ["synthetic", "tempral"])
    assert result.exit_code == 2 and "did you mean temporal?" in result.stderr
