"""An id moves with every field that is run, and with no name and no path."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.text_spec import Text
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.matrix.load import load_matrix
from vbench_mem.matrix.training import Source, Stage, StageConfig, Training
from vbench_mem.probes.predict import predict

Maker = Callable[..., Cell]
GATE = Path(__file__).parents[2] / "matrices" / "gate.yaml"
TEXT: dict[str, Any] = {
    "tokenizer": "bytes",
    "vocab": 999,
    "tower": replace(Text().tower, depth=1),
    "max_tokens": 77,
    "causal": True,
    "feature": "end",
    "activation": "quick_gelu",
    "norm_eps": 1e-5,
    "embed_norm": False,
    "head_bias": True,
}
LOAD: dict[str, Any] = {
    "frames": 8,
    "batch": 3,
    "resolution_px": 96,
    "caption_tokens": 16,
    "mode": "embed",
}
RUNTIME: dict[str, Any] = {
    "device": "cuda",
    "dtype": "bfloat16",
    "attention": "math",
    "checkpoint": True,
    "compile": True,
    "optimizer": "fused",
    "threads": 1,
}
PROTOCOL: dict[str, Any] = {
    "warmup": 3,
    "steps": 3,
    "seed": 1,
    "timeout_s": 5.0,
    "learning_rate": 0.1,
    "memory_limit_bytes": 2**30,
}
STAGE: dict[str, Any] = {
    "name": "other",
    "steps": 9,
    "batch": 8,
    "micro_batch": 2,
    "images": 0.5,
    "drawn_from": 4,
    "learning_rate": 0.1,
    "warmup": 1,
    "schedule": "constant",
    "weight_decay": 0.5,
    "objective": "sigmoid",
    "frames": 4,
    "recipe": RECIPES["mask75"],
}


def changed(part: Any, changes: dict[str, Any]) -> list[Any]:
    return [replace(part, **{name: value}) for name, value in changes.items()]


def all_differ(cells: list[Cell]) -> bool:
    return len({cell.id for cell in cells}) == len(cells)


def names_of(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def test_every_field_of_a_load_a_runtime_and_a_protocol_counts(cell: Cell) -> None:
    # tested with files, and where something is sampled
    assert names_of(Load) - LOAD.keys() == {"input", "clips", "clips_sha256", "fps"}
    assert names_of(Runtime) == RUNTIME.keys() and names_of(Protocol) == PROTOCOL.keys()
    assert all_differ(
        [cell]
        + [replace(cell, load=each) for each in changed(cell.load, LOAD)]
        + [replace(cell, runtime=each) for each in changed(cell.runtime, RUNTIME)]
        + [replace(cell, protocol=each) for each in changed(cell.protocol, PROTOCOL)]
    )


def test_every_field_of_the_caption_tower_counts(cell: Cell) -> None:
    rest = names_of(Text) - TEXT.keys()
    assert rest == {"tokenizer_file", "tokenizer_sha256"}  # tested below
    texts = changed(cell.spec.text, TEXT)
    assert all_differ([cell, *(replace(cell, spec=replace(cell.spec, text=t)) for t in texts)])


def test_every_field_of_a_stage_counts(cell: Cell) -> None:
    assert names_of(Stage) == STAGE.keys() and names_of(StageConfig) < STAGE.keys()
    stage = Stage(name="only", steps=4, batch=4, frames=2)
    bare = replace(
        cell, probe="accuracy", training=Training(sources=(Source(name="spatial"),), stages=())
    )
    assert bare.training is not None
    assert all_differ(
        [bare]
        + [
            replace(bare, training=replace(bare.training, stages=(each,)))
            for each in (stage, *changed(stage, STAGE))
        ]
    )


@pytest.mark.parametrize("sha256", ["ab", "cd"])
def test_a_tokenizer_counts_by_content_not_by_path(make_cell: Maker, sha256: str) -> None:
    own = Custom(build="own_code:build", source_sha256="ef")
    text = replace(own.text, tokenizer="file", tokenizer_file="/a", tokenizer_sha256=sha256)
    moved = replace(text, tokenizer_file="/b")
    one, other = (replace(make_cell(), spec=replace(own, text=each)).id for each in (text, moved))
    assert one == other != replace(make_cell(), spec=own).id


def test_a_users_code_counts_by_content_not_by_folder(cell: Cell) -> None:
    ids = [
        replace(cell, spec=Custom(build="own:build", source_sha256=sha256, folder=folder)).id
        for sha256, folder in (("ef", "/a"), ("ef", "/b"), ("ef", None), ("cd", "/a"))
    ]
    assert ids[0] == ids[1] == ids[2] != ids[3]


def test_data_and_weights_count_by_content_not_by_path(cell: Cell) -> None:
    def trained(sha256: str | None, folder: str) -> str:
        source = Source(name="csv", file=f"{folder}/a.csv", videos=folder, sha256=sha256)
        training = Training(
            sources=(source,),
            stages=(),
            evaluate=(source,),
            init=f"{folder}/weights",
            init_sha256=sha256,
        )
        return replace(cell, probe="accuracy", training=training).id

    assert trained("ab", "/a") == trained("ab", "/b") != trained("cd", "/a")
    assert trained(None, "/a") != trained(None, "/b")


def test_the_prediction_of_a_shipped_cell_is_the_baseline_to_the_byte() -> None:
    baseline = json.loads(GATE.with_name("gate_baseline.json").read_text())["cells"]
    cells = load_matrix(GATE).cells
    (cell,) = (c for c in cells if c.recipe_name == "mask75" and c.runtime.device == "cpu")
    agreed = baseline[f"{cell.variant} frames=16 batch=8 resolution_px=96 device=cpu"]["metrics"]
    found = predict(cell, "cpu")
    assert found.peak_bytes == agreed["predicted_peak_bytes"]
    assert found.embed_peak_bytes == agreed["predicted_embed_peak_bytes"]
    assert found.categories["activation"] == agreed["predicted_activation_bytes"]
