"""torch's caching allocator on a CUDA device, by its default settings. No torch.

Modelled:    torch 2.11 to 2.13, one stream; `max_split_size_mb`.
Not:         `roundup_power2_divisions`, garbage collection by age, a memory fraction, private pools
             of CUDA graphs, other streams.
Assumed:     the driver gives out segments at rising addresses; which of two free blocks of one size
             is taken depends on it, and on nothing else.
Source:      c10/cuda/CUDACachingAllocator.cpp (malloc, free_block, get_free_block, should_split,
             get_allocation_size, release_blocks), c10/core/AllocatorConfig.h (sizes) of PyTorch.
"""

from bisect import bisect_left, insort

BLOCK = 512  # every size is a multiple of it
SMALL = 2**20  # up to here a request is served from the small pool
SMALL_SEGMENT = 2 * 2**20
MIDDLE = 10 * 2**20  # below it, requests to the large pool share segments
MIDDLE_SEGMENT = 20 * 2**20
LARGE_STEP = 2 * 2**20  # from there on, a segment is the request in whole steps


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

    With `most_split`, blocks of at least so many bytes are never cut, and serve only requests that
    are nearly as large.
    """

    def __init__(self, total_bytes: int | None = None, most_split: int | None = None) -> None:
        self.total_bytes, self.most_split = total_bytes, most_split
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
        index = self.best_fit(pool, size)
        block = pool.free.pop(index) if index is not None else self.obtain(pool, size)
        if block is None:
            return None
        found, address = block
        if found - size >= pool.least_rest and not self.is_oversize(pool, size):
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

    def best_fit(self, pool: BlockPool, size: int) -> int | None:
        """The place of the smallest free block that may serve a request; None without one."""
        index = bisect_left(pool.free, (size, 0))
        if index == len(pool.free):
            return None
        found = pool.free[index][0]
        if self.is_oversize(pool, size):
            return index if found < size + MIDDLE_SEGMENT else None
        return None if self.is_oversize(pool, found) else index

    def is_oversize(self, pool: BlockPool, size: int) -> bool:
        """Is a block of this size never cut?"""
        return self.most_split is not None and pool is self.large and size >= self.most_split

    def obtain(self, pool: BlockPool, size: int) -> tuple[int, int] | None:
        """A new block from the driver, by its size and address; None where it does not fit."""
        found = segment_of(size)
        address = self.reserve(found)
        return None if address is None else (found, address)

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
