"""A cell's id: it moves with everything that is run and with nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vbench_mem.base.load import Runtime
from vbench_mem.encoders.custom import Custom
from vbench_mem.matrix.cell import Cell, Protocol, dump, load
from vbench_mem.matrix.training import Training

Maker = Callable[..., Cell]


def test_a_cell_survives_json(make_cell: Maker) -> None:
    for encoder in ("joint_test", "tubevit_test", "factorized_encoder_test"):
        cell = make_cell(encoder)
        assert load(json.loads(json.dumps(dump(cell)))) == cell


def test_names_are_outside_the_id(cell: Cell) -> None:
    renamed = replace(cell, encoder="another_name", recipe_name="other")
    assert renamed.id == cell.id


def test_everything_that_is_run_is_inside_the_id(cell: Cell, make_cell: Maker) -> None:
    spec, tower = cell.spec, cell.spec.tower
    others = [
        make_cell(recipe="mask75"),
        make_cell(frames=8),
        make_cell(batch=3),
        make_cell(runtime=Runtime(device="cpu", dtype="bfloat16")),
        make_cell(protocol=Protocol(seed=1)),
        make_cell(mode="embed"),
        replace(cell, spec=replace(spec, tower=replace(tower, depth=tower.depth + 1))),
        replace(cell, spec=replace(spec, norm_eps=1e-5)),
    ]
    assert len({cell.id, *(other.id for other in others)}) == len(others) + 1


def test_a_caption_file_counts_by_content_not_by_folder(make_cell: Maker, tmp_path: Path) -> None:
    here = make_cell(input="clips", clips="/a/captions.csv", clips_sha256="ab")
    moved = make_cell(input="clips", clips="/b/captions.csv", clips_sha256="ab")
    edited = make_cell(input="clips", clips="/a/captions.csv", clips_sha256="cd")
    assert here.id == moved.id != edited.id


def test_a_rate_counts_only_where_videos_are_sampled(make_cell: Maker) -> None:
    clips = {"input": "clips", "clips": "generated", "clips_sha256": "ab"}
    assert make_cell(fps=2.0).id == make_cell().id
    assert make_cell(fps=2.0, **clips).id != make_cell(**clips).id
    training = Training(sources=(), stages=())
    trained = [
        replace(make_cell(fps=fps), probe="accuracy", training=training) for fps in (1.0, 2.0)
    ]
    assert trained[0].id != trained[1].id
    own = Custom(build="own_code:build", source_sha256="ef")  # it may look at its whole load
    one, other = (replace(make_cell(fps=fps), spec=own) for fps in (1.0, 2.0))
    assert one.id != other.id


def test_an_id_is_the_same_in_every_process(cell: Cell) -> None:
    """Hashing must not hang on the order of a set or on Python's own random hash."""
    import subprocess
    import sys

    code = (
        "import sys, json; from vbench_mem.matrix import cell as cells; "
        "print(cells.load(json.load(sys.stdin)).id)"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(dump(cell)),
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == cell.id


def test_clips_and_noise_cannot_be_mixed(make_cell: Maker) -> None:
    with pytest.raises(ValueError, match="clips"):
        make_cell(input="clips")
    with pytest.raises(ValueError, match="clips"):
        make_cell(clips="generated")
