"""Files at a path: found, hashed, identified, or refused in a sentence; code is never run."""

import hashlib
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.encoders.structures import STRUCTURES, load_for, make
from tests.weights import published
from tests.weights.published import VIT, copied, started
from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.weights.checkpoint import save_checkpoint
from vbench_mem.weights.find import find, weights_sha256
from vbench_mem.weights.initialise import source_weights
from vbench_mem.weights.kinds import kind_of
from vbench_mem.weights.read import read_tensors

FULL = RECIPES["full"]
SOME = {"a.weight": torch.ones(2), "b.weight": torch.ones(3)}


def kind_at(path: Path) -> str:
    files = find(path)
    return kind_of(files, read_tensors(files))


def test_each_kind_is_identified_by_its_names_and_config(tmp_path: Path) -> None:
    for kind in ("clip", "siglip", "vit", "videomae", "vivit"):
        folder = tmp_path / kind
        getattr(published, kind)().save_pretrained(folder)
        assert kind_at(folder) == kind
        assert kind_at(folder / "model.safetensors") == kind
    spec = STRUCTURES["joint_test"]
    own = tmp_path / "own.safetensors"
    save_checkpoint(own, make(spec), spec=spec, recipe=FULL, load=load_for(spec), facts={})
    assert kind_at(own) == "vbench_mem"


def test_shards_are_one_model_and_one_hash(vit: Path, tmp_path: Path) -> None:
    state = load_file(vit / "model.safetensors")
    names = sorted(state)
    parts = {"model-1.safetensors": names[:9], "model-2.safetensors": names[9:]}
    for file, held in parts.items():
        save_file({name: state[name] for name in held}, tmp_path / file)
    index = {"weight_map": {name: file for file, held in parts.items() for name in held}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "config.json").write_text((vit / "config.json").read_text())
    one, _ = started(VIT, vit)
    several, _ = started(VIT, tmp_path)
    assert torch.equal(one.video.blocks[1].mlp.fc2.weight, several.video.blocks[1].mlp.fc2.weight)
    before = weights_sha256(tmp_path)
    whole = bytearray((tmp_path / "model-2.safetensors").read_bytes())
    whole[-1] ^= 1
    (tmp_path / "model-2.safetensors").write_bytes(whole)
    assert weights_sha256(tmp_path) != before
    (tmp_path / "model-1.safetensors").unlink()
    with pytest.raises(UsageError, match=r"model-1\.safetensors is missing beside it; copy all 2"):
        find(tmp_path)


def test_an_index_with_files_outside_its_folder_is_refused(tmp_path: Path) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "../../secret.bin"}}))
    with pytest.raises(UsageError, match="is outside its folder"):
        find(tmp_path)


def test_the_hash_is_of_the_files_that_are_read(vit: Path, tmp_path: Path) -> None:
    copied(vit, tmp_path)
    before = weights_sha256(tmp_path)
    assert before == weights_sha256(vit) == weights_sha256(vit / "model.safetensors")
    (tmp_path / "README.md").write_text("what it is")
    assert weights_sha256(tmp_path) == before
    config = tmp_path / "config.json"
    config.write_text(config.read_text() + " ")
    assert weights_sha256(tmp_path) != before
    config.unlink()
    alone = hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    assert weights_sha256(tmp_path) == alone


def test_the_hash_of_a_checkpoint_is_independent_of_other_files(tmp_path: Path) -> None:
    spec = STRUCTURES["joint_test"]
    path = tmp_path / "own.safetensors"
    made = save_checkpoint(path, make(spec), spec=spec, recipe=FULL, load=load_for(spec), facts={})
    (tmp_path / "config.json").write_text("{}")
    assert weights_sha256(path) == weights_sha256(tmp_path) == made


def test_pickled_weights_are_read_and_safe_ones_first(vit: Path, tmp_path: Path) -> None:
    state = load_file(vit / "model.safetensors")
    torch.save(state, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text((vit / "config.json").read_text())
    one, _ = started(VIT, vit)
    other, _ = started(VIT, tmp_path)
    assert torch.equal(one.video.positions, other.video.positions)
    assert kind_at(tmp_path) == "vit"
    save_file({name: each + 1 for name, each in state.items()}, tmp_path / "model.safetensors")
    safe, _ = started(VIT, tmp_path)
    assert not torch.equal(safe.video.positions, other.video.positions)


class Evil:
    """Would make a file named by the environment, if it were ever unpickled."""

    def __reduce__(self) -> Any:
        return os.system, ("touch $VBENCH_MEM_EVIL",)


@pytest.mark.parametrize("form", ["torch", "plain pickle", "hidden in a state dict"])
def test_code_in_a_file_is_refused_and_never_run(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, path = tmp_path / "ran", tmp_path / "pytorch_model.bin"
    monkeypatch.setenv("VBENCH_MEM_EVIL", str(mark))
    if form == "plain pickle":
        path.write_bytes(pickle.dumps(Evil()))
    else:
        torch.save({**SOME, "extra": Evil()} if "hidden" in form else Evil(), path)
    with pytest.raises(UsageError, match=r"holds more than weights .* and is not read") as caught:
        source_weights(path, FULL)
    assert "\n" not in str(caught.value)
    assert not mark.exists()


def test_files_that_cannot_be_used_are_refused_in_one_sentence(tmp_path: Path) -> None:
    def written(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    empty, several = tmp_path / "empty", tmp_path / "several"
    empty.mkdir(), several.mkdir()
    for name in ("one.pt", "two.pt"):
        torch.save(SOME, several / name)
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"a": 1}, tmp_path / "numbers.pt")
    save_file(SOME, tmp_path / "unknown.safetensors")
    with zipfile.ZipFile(tmp_path / "foreign.pt", "w") as archive:
        archive.writestr("a.txt", "b")
    cases = {
        tmp_path / "none": "no such file or folder",
        empty: "no weights in this folder; known names are model.safetensors or",
        several: "several files of weights .one.pt, two.pt.; write the path of one",
        written("a.npz", b"1"): "'a.npz' is not a file of weights; write a folder, or a file that",
        written("torn.pt", b""): "cannot be read as weights",
        written("torn.safetensors", b"123"): "not a safetensors file",
        tmp_path / "foreign.pt": "cannot be read as weights",
        tmp_path / "list.pt": "no weights by name in it; save a state_dict",
        tmp_path / "numbers.pt": "a is not a tensor; save a state_dict of tensors alone",
        tmp_path / "unknown.safetensors": r"unknown weights: a.weight, b.weight; known are check",
        written(
            "model.safetensors.index.json", b"{}"
        ): "not an index of weights: it has no weight_map",
        written("b.index.json", b"[]"): "not a JSON object",
        written("c.index.json", b"{"): "cannot be read",
    }
    for path, message in cases.items():
        with pytest.raises(UsageError, match=message) as caught:
            source_weights(path, FULL)
        assert str(path if path.exists() else "none") in str(caught.value)
        assert "\n" not in str(caught.value)
