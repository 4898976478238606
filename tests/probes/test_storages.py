"""Every allocation and release is recorded, against known allocations."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from vbench_mem.probes.storages import StorageTracker

MIB = 2**20
QUARTER = MIB // 16  # float32 numbers in a quarter of a MiB


def peak(tracker: StorageTracker) -> int:
    return max(tracker.timeline.levels())


def now(tracker: StorageTracker) -> int:
    return tracker.timeline.levels()[-1]


def test_a_known_allocation_gives_the_known_peak() -> None:
    with StorageTracker() as tracker:
        a = torch.zeros(QUARTER)
        b = a + 1
        del a
        c = b * 2
        del b, c
    assert peak(tracker) == 2 * QUARTER * 4
    assert now(tracker) == 0


def test_views_and_in_place_operations_take_no_memory() -> None:
    with StorageTracker() as tracker:
        a = torch.zeros(4, QUARTER // 4)
        views = [a.view(-1), a.t(), a[1:], a.detach(), a.unsqueeze(0).expand(3, -1, -1)]
        a.add_(1).mul_(2)
        assert peak(tracker) == QUARTER * 4
        del a
        assert now(tracker) == QUARTER * 4, "a view keeps its storage"
        del views
        assert now(tracker) == 0


def test_a_leak_is_seen() -> None:
    kept: list[Tensor] = []
    with StorageTracker() as tracker:
        for _ in range(3):
            kept.append(torch.ones(QUARTER) * 2)
    assert now(tracker) == 3 * QUARTER * 4


def test_lists_tuples_and_nothing_are_tracked() -> None:
    with StorageTracker() as tracker:
        many = torch._foreach_add([torch.zeros(QUARTER), torch.zeros(QUARTER)], 1.0)
        values, places = torch.zeros(QUARTER).max(dim=0, keepdim=True)
        torch._foreach_zero_(many)
        del values, places
        assert now(tracker) == 2 * QUARTER * 4


def test_earlier_tensors_count_once_they_are_used() -> None:
    before = torch.zeros(QUARTER)
    with StorageTracker() as tracker:
        assert now(tracker) == 0
        result = before.sum()
    assert now(tracker) == QUARTER * 4 + result.nbytes


def test_a_resized_storage_is_seen() -> None:
    with StorageTracker() as tracker:
        a = torch.zeros(QUARTER)
        a.resize_(2 * QUARTER)
        assert now(tracker) == 2 * QUARTER * 4
        a.untyped_storage().resize_(0)
        a.detach()  # the next look at it
        assert now(tracker) == 0


def test_a_graph_holds_its_activations_until_backward() -> None:
    weight = torch.zeros(QUARTER, requires_grad=True)
    with StorageTracker() as tracker:
        middle = weight.exp()
        result = middle.sum()
        del middle
        assert now(tracker) == 2 * QUARTER * 4 + 4
        result.backward()
        assert now(tracker) == 2 * QUARTER * 4 + 4  # weight, gradient, loss
        weight.grad = None
        assert now(tracker) == QUARTER * 4 + 4


def test_the_weights_that_autocast_casts_live_until_it_ends() -> None:
    weight = torch.zeros(256, 256, requires_grad=True)
    x = torch.zeros(1, 256)
    with StorageTracker() as tracker, torch.no_grad():
        with torch.autocast("cpu", torch.bfloat16):
            F.linear(x, weight)
            assert now(tracker) == weight.nbytes + x.nbytes + weight.nbytes // 2
        assert now(tracker) == weight.nbytes + x.nbytes


def test_checkpointing_keeps_less_and_recomputes_in_backward() -> None:
    def deep(x: Tensor) -> Tensor:
        return x.exp().exp().exp().exp()

    kept: dict[bool, int] = {}
    for again in (False, True):
        x = torch.zeros(QUARTER, requires_grad=True)
        with StorageTracker() as tracker:
            y = checkpoint(deep, x, use_reentrant=False) if again else deep(x)
            kept[again] = now(tracker)
            y.sum().backward()
        assert x.grad is not None
    assert kept[True] < kept[False] / 2
    assert kept[False] == 5 * QUARTER * 4


def test_only_the_requested_device_is_tracked() -> None:
    with StorageTracker("meta") as tracker:
        torch.zeros(QUARTER)
        held = torch.zeros(QUARTER, device="meta")
    assert peak(tracker) == held.nbytes


def test_after_the_tracker_nothing_is_recorded() -> None:
    with StorageTracker() as tracker:
        a = torch.zeros(QUARTER)
    events = len(tracker.timeline.changes)
    del a
    assert len(tracker.timeline.changes) == events
