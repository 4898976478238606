"""Memory limits and kill counters of control groups, in trees of files as the kernel shows them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from vbench_mem.machine import host
from vbench_mem.machine.host import host_bytes

NONE_V1 = str(2**63 - 4096)  # how version 1 writes that there is no limit


def lay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, files: Mapping[str, str]
) -> None:
    """`own` as the lines of the process's groups, `files` by their path below the mounted tree."""
    groups = tmp_path / "groups"
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(f"{text}\n")
    monkeypatch.setattr(host, "OWN_GROUP", tmp_path / "own")
    monkeypatch.setattr(host, "GROUPS", groups)


V1, V2 = "5:cpu:/a/b\n4:memory:/a/b/c\n0::/a/b/c\n", "0::/a/b/c\n"


@pytest.mark.parametrize(
    ("own", "prefix", "name", "unlimited"),
    [(V2, "", "memory.max", "max"), (V1, "memory/", "memory.limit_in_bytes", NONE_V1)],
)
@pytest.mark.parametrize(
    ("limits", "smallest"),
    [
        ({"a/b/c": 500, "a/b": None, "a": None}, 500),
        ({"a/b/c": None, "a/b": 400, "a": None}, 400),
        ({"a/b/c": 500, "a/b": None, "a": 300}, 300),
        ({"a/b/c": 200, "a/b": 400, "a": 300}, 200),
        ({"a/b/c": None, "a/b": None, "a": None}, None),
        ({"a": 300}, 300),  # those below do not account for memory
        ({".": 100}, 100),  # a container: the host's path, and the group itself at the root
        ({"a/b/c": 500, "a/x": 10, "a/b/c/d": 10}, 500),  # neither beside nor below
    ],
)
def test_the_limits_of_all_groups_above_hold(
    own: str,
    prefix: str,
    name: str,
    unlimited: str,
    limits: dict[str, int | None],
    smallest: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {f"{prefix}{group}/{name}": str(limit or unlimited) for group, limit in limits.items()}
    lay(tmp_path, monkeypatch, own, files)
    assert host.memory_limit_bytes() == smallest
    assert host_bytes() == (smallest or host.memory_bytes())


def test_a_memory_controller_mounted_with_others_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"memory/a/memory.limit_in_bytes": "700"}
    lay(tmp_path, monkeypatch, "3:hugetlb,memory:/a/b\n", files)
    assert host.memory_limit_bytes() == 700


def test_where_there_are_no_groups_there_is_no_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path, monkeypatch, "", {})
    assert (host.memory_limit_bytes(), host.memory_groups()) == (None, [])
    assert "control group" not in host.oom_kills()


@pytest.mark.parametrize(
    ("own", "prefix", "name", "counts", "count"),
    [
        (V2, "", "memory.events", {"a/b/c": 1, "a/b": 2, "a": 3}, 1),
        (V2, "", "memory.events", {"a/b": 2, "a": 3}, 2),
        (V1, "memory/", "memory.oom_control", {"a/b/c": 1, "a/b": 0, "a": 0}, 1),
    ],
)
def test_kills_are_counted_by_the_nearest_group_that_counts(
    own: str,
    prefix: str,
    name: str,
    counts: dict[str, int],
    count: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {
        f"{prefix}{group}/{name}": f"oom 9\noom_kill {number}" for group, number in counts.items()
    }
    lay(tmp_path, monkeypatch, own, files)
    assert host.oom_kills()["control group"] == count
