"""The replayed allocator against records that others took of torch's on real cards.

A record is a list of numbers: n allocates n bytes, -k frees the k-th allocation. Its first `before`
entries stand for what was there when the recording began, in the order of addresses.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import measured
from vbench_mem.probes.replay import replay

RECORDS = sorted((Path(measured.__file__).parent / "replays").glob("*.json.gz"))


def read(path: Path) -> dict[str, Any]:
    return json.loads(gzip.decompress(path.read_bytes()))


def as_timeline(events: list[int]) -> tuple[list[int], list[int]]:
    """The numbers of the blocks, and by how many bytes each event changes them."""
    sizes: list[int] = []
    blocks, changes = [], []
    for event in events:
        if event > 0:
            sizes.append(event)
        blocks.append(len(sizes) if event > 0 else -event)
        changes.append(event if event > 0 else -sizes[-event - 1])
    return blocks, changes


def test_there_are_six_records() -> None:
    assert len(RECORDS) == 6
    assert sum(path.stat().st_size for path in RECORDS) < 100_000


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name.partition(".")[0])
def test_a_record_ends_with_the_bytes_that_the_card_had(path: Path) -> None:
    record = read(path)
    replayed = replay(*as_timeline(record["events"]))
    assert replayed.allocated[-1] == record["allocated"]
    assert replayed.reserved[-1] == record["reserved"]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name.partition(".")[0])
def test_what_was_there_before_the_recording_fills_the_segments_it_had(path: Path) -> None:
    """But for one of 2 MiB without a block in use, of which the record knows nothing."""
    record = read(path)
    reserved = replay(*as_timeline(record["events"])).reserved[record["before"]]
    empty = record["reserved_before"] - reserved
    assert empty == (2 * 2**20 if path.name.startswith("training_small") else 0)
