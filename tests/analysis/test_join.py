"""Scores meet exactly the rows whose embeddings they are of; nothing is dropped."""

from pathlib import Path
from typing import Any

import pytest

from tests.rows import (
    GIB,
    MACHINE,
    joined_of,
    matrix_of,
    ok,
    oom,
    pick,
    pruned,
    score,
    skipped_as_oom,
)
from vbench_mem.base.errors import UsageError
from vbench_mem.running.record import Failure
from vbench_mem.running.runs import NoRun, UnlikeMachines, choose_run
from vbench_mem.running.store import Store


def labels_with_a_score(folder: Path, axes: str, **fields: Any) -> list[str]:
    """Labels of the rows that one score joins."""
    matrix = matrix_of(folder, f"about: a question\naxes: {{{axes}}}\n")
    joined = joined_of(matrix, scores=(score(**fields),))
    found = [row.label for row in joined.rows if row.scores]
    assert bool(joined.unmatched) != bool(found)
    assert len(joined.unscored) == len(joined.rows) - len(found)
    return found


BASE = "encoder: joint_test, frames: 4, batch: 2"


def test_settings_that_cannot_change_an_embedding_are_ignored(tmp_path: Path) -> None:
    axes = "encoder: joint_test, frames: 4, batch: [2, 4], dtype: [float32, bfloat16]"
    axes += ", attention: [auto, math], checkpoint: [false, true], mode: [train, embed]"
    assert len(labels_with_a_score(tmp_path, axes)) == 24  # an embedding has no checkpoint


@pytest.mark.parametrize(
    ("axes", "fields", "found"),
    [
        ("encoder: [joint_test, frame_mean_test]", {}, ["joint_test"]),
        ("encoder: joint_test, frames: [4, 8]", {}, ["joint_test frames=4"]),
        ("encoder: joint_test, recipe: [full, mask75]", {}, ["joint_test"]),
        (
            "encoder: joint_test, recipe: [full, mask75]",
            {"mask_ratio": 0.75},
            ["joint_test+mask75"],
        ),
        (
            "encoder: joint_test, recipe: [full, adapter64, mask75_adapter64]",
            {"variant": "joint_test+adapter64"},
            ["joint_test+adapter64"],
        ),
        (
            "encoder: joint_test, recipe: [mask75, mask75_adapter64]",
            {"variant": "joint_test+adapter64", "mask_ratio": 0.75},
            ["joint_test+mask75_adapter64"],
        ),
        (
            "encoder: joint_test, resolution_px: [64, 128]",
            {},
            ["joint_test resolution_px=64"],
        ),
        (
            "encoder: joint_test, resolution_px: [64, 128]",
            {"resolution_px": 128},
            ["joint_test resolution_px=128"],
        ),
        ("encoder: joint_test, patch_px: [16, 32]", {}, ["joint_test"]),
        ("encoder: joint_test, embed_dim: 32", {}, []),
        (
            "encoder: joint_test, recipe: mask75, mask_kind: [random, frame], frames: 8",
            {"mask_ratio": 0.75, "frames": 8},
            ["joint_test+mask75"],
        ),
    ],
)
def test_what_can_change_an_embedding_must_be_equal(
    axes: str, fields: dict[str, Any], found: list[str], tmp_path: Path
) -> None:
    extra = "" if "frames" in axes else ", frames: 4"
    assert labels_with_a_score(tmp_path, f"{axes}{extra}, batch: 2", **fields) == found


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"variant": "external:Other"}, "a system that no encoder here builds"),
        ({"variant": "tubevit_test"}, "no cell has tubevit_test with the settings of the table"),
        (
            {"variant": "joint_test+lora8"},
            "no cell of joint_test trains the same weights as joint_test+lora8",
        ),
        ({"mask_ratio": 0.75}, "no such cell has mask 0.75 (random)"),
        ({"frames": 8}, "no such cell has 8 frames"),
        ({"resolution_px": 32}, "no such cell has 32 px"),
    ],
)
def test_an_unmatched_score_is_listed_with_the_reason(
    fields: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    matrix = matrix_of(tmp_path, f"about: a question\naxes: {{{BASE}}}\n")
    joined = joined_of(matrix, scores=(score(**fields),))
    ((unmatched, why),) = joined.unmatched
    assert unmatched.value == 0.4
    assert reason in why


def test_published_and_measured_scores_stay_in_columns_of_their_own(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    both = (score(value=0.4, origin="measured"), score(value=0.5, origin="published"))
    row = joined_of(matrix, scores=both).rows[0]
    assert {column.split(".")[1]: s.value for column, s in row.scores.items()} == {
        "measured": 0.4,
        "published": 0.5,
    }


def test_every_cell_is_a_row_however_it_ended(tmp_path: Path) -> None:
    text = (
        "about: a question\naxes: {encoder: [joint_test, frame_mean_test], frames: [4, 8, 16], "
        "batch: 2}\nskip: [{when: {encoder: frame_mean_test, frames: 16}, reason: too long}]\n"
    )
    matrix = matrix_of(tmp_path, text)
    short, middle = pick(matrix, "joint_test frames=4"), pick(matrix, "joint_test frames=8")
    long = pick(matrix, "joint_test frames=16")
    records = (ok(short), oom(middle, bytes_limit=5 * GIB), pruned(long, middle))
    rows = {row.label: row for row in joined_of(matrix, *records).rows}
    assert {label: row.state for label, row in rows.items()} == {
        "joint_test frames=4": "ok",
        "joint_test frames=8": "oom",
        "joint_test frames=16": "skipped",
        "frame_mean_test frames=4": "missing",
        "frame_mean_test frames=8": "missing",
        "frame_mean_test frames=16": "skipped",
    }
    assert rows["frame_mean_test frames=16"].by_rule
    assert not rows["joint_test frames=16"].by_rule
    assert rows["frame_mean_test frames=16"].reason == "too long"
    # a skipped row knows the limit that the smaller one ran into
    assert rows["joint_test frames=16"].limit_bytes == 5 * GIB
    assert rows["joint_test frames=16"].is_out_of_memory


def test_the_limit_is_the_virtual_card_then_the_card_then_the_host(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    cell = matrix.cells[0]
    assert joined_of(matrix, oom(cell)).rows[0].limit_bytes == 16 * GIB
    on_host = oom(cell).model_copy(update={"failure": oom(cell).failure.model_copy()})
    on_host.failure.where = "host"
    assert joined_of(matrix, on_host).rows[0].limit_bytes == 64 * GIB
    text = "about: q\nprotocol: {memory_limit_bytes: 2 GiB}\naxes: {" + BASE + "}\n"
    limited = matrix_of(tmp_path, text, "limited")
    assert joined_of(limited, oom(limited.cells[0])).rows[0].limit_bytes == 2 * GIB


def runs(root: Path, *fingerprints: str) -> None:
    for fingerprint in fingerprints:
        machine = MACHINE.model_copy(update={"fingerprint": fingerprint})
        Store(root / "small" / fingerprint).prepare("", machine)


def test_a_run_of_this_machine_is_chosen_among_several(tmp_path: Path) -> None:
    runs(tmp_path, "aaaa1111", "bbbb2222")
    chosen = choose_run(tmp_path, "small", "bbbb2222", None, foreign=False)
    assert chosen.fingerprint == "bbbb2222"
    named = choose_run(tmp_path, "small", "bbbb2222", "aaaa", foreign=False)
    assert named.fingerprint == "aaaa1111"


def test_unlike_machines_do_not_meet(tmp_path: Path) -> None:
    with pytest.raises(NoRun, match="no records"):
        choose_run(tmp_path, "small", "cccc3333", None, foreign=True)
    runs(tmp_path, "aaaa1111")
    with pytest.raises(UnlikeMachines, match="only of aaaa1111; choose one with --machine"):
        choose_run(tmp_path, "small", "cccc3333", None, foreign=False)
    alone = choose_run(tmp_path, "small", "cccc3333", None, foreign=True)
    assert alone.fingerprint == "aaaa1111"
    runs(tmp_path, "bbbb2222")
    with pytest.raises(UsageError, match="only of aaaa1111, bbbb2222"):
        choose_run(tmp_path, "small", "cccc3333", None, foreign=True)
    with pytest.raises(UnlikeMachines, match="no fingerprint begins with 'dddd'"):
        choose_run(tmp_path, "small", "cccc3333", "dddd", foreign=True)


def test_numbers_from_before_a_skip_rule_are_not_shown(tmp_path: Path) -> None:
    text = "about: q\naxes: {encoder: [joint_test, frame_mean_test], frames: 4, batch: 2}\n"
    rule = "skip: [{when: {encoder: frame_mean_test}, reason: not needed}]\n"
    matrix = matrix_of(tmp_path, text + rule)
    row = joined_of(matrix, *(ok(cell) for cell in matrix.cells)).rows[1]
    assert (row.state, row.metric("peak_alloc_bytes")) == ("skipped", None)


def test_a_row_spared_for_a_cell_that_fits_by_now_is_still_to_be_measured(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    short, long = pick(matrix, "joint_test frames=4"), pick(matrix, "joint_test frames=8")
    then = {row.cell.id: row for row in joined_of(matrix, oom(short), pruned(long, short)).rows}
    assert (then[long.id].state, then[long.id].is_out_of_memory) == ("skipped", True)
    now = {row.cell.id: row for row in joined_of(matrix, ok(short), pruned(long, short)).rows}
    assert (now[long.id].state, now[long.id].is_out_of_memory) == ("missing", False)
    assert now[long.id].reason == "a smaller cell no longer runs out of memory; run the matrix"


def test_a_row_predicted_not_to_fit_is_out_of_memory_at_the_limit_it_was_compared_with(
    tmp_path: Path,
) -> None:
    matrix = matrix_of(tmp_path)
    cell = matrix.cells[0]
    row = joined_of(matrix, skipped_as_oom(cell, limit=12 * GIB)).rows[0]
    assert (row.state, row.is_ok, row.by_rule) == ("skipped", False, False)
    assert row.is_out_of_memory and row.is_skipped
    assert row.limit_bytes == 12 * GIB  # the card of the machine has 16
    assert row.metric("predicted_peak_bytes") == 95 * GIB
    assert row.metric("peak_alloc_bytes") is None
    assert "does not fit" in row.why_missing("peak_alloc_bytes")


@pytest.mark.parametrize(
    ("limit", "memory", "least"), [(8, 64, 8), (128, 64, 64), (None, 64, 64), (8, None, 8)]
)
def test_a_host_runs_out_at_the_least_of_its_limit_and_its_memory(
    limit: int | None, memory: int | None, least: int, tmp_path: Path
) -> None:
    matrix = matrix_of(tmp_path)
    record = oom(matrix.cells[0])
    facts = {"host_memory_limit_bytes": limit, "host_memory_bytes": memory}
    environment = MACHINE.model_copy(update={"facts": facts})
    record = record.model_copy(
        update={"environment": environment, "failure": Failure(where="host")}
    )
    assert joined_of(matrix, record).rows[0].limit_bytes == least


def test_a_row_predicted_not_to_fit_is_missing_once_the_matrix_tries_such_cells(
    tmp_path: Path,
) -> None:
    text = "about: q\ntry_predicted: true\naxes: {" + BASE + "}\n"
    matrix = matrix_of(tmp_path, text)
    row = joined_of(matrix, skipped_as_oom(matrix.cells[0])).rows[0]
    assert (row.state, row.is_out_of_memory) == ("missing", False)
    assert row.reason == "skipped as predicted oom, to be tried now; run the matrix"
