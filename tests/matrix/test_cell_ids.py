"""Ids of cells that were measured stay what they are, whatever a spec can say since then."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.text_spec import Text
from vbench_mem.matrix.cell import FIRST, Cell, Protocol
from vbench_mem.matrix.load import load_matrix
from vbench_mem.probes.predict import predict

Maker = Callable[..., Cell]
GATE = Path(__file__).parents[2] / "matrices" / "gate.yaml"
# As they were before captions could be read as published models read them.
IDS = {
    "joint_ti16 device=cpu dtype=float32": "15fe80cdec9fe78f",
    "joint_ti16+mask75 device=cpu dtype=float32": "5b91a880964bbb4b",
    "joint_ti16+adapter64 device=cpu dtype=float32": "32cb8d8f8f8ab5af",
    "factorized_ti16 device=cpu dtype=float32": "129eedbcd40801b8",
    "joint_ti16 device=cuda dtype=bfloat16": "6c9524a1743cf280",
    "joint_ti16+mask75 device=cuda dtype=bfloat16": "5334ad20a30cd383",
    "joint_ti16+adapter64 device=cuda dtype=bfloat16": "b1be2885bda194e7",
    "factorized_ti16 device=cuda dtype=bfloat16": "cf8c93e0dcc69d9b",
}
CHANGES = {
    "tokenizer": "bytes",
    "causal": True,
    "feature": "end",
    "activation": "quick_gelu",
    "norm_eps": 1e-5,
    "embed_norm": False,
    "head_bias": True,
    "max_tokens": 77,
    "vocab": 999,
}


def test_ids_of_shipped_cells_are_those_of_the_first_records() -> None:
    matrix = load_matrix(GATE)
    assert {matrix.label(cell): cell.id for cell in matrix.cells} == IDS


def test_a_later_field_of_captions_counts_where_it_is_set(make_cell: Maker) -> None:
    cell = make_cell()
    changed = [
        replace(cell, spec=replace(cell.spec, text=replace(cell.spec.text, **{name: value})))
        for name, value in CHANGES.items()
    ]
    assert len({cell.id, *(each.id for each in changed)}) == len(CHANGES) + 1
    rest = {field.name for field in fields(Text)} - CHANGES.keys() - set(FIRST)
    assert rest == {"tokenizer_file", "tokenizer_sha256"}  # tested where files are


@pytest.mark.parametrize("sha256", ["ab", "cd"])
def test_an_encoder_of_ones_own_reads_captions_by_a_file_too(make_cell: Maker, sha256: str) -> None:
    own = Custom(build="own_code:build", source_sha256="ef")
    protocol = Protocol(warmup=1, steps=2, timeout_s=60.0)
    assert replace(make_cell(protocol=protocol), spec=own).id == "02048312491e8a47"
    text = replace(own.text, tokenizer="file", tokenizer_file="/a", tokenizer_sha256=sha256)
    moved = replace(text, tokenizer_file="/b")
    one, other = (replace(make_cell(), spec=replace(own, text=each)).id for each in (text, moved))
    assert one == other != replace(make_cell(), spec=own).id


def test_what_is_predicted_of_them_is_what_was_agreed_to_the_byte() -> None:
    baseline = json.loads(GATE.with_name("gate_baseline.json").read_text())["cells"]
    (cell,) = (each for each in load_matrix(GATE).cells if each.id == "5b91a880964bbb4b")
    agreed = baseline["joint_ti16+mask75 frames=16 batch=8 resolution_px=96 device=cpu"]["metrics"]
    found = predict(cell, "cpu")
    assert found.peak_bytes == agreed["predicted_peak_bytes"]
    assert found.embed_peak_bytes == agreed["predicted_embed_peak_bytes"]
    assert found.categories["activation"] == agreed["predicted_activation_bytes"]
