"""Our checkpoints: read back as saved, and incomplete files are refused."""

import dataclasses
import json
import os
from pathlib import Path

import pytest
import torch

from tests.encoders.structures import FULL, STRUCTURES, load_for, make, shake
from vbench_mem.base.errors import UsageError
from vbench_mem.base.files import file_sha256
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.weights.checkpoint import Checkpoint, load_into, read_checkpoint, save_checkpoint

FACTS = {"seed": 3, "data_sha256": "ab", "stages": [{"name": "image", "steps": 5}]}


def saved(path: Path, encoder: DualEncoder, spec: Spec, recipe: Recipe = FULL) -> Checkpoint:
    load = load_for(spec, frames=16)
    sha256 = save_checkpoint(path, encoder, spec=spec, recipe=recipe, load=load, facts=FACTS)
    checkpoint = read_checkpoint(path)
    assert checkpoint.sha256 == sha256 == file_sha256(path)
    return checkpoint


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_structure_is_read_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    spec = STRUCTURES[name]
    encoder = make(spec)
    shake(encoder)
    checkpoint = saved(tmp_path / "a.safetensors", encoder, spec)
    assert (checkpoint.spec, checkpoint.recipe, checkpoint.facts) == (spec, FULL, FACTS)
    assert (checkpoint.load.frames, checkpoint.load.resolution_px) == (16, 64)
    other = make(spec)
    report = load_into(checkpoint, other)
    before, after = encoder.state_dict(), other.state_dict()
    assert report.counts == {"loaded": len(before), "resized": 0, "new": 0, "unused": 0}
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize("recipe", ["adapter64", "lora8", "mask75_last4"])
def test_weights_added_by_a_recipe_are_saved_too(recipe: str, tmp_path: Path) -> None:
    spec, how = STRUCTURES["joint_test"], RECIPES[recipe]
    encoder = make(spec, how)
    shake(encoder)
    other = make(spec, how)
    load_into(saved(tmp_path / "a.safetensors", encoder, spec, how), other)
    after = other.state_dict()
    assert all(torch.equal(each, after[name]) for name, each in encoder.state_dict().items())


def test_the_same_weights_are_the_same_bytes(tmp_path: Path) -> None:
    spec = STRUCTURES["factorized_test"]
    first, second = tmp_path / "a.safetensors", tmp_path / "deep" / "b.safetensors"
    saved(first, make(spec), spec)
    saved(second, make(spec), spec)
    assert first.read_bytes() == second.read_bytes()
    encoder = make(spec)
    with torch.no_grad():
        encoder.logit_scale += 1
    assert saved(second, encoder, spec).sha256 != file_sha256(first)


def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    spec = STRUCTURES["joint_test"]
    saved(tmp_path / "a.safetensors", make(spec), spec)
    plain = tmp_path / "plain"
    plain.touch()
    assert (tmp_path / "a.safetensors").stat().st_mode == plain.stat().st_mode


def test_a_failed_save_leaves_only_the_old_file(tmp_path: Path) -> None:
    spec, path = STRUCTURES["joint_test"], tmp_path / "a.safetensors"
    encoder = make(spec)
    old = saved(path, encoder, spec).sha256
    encoder.text.head.weight = encoder.video.head.weight  # the format refuses shared memory
    with pytest.raises(RuntimeError, match="share memory"):
        saved(path, encoder, spec)
    assert file_sha256(path) == old and os.listdir(tmp_path) == [path.name]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    spec = STRUCTURES["joint_test"]
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written to"):
        saved(tmp_path / "file" / "a.safetensors", make(spec), spec)


def test_damaged_and_foreign_files_have_different_messages(tmp_path: Path) -> None:
    spec, path = STRUCTURES["joint_test"], tmp_path / "a.safetensors"
    saved(path, make(spec), spec)
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    told = json.loads(whole[8 : 8 + length])
    cases = {
        "damaged: .* bytes where its header states": whole[:-1],
        "damaged: its header is truncated": whole[:100],
        "does not start with a header": b"PK\x03\x04" + whole,
        "its header cannot be read": whole[:8] + b"[" * length,
        "cannot be read: no such file": None,
        "not our checkpoint": with_metadata(whole, told, {"format": "pt"}),
        "schema 7, this code reads 1": with_metadata(whole, told, {"vbench_mem": '{"schema": 7}'}),
        "cannot be understood": with_metadata(whole, told, {"vbench_mem": '{"schema": 1}'}),
    }
    for message, data in cases.items():
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(UsageError, match=message):
            read_checkpoint(path)


def with_metadata(whole: bytes, told: dict[str, object], metadata: dict[str, str]) -> bytes:
    text = json.dumps({**told, "__metadata__": metadata}).encode()
    start = 8 + int.from_bytes(whole[:8], "little")
    return len(text).to_bytes(8, "little") + text + whole[start:]


def test_another_encoder_is_refused_before_anything_is_changed(tmp_path: Path) -> None:
    spec = STRUCTURES["joint_test"]
    checkpoint = saved(tmp_path / "a.safetensors", make(spec), spec)
    for other, message in (
        (make(spec, frames=32), "video.positions is float32 8x16x48 in the file and float32 16x"),
        (make(spec, RECIPES["adapter64"]), "the file has no video.blocks"),
        (make(dataclasses.replace(spec, patch_bias=False)), "the encoder has no video"),
        (make(spec).double(), "is float32 .* in the file and float64"),
    ):
        shake(other)
        before = {name: each.clone() for name, each in other.state_dict().items()}
        with pytest.raises(UsageError, match=message):
            load_into(checkpoint, other)
        assert all(torch.equal(each, before[name]) for name, each in other.state_dict().items())
