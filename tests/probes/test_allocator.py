"""The replayed allocator against cases by hand and against a slow, simple one."""

import random
from dataclasses import dataclass, field

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.probes.allocator import CachingAllocator
from vbench_mem.probes.allocator_options import (
    DEFAULT,
    VARIABLES,
    AllocatorOptions,
    parse_options,
)
from vbench_mem.probes.replay import AllocatorReplay, replay

MIB = 2**20


def events(*steps: tuple[int, int]) -> tuple[list[int], list[int]]:
    """Steps of (block, bytes it holds from now on) as a timeline has them."""
    held: dict[int, int] = {}
    blocks, changes = [], []
    for block, size in steps:
        blocks.append(block)
        changes.append(size - held.get(block, 0))
        held[block] = size
    return blocks, changes


def run(*steps: tuple[int, int], total_bytes: int | None = None) -> AllocatorReplay:
    return replay(*events(*steps), total_bytes=total_bytes)


# sizes and segments


@pytest.mark.parametrize(
    ("asked", "block", "segment"),
    [
        (1, 512, 2 * MIB),
        (512, 512, 2 * MIB),
        (513, 1024, 2 * MIB),
        (MIB, MIB, 2 * MIB),  # the largest that is small
        (MIB + 1, MIB + 512, 20 * MIB),
        (10 * MIB - 512, 10 * MIB - 512, 20 * MIB),
        (10 * MIB, 10 * MIB, 10 * MIB),  # the first to get a segment of its own
        (10 * MIB + 1, 10 * MIB + 512, 12 * MIB),  # almost 2 MiB left over: cut off
        (11 * MIB, 12 * MIB, 12 * MIB),  # 1 MiB left over is not more than 1 MiB: kept
        (11 * MIB - 512, 11 * MIB - 512, 12 * MIB),
        (32 * MIB, 32 * MIB, 32 * MIB),
    ],
)
def test_a_first_request_takes_this_block_of_this_segment(
    asked: int, block: int, segment: int
) -> None:
    assert run((1, asked)) == AllocatorReplay([0, block], [0, segment])


def test_an_empty_replay_holds_no_memory() -> None:
    assert replay([], []) == AllocatorReplay([0], [0])


def test_small_requests_share_a_segment_to_its_last_512_bytes() -> None:
    full = run((1, MIB), (2, MIB - 512), (3, 512))
    assert full.reserved[-1] == full.allocated[-1] == 2 * MIB
    assert run((1, MIB), (2, MIB - 512), (3, 512), (4, 1)).reserved[-1] == 4 * MIB


def test_a_rest_of_the_large_pool_that_is_too_small_to_cut_counts_as_allocated() -> None:
    # 20 MiB: two of 9 MiB, and 2 MiB left; a request for 1.5 MiB gets all of that
    replayed = run((1, 9 * MIB), (2, 9 * MIB), (3, 3 * MIB // 2))
    assert replayed.reserved[-1] == 20 * MIB
    assert replayed.allocated[1:] == [9 * MIB, 18 * MIB, 20 * MIB]


def test_small_and_large_requests_never_share_a_segment() -> None:
    # 18 MiB of the first segment are free, and yet 512 bytes get one of their own
    assert run((1, 2 * MIB), (2, 512)).reserved[-1] == 22 * MIB


def test_a_published_allocator_snapshot_of_a_matrix_product_is_reproduced() -> None:
    """`X @ W + b` with cuBLAS's workspace of 8519680 bytes between.

    Source: the question "torch.cuda.memory_snapshot() shows an unexpected 8519680B memory
    allocation during matrix multiplication", discuss.pytorch.org, topic 178671: a small segment
    with 45568 bytes allocated and 2051072 free at its end, a large one with 12451840 free.
    """
    weights, bias, inputs, product, workspace, result = range(6)
    allocator = CachingAllocator()
    asked = {weights: 40000, bias: 40, inputs: 4000, product: 40, workspace: 8519680, result: 40}
    places = {block: allocator.allocate(size) for block, size in asked.items()}
    allocator.release(places[product] or 0)
    assert allocator.allocated == 45568 + 8519680
    assert allocator.reserved == 2097152 + 20971520
    assert [size for size, _ in allocator.small.free] == [512, 2051072]
    assert [size for size, _ in allocator.large.free] == [12451840]


# best fit


def test_the_smallest_free_block_that_fits_is_taken() -> None:
    sizes = {1: 64 * MIB, 2: 30 * MIB, 3: 40 * MIB}
    freed = [*sizes.items(), *((block, 0) for block in sizes)]
    replayed = run(*freed, (4, 30 * MIB), (5, 40 * MIB), (6, 64 * MIB))
    assert replayed.reserved[-1] == replayed.allocated[-1] == 134 * MIB
    # 31 MiB do not fit into 30 and are cut from 40; so 40 come from 64, and 64 from a new segment
    replayed = run(*freed, (4, 31 * MIB), (5, 40 * MIB), (6, 64 * MIB))
    assert replayed.reserved[-1] == (134 + 64) * MIB


def test_of_free_blocks_of_one_size_the_one_at_the_lowest_address_is_taken() -> None:
    allocator = CachingAllocator()
    places = [allocator.allocate(512) for _ in range(4)]
    assert places == [0, 512, 1024, 1536]
    for place in (1024, 0):  # not neighbours, so they stay two blocks
        allocator.release(place)
    assert allocator.allocate(512) == 0
    assert allocator.allocate(512) == 1024


def test_a_freed_block_is_used_again_without_reserving() -> None:
    replayed = run((1, 50 * MIB), (1, 0), (2, 50 * MIB), (2, 0), (3, 20 * MIB))
    assert replayed.allocated == [0, 50 * MIB, 0, 50 * MIB, 0, 20 * MIB]
    assert replayed.reserved == [0, *[50 * MIB] * 5]


def test_a_cached_segment_that_is_hardly_larger_is_handed_out_whole() -> None:
    assert run((1, 50 * MIB), (1, 0), (2, 49 * MIB)).allocated[-1] == 50 * MIB
    assert run((1, 50 * MIB), (1, 0), (2, 48 * MIB)).allocated[-1] == 48 * MIB


# merging


@pytest.mark.parametrize(
    "order", [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)]
)
def test_neighbours_join_in_whatever_order_they_are_freed(order: tuple[int, ...]) -> None:
    allocator = CachingAllocator()
    places = {block: allocator.allocate(6 * MIB) for block in (1, 2, 3)}  # 18 of 20 MiB, and a rest
    assert None not in places.values() and allocator.reserved == 20 * MIB
    for block in order:
        allocator.release(places[block] or 0)
    assert allocator.large.free == [(20 * MIB, 0)]
    assert allocator.sizes == {0: 20 * MIB} and not allocator.before and not allocator.used


def test_a_block_in_use_keeps_its_neighbours_apart() -> None:
    steps = [(1, 6 * MIB), (2, 6 * MIB), (3, 6 * MIB), (1, 0), (3, 0)]
    assert run(*steps, (4, 8 * MIB)).reserved[-1] == 20 * MIB  # 6 + 2 MiB at the end
    assert run(*steps, (4, 9 * MIB)).reserved[-1] == 40 * MIB  # 6 in front are no help


def test_segments_that_lie_side_by_side_do_not_join() -> None:
    # two segments of 10 MiB, both free, cannot serve 20 MiB
    assert run((1, 10 * MIB), (2, 10 * MIB), (1, 0), (2, 0), (3, 20 * MIB)).reserved[-1] == 40 * MIB


# resizing


def test_a_resized_block_holds_old_and_new_for_a_moment() -> None:
    replayed = run((1, 32 * MIB), (1, 64 * MIB))
    assert replayed.allocated == [0, 32 * MIB, 64 * MIB]
    assert replayed.reserved == [0, 32 * MIB, 96 * MIB]
    shrunk = run((1, 32 * MIB), (1, 16 * MIB))
    assert shrunk.allocated[-1] == 16 * MIB and shrunk.reserved[-1] == 48 * MIB


def test_a_block_that_gives_back_more_than_it_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="event 1: block 7 of 512 bytes changes by -1024"):
        replay([7, 7], [512, -1024])


# a device that is full


def test_reserving_beyond_the_device_gives_cached_segments_back_first() -> None:
    steps = [(1, 60 * MIB), (2, 512), (1, 0)]
    assert run(*steps, (3, 70 * MIB)).reserved[-1] == 132 * MIB
    tight = run(*steps, (3, 70 * MIB), total_bytes=72 * MIB)
    assert tight.reserved == [0, 60 * MIB, 62 * MIB, 62 * MIB, 72 * MIB]
    assert tight.allocated[-1] == 70 * MIB + 512 and tight.failed is None


def test_a_segment_with_one_block_in_use_is_not_given_back() -> None:
    steps = [(1, 6 * MIB), (2, 6 * MIB), (1, 0)]
    full = run(*steps, (3, 30 * MIB), total_bytes=48 * MIB)
    assert full == AllocatorReplay([0, 6 * MIB, 12 * MIB, 6 * MIB], [0, *[20 * MIB] * 3], failed=3)
    assert run(*steps, (3, 30 * MIB), total_bytes=50 * MIB).failed is None


def test_the_event_that_does_not_fit_is_returned_and_ends_the_replay() -> None:
    replayed = run((1, 40 * MIB), (2, 40 * MIB), (1, 0), total_bytes=79 * MIB)
    assert replayed == AllocatorReplay([0, 40 * MIB], [0, 40 * MIB], failed=1)


def test_a_request_that_a_free_block_can_serve_needs_no_room() -> None:
    assert run((1, 40 * MIB), (1, 0), (2, 40 * MIB), total_bytes=40 * MIB).failed is None


# random streams


@dataclass
class Part:
    size: int
    block: int | None = None


@dataclass
class Obvious:
    """Segments as lists of parts, searched linearly."""

    total: int | None
    options: AllocatorOptions = DEFAULT
    segments: list[tuple[bool, list[Part]]] = field(default_factory=list)

    def allocated(self) -> int:
        return sum(part.size for _, parts in self.segments for part in parts if part.block)

    def reserved(self) -> int:
        return sum(part.size for _, parts in self.segments for part in parts)

    def take(self, block: int, request: int) -> bool:
        size = (request + 511) // 512 * 512
        small = size <= MIB
        fitting = [
            (self.grows(parts, place), part.size, number, place)
            for number, (kind, parts) in enumerate(self.segments)
            for place, part in enumerate(parts)
            if kind == small and part.block is None and part.size >= size
        ]
        most = None if small else self.options.most_split
        if fitting and most is not None:
            _, smallest, *_ = min(fitting)
            oversize = smallest >= most if size < most else smallest >= size + 20 * MIB
            fitting = [] if oversize else fitting
        if fitting:
            _, _, number, place = min(fitting)
        elif self.options.expandable:
            number, place = self.grow(small, size)
        else:
            segment = 2 * MIB if small else 20 * MIB
            if size >= 10 * MIB:
                segment = (size + 2 * MIB - 1) // (2 * MIB) * (2 * MIB)
            if self.total is not None and self.reserved() + segment > self.total:
                self.segments = [
                    (kind, parts)
                    for kind, parts in self.segments
                    if any(part.block is not None for part in parts)
                ]
                if self.reserved() + segment > self.total:
                    return False
            self.segments.append((small, [Part(segment)]))
            number, place = len(self.segments) - 1, 0
        parts = self.segments[number][1]
        rest = parts[place].size - size
        cuts = rest >= 512 if small or self.options.expandable else rest > MIB
        if cuts and (most is None or size < most):
            parts[place : place + 1] = [Part(size, block), Part(rest)]
        else:
            parts[place].block = block
        return True

    def grows(self, parts: list[Part], place: int) -> bool:
        """Is it the end of a segment that can grow, and so of any size?"""
        return self.options.expandable and place == len(parts) - 1

    def grow(self, small: bool, size: int) -> tuple[int, int]:
        if not any(kind == small for kind, _ in self.segments):
            self.segments.append((small, []))
        number = next(n for n, (kind, _) in enumerate(self.segments) if kind == small)
        parts = self.segments[number][1]
        if not parts or parts[-1].block is not None:
            parts.append(Part(0))
        granule = 2 * MIB if small else 20 * MIB
        while parts[-1].size < size:
            parts[-1].size += granule
        return number, len(parts) - 1

    def give_back(self, block: int) -> None:
        for _, parts in self.segments:
            for part in parts:
                if part.block == block:
                    part.block = None
                    break
            else:
                continue
            merged: list[Part] = []
            for part in parts:
                if merged and merged[-1].block is None and part.block is None:
                    merged[-1].size += part.size
                else:
                    merged.append(part)
            parts[:] = merged
            return
        raise AssertionError(f"{block} is not there")


def stream(seed: int, length: int = 400) -> tuple[list[int], list[int]]:
    """Allocations, releases and a few resizes of sizes around every threshold."""
    chance = random.Random(seed)
    edges = [512, MIB, 2 * MIB, 10 * MIB, 12 * MIB, 20 * MIB, 32 * MIB]
    held: dict[int, int] = {}
    steps = []
    for number in range(1, length + 1):
        kind = chance.random()
        size = max(1, chance.choice(edges) + chance.choice([-MIB, -513, -1, 0, 1, 700, MIB]))
        if chance.random() < 0.4:
            size = chance.randrange(1, 3 * MIB)
        if held and kind < 0.45:
            block, size = chance.choice(list(held)), 0
        elif held and kind < 0.5:
            block = chance.choice(list(held))
            size += held[block] == size
        else:
            block = number
        held[block] = size
        if not size:
            del held[block]
        steps.append((block, size))
    return events(*steps)


def obvious(
    blocks: list[int],
    changes: list[int],
    total: int | None = None,
    options: AllocatorOptions = DEFAULT,
) -> AllocatorReplay:
    slow, held = Obvious(total, options), dict[int, int]()
    names: dict[int, int] = {}  # what the slow one calls a block now; a resized one is a new one
    allocated, reserved = [0], [0]
    for event, (block, change) in enumerate(zip(blocks, changes, strict=True)):
        old = held.get(block, 0)
        held[block] = old + change
        before = names.get(block)
        if held[block]:
            names[block] = event + 1
            if not slow.take(event + 1, held[block]):
                return AllocatorReplay(allocated, reserved, failed=event)
        if old:
            assert before is not None
            slow.give_back(before)
        allocated.append(slow.allocated())
        reserved.append(slow.reserved())
    return AllocatorReplay(allocated, reserved)


@pytest.mark.parametrize("seed", range(12))
def test_random_streams_are_served_as_the_obvious_allocator_serves_them(seed: int) -> None:
    blocks, changes = stream(seed)
    expected = obvious(blocks, changes)
    assert replay(blocks, changes) == expected
    tight = max(expected.reserved) * 3 // 4
    assert replay(blocks, changes, total_bytes=tight) == obvious(blocks, changes, tight)


@pytest.mark.parametrize("seed", range(40, 46))
@pytest.mark.parametrize("text", ["expandable_segments:True", "max_split_size_mb:24"])
def test_random_streams_are_served_so_by_each_option_too(seed: int, text: str) -> None:
    blocks, changes = stream(seed)
    options = parse_options(text)
    assert replay(blocks, changes, options=options) == obvious(blocks, changes, options=options)


def test_an_expandable_segment_grows_by_20_mib_and_only_by_what_is_missing() -> None:
    options = parse_options("expandable_segments:True")
    steps = events((1, 30 * MIB), (2, 6 * MIB), (2, 0), (3, 25 * MIB))
    # 10 MiB are left of the first 40; freed, they begin the 25 MiB, for which 15 are missing
    assert replay(*steps, options=options).reserved == [0, *[40 * MIB] * 3, 60 * MIB]
    assert replay(*steps).reserved == [0, 30 * MIB, 50 * MIB, 50 * MIB, 76 * MIB]


def test_a_block_above_the_most_split_size_serves_no_small_request() -> None:
    options = parse_options("max_split_size_mb:24")
    steps = events((1, 100 * MIB), (1, 0), (2, 12 * MIB))
    assert replay(*steps, options=options).reserved[-1] == 112 * MIB
    assert replay(*steps).reserved[-1] == 100 * MIB


@pytest.mark.parametrize(
    "text", ["max_split_size_mb:20", "expandable_segments:true", "roundup_power2_divisions:4"]
)
def test_an_option_that_torch_refuses_or_that_is_not_modelled_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f"'{text}' is not modelled; write expandable_segments"):
        parse_options(text)


def test_options_come_from_the_environment_that_torch_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert parse_options(None) == DEFAULT
    monkeypatch.setenv("PYTORCH_ALLOC_CONF", "expandable_segments:True, max_split_size_mb:64")
    assert parse_options(None) == AllocatorOptions(expandable=True, most_split=64 * MIB)
    assert parse_options("") == DEFAULT


@pytest.mark.parametrize("seed", range(20, 26))
def test_random_streams_leave_no_block_over_another_and_none_uncounted(seed: int) -> None:
    allocator = CachingAllocator()
    held: dict[int, tuple[int, int]] = {}
    for block, change in zip(*stream(seed), strict=True):
        size, place = held.pop(block, (0, -1))
        if size + change:
            taken = allocator.allocate(size + change)
            assert taken is not None
            held[block] = (size + change, taken)
        if size:
            allocator.release(place)
        live = sum(size for size, _ in held.values())
        assert live <= allocator.allocated <= allocator.reserved
        reach = 0
        for address, size in sorted(allocator.sizes.items()):
            assert address >= reach
            reach = address + size
        assert set(allocator.used) == {address for _, address in held.values()}
        assert all(allocator.sizes[address] >= size for size, address in held.values())
        free = {address for pool in (allocator.small, allocator.large) for _, address in pool.free}
        assert free == set(allocator.sizes) - set(allocator.used)
        assert sum(allocator.sizes.values()) == allocator.reserved
    for _, address in held.values():
        allocator.release(address)
    assert allocator.allocated == 0 and not allocator.before
    allocator.release_cached()  # every segment is whole again, so all of them go
    assert allocator.reserved == 0 and not allocator.sizes


def test_a_tight_device_makes_some_random_stream_fail_and_some_not() -> None:
    """Both results occur in the comparison above."""
    failed = []
    for seed in range(12):
        blocks, changes = stream(seed)
        most = max(replay(blocks, changes).reserved)
        failed.append(replay(blocks, changes, total_bytes=most * 3 // 4).failed is not None)
    assert any(failed) and not all(failed)
