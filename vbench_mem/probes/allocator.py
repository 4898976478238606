"""What torch's caching allocator makes of a timeline on a CUDA device. No torch.

Replayed event by event, so that a prediction gives what `torch.cuda.memory_allocated` and
`memory_reserved` would.

Modelled:    the default settings of torch 2.11 to 2.13, one stream.
Not:         expandable segments, `max_split_size_mb`, `roundup_power2_divisions`, garbage
             collection by age, a memory fraction, private pools of CUDA graphs, other streams.
Assumed:     the driver gives out segments at rising addresses; which of two free blocks of one size
             is taken depends on it, and on nothing else.
Source:      c10/cuda/CUDACachingAllocator.cpp (malloc, free_block, get_free_block, should_split,
             get_allocation_size, release_blocks), c10/core/AllocatorConfig.h (sizes) of PyTorch.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

BLOCK = 512  # every size is a multiple of it
SMALL = 2**20  # up to here a request is served from the small pool
SMALL_SEGMENT = 2 * 2**20
MIDDLE = 10 * 2**20  # below it, requests to the large pool share segments
MIDDLE_SEGMENT = 20 * 2**20
LARGE_STEP = 2 * 2**20  # from there on, a segment is the request in whole steps


@dataclass(frozen=True)
class AllocatorReplay:
    """The allocator's counters after 0, 1, 2 ... events. Units: bytes.

    allocated   blocks in use, as `torch.cuda.memory_allocated` has it
    reserved    segments held, as `torch.cuda.memory_reserved` has it
    failed      the event that did not fit, or None; both lists then end before it
    """

    allocated: list[int]
    reserved: list[int]
    failed: int | None = None


def replay(
    blocks: Sequence[int], changes: Sequence[int], *, total_bytes: int | None = None
) -> AllocatorReplay:
    """Serve a timeline's events: event i changes block `blocks[i]` by `changes[i]` bytes.

    A change that is neither from nor to 0 bytes allocates the new size before it releases the old
    one, as resizing a storage does; that shows in `reserved` alone. With `total_bytes`, reserving
    beyond it first returns cached segments to the driver; if that is not enough the replay stops
    there and sets `failed`: a step that does not fit is a result and no error.

    Raises: ValueError for a block that releases more than it holds.
    """
    allocator = CachingAllocator(total_bytes)
    held: dict[int, tuple[int, int]] = {}  # block -> its requested bytes, its address
    allocated, reserved = [0], [0]
    for event, (block, change) in enumerate(zip(blocks, changes, strict=True)):
        size, address = held.pop(block, (0, -1))
        requested = size + change
        if requested < 0:
            raise ValueError(f"event {event}: block {block} of {size} bytes changes by {change}")
        if requested:
            new_address = allocator.allocate(requested)
            if new_address is None:
                return AllocatorReplay(allocated, reserved, failed=event)
            held[block] = (requested, new_address)
        if size:
            allocator.release(address)
        allocated.append(allocator.allocated)
        reserved.append(allocator.reserved)
    return AllocatorReplay(allocated, reserved)


class BlockPool:
    """Free blocks for requests of one kind, as (size, address) in order.

    A block is cut in two where at least `least_rest` bytes remain.
    """

    def __init__(self, least_rest: int) -> None:
        self.least_rest = least_rest
        self.free: list[tuple[int, int]] = []

    def put(self, size: int, address: int) -> None:
        insort(self.free, (size, address))

    def remove(self, size: int, address: int) -> None:
        del self.free[bisect_left(self.free, (size, address))]


class CachingAllocator:
    """Segments and the blocks they are cut into.

    allocated   bytes of the blocks in use
    reserved    bytes of all segments
    sizes       every block, in use or free, by its address
    before      of each block but a segment's first, the address of the previous block
    used        the pool of each block in use, by its address
    """

    def __init__(self, total_bytes: int | None = None) -> None:
        self.total_bytes = total_bytes
        self.allocated = self.reserved = 0
        self.small, self.large = BlockPool(BLOCK), BlockPool(SMALL + BLOCK)
        self.sizes: dict[int, int] = {}
        self.before: dict[int, int] = {}
        self.used: dict[int, BlockPool] = {}
        self.next_segment = 0

    def allocate(self, request: int) -> int | None:
        """The address of a block of at least `request` bytes; None where it does not fit."""
        size = round_up(request, BLOCK)
        pool = self.small if size <= SMALL else self.large
        index = bisect_left(pool.free, (size, 0))
        if index < len(pool.free):
            found, address = pool.free.pop(index)
        else:
            found = segment_of(size)
            reserved = self.reserve(found)
            if reserved is None:
                return None
            address = reserved
        if found - size >= pool.least_rest:
            self.cut(pool, address, size)
            found = size
        self.used[address] = pool
        self.allocated += found
        return address

    def release(self, address: int) -> None:
        """Free a block, and join it with free neighbours of its segment."""
        pool, size = self.used.pop(address), self.sizes[address]
        self.allocated -= size
        behind = address + size
        if self.before.get(behind) == address and behind not in self.used:
            pool.remove(self.sizes[behind], behind)
            size += self.join(address, behind)
        front = self.before.get(address)
        if front is not None and front not in self.used:
            pool.remove(self.sizes[front], front)
            self.join(front, address)
            address, size = front, self.sizes[front]
        pool.put(size, address)

    def reserve(self, size: int) -> int | None:
        """A new segment as one block; cached segments are released first if it would not fit."""
        if self.total_bytes is not None and self.reserved + size > self.total_bytes:
            self.release_cached()
            if self.reserved + size > self.total_bytes:
                return None
        address = self.next_segment
        self.next_segment += size
        self.reserved += size
        self.sizes[address] = size
        return address

    def release_cached(self) -> None:
        """Return every segment without a block in use to the driver."""
        for pool in (self.small, self.large):
            whole = [(size, address) for size, address in pool.free if self.is_whole(address)]
            for size, address in whole:
                pool.remove(size, address)
                del self.sizes[address]
                self.reserved -= size

    def is_whole(self, address: int) -> bool:
        """Is this block a segment that is not cut?"""
        behind = address + self.sizes[address]
        return address not in self.before and self.before.get(behind) != address

    def cut(self, pool: BlockPool, address: int, size: int) -> None:
        """Keep `size` bytes of a block; the rest becomes a free one."""
        rest, behind = address + size, address + self.sizes[address]
        if self.before.get(behind) == address:
            self.before[behind] = rest
        self.before[rest] = address
        self.sizes[address], self.sizes[rest] = size, behind - rest
        pool.put(behind - rest, rest)

    def join(self, front: int, back: int) -> int:
        """Make one block of two adjacent ones; returns the bytes that `front` grew by."""
        grown = self.sizes.pop(back)
        self.sizes[front] += grown
        del self.before[back]
        behind = back + grown
        if self.before.get(behind) == back:
            self.before[behind] = front
        return grown


def segment_of(size: int) -> int:
    """Bytes reserved for a request that no free block can serve."""
    if size <= SMALL:
        return SMALL_SEGMENT
    return MIDDLE_SEGMENT if size < MIDDLE else round_up(size, LARGE_STEP)


def round_up(size: int, step: int) -> int:
    return -(-size // step) * step
