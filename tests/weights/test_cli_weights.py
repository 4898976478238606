"""`vbench-mem weights`: the table, the JSON, and an exit code for scripts."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner, Result

from tests.encoders.structures import FULL, load_for
from vbench_mem.cli import app
from vbench_mem.encoders.build import build
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.weights.checkpoint import save_checkpoint

FITS = [
    "--set", "tower.width=48", "--set", "tower.depth=2", "--set", "tower.heads=4",
    "--set", "tower.mlp=96", "--set", "class_token=true", "--set", "activation=gelu",
    "--set", "norm_eps=1.0e-12",
]  # fmt: skip


def invoke(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, ["weights", *map(str, arguments)])


def test_the_table_groups_layers_and_fits(vit: Path) -> None:
    result = invoke(vit, "--encoder", "joint_test", "--frames", "8", *FITS)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    # the folder's path may be broken over lines
    assert "vit, 30 loaded, 2 resized, " in " ".join(result.stdout.split())
    assert sum("video.blocks.0-1.attn." in line for line in lines) == 4
    assert "the same at all times" in result.stdout
    assert "note: no config states how its pixels" in result.stdout


def test_the_json_has_every_tensor_and_the_hash(vit: Path) -> None:
    result = invoke(vit, "--encoder", "joint_test", *FITS, "--json")
    told = json.loads(result.stdout)
    names = {line["name"] for line in told["lines"]}
    assert {"video.blocks.1.norm2.bias", "video.embed.weight", "text.words.weight"} <= names
    assert told["counts"]["loaded"] == sum(line["fate"] == "loaded" for line in told["lines"])
    assert len(told["sha256"]) == 64 and told["source"] == "vit"


def test_a_surprise_is_shown_and_exits_with_2_until_it_is_allowed(
    vit: Path, tmp_path: Path
) -> None:
    state = load_file(vit / "model.safetensors") | {"embeddings.register": torch.zeros(3)}
    save_file(state, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text((vit / "config.json").read_text())
    result = invoke(tmp_path, "--encoder", "joint_test", *FITS)
    assert result.exit_code == 2
    assert "UNEXPECTED" in result.stdout
    assert "unused embeddings.register (unknown here); choose" in result.stderr
    allowed = invoke(
        tmp_path, "--encoder", "joint_test", *FITS, "--allow", "unused:embeddings.register"
    )
    assert allowed.exit_code == 0 and "allowed" in allowed.stdout


def test_an_invalid_command_is_one_line_and_exit_2(vit: Path) -> None:
    for words, message in (
        (("--encoder", "joint_tset"), "no encoder called 'joint_tset'; did you mean joint_test?"),
        (("--encoder", "joint_test"), "write tower.width: 48"),
        (("--encoder", "joint_test", "--set", "patch=16"), "no axis called 'patch'"),
        (("--encoder", "joint_test", "--set", "frames=16"), "--set frames=16: write a field of"),
        (("--encoder", "joint_test", "--set", "norm_eps=1e-12"), "is text in YAML"),
        (("--encoder", "joint_test", "--set", "pooling=class"), "needs class_token: true"),
        (("--encoder", "joint_test", "--frames", "7", *FITS), "frames 7 is not a multiple"),
        (("--encoder", "joint_test", "--allow", "x", *FITS), "'x' is not a pattern"),
    ):
        result = invoke(vit, *words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr and result.stderr.count("\n") == 1


def test_our_checkpoint_is_shown_at_another_length(tmp_path: Path) -> None:
    spec, path = ENCODERS["joint_test"].spec, tmp_path / "short.safetensors"
    load = load_for(spec, frames=8)
    made = build(spec, FULL, load)
    sha256 = save_checkpoint(path, made, spec=spec, recipe=FULL, load=load, facts={})
    result = invoke(path, "--encoder", "joint_test", "--frames", "32", "--json")
    told = json.loads(result.stdout)
    assert told["sha256"] == sha256
    resized = [line for line in told["lines"] if line["fate"] == "resized"]
    assert [(line["before"], line["shape"], line["why"]) for line in resized] == [
        ([4, 16, 128], [16, 16, 128], "linear in time")
    ]
