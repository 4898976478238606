"""The caching allocator with `expandable_segments:True`. No torch.

Each pool has one segment, which grows at its end by whole granules as far as a request needs.

Not:         giving memory back to the driver where the device is full.
Source:      c10/cuda/CUDACachingAllocator.cpp (ExpandableSegment, find_expandable_block,
             try_allocate_expandable_block) of PyTorch 2.13.
"""

from vbench_mem.probes.allocator import (
    BLOCK,
    MIDDLE_SEGMENT,
    SMALL_SEGMENT,
    BlockPool,
    CachingAllocator,
    round_up,
)

FAR = 2**60  # where the addresses of the large pool begin


class ExpandableAllocator(CachingAllocator):
    """ends   by pool, where its segment ends
    last   by pool, the address of the block that ends there; None before the first
    """

    def __init__(self) -> None:
        super().__init__()
        self.large.least_rest = BLOCK
        self.ends = {id(self.small): 0, id(self.large): FAR}
        self.last: dict[int, int | None] = {id(self.small): None, id(self.large): None}

    def best_fit(self, pool: BlockPool, size: int) -> int | None:
        """The last block counts as large as it may become, so another free one goes first."""
        index = super().best_fit(pool, size)
        if index is None or pool.free[index][1] != self.last[id(pool)]:
            return index
        return index + 1 if index + 1 < len(pool.free) else index

    def obtain(self, pool: BlockPool, size: int) -> tuple[int, int]:
        """A block at the end of the segment; it begins with the last block, if that is free."""
        end, last = self.ends[id(pool)], self.last[id(pool)]
        free = last is not None and last not in self.used
        if last is not None and free:
            address = last
            pool.remove(self.sizes[last], last)
        else:
            address = end
            if last is not None:
                self.before[end] = last
        granule = SMALL_SEGMENT if pool is self.small else MIDDLE_SEGMENT
        grown = round_up(address + size - end, granule)
        self.ends[id(pool)] = end + grown
        self.reserved += grown
        self.sizes[address] = end + grown - address
        self.last[id(pool)] = address
        return self.sizes[address], address

    def cut(self, pool: BlockPool, address: int, size: int) -> None:
        super().cut(pool, address, size)
        if self.last[id(pool)] == address:
            self.last[id(pool)] = address + size

    def join(self, front: int, back: int) -> int:
        for pool, last in self.last.items():
            if last == back:
                self.last[pool] = front
        return super().join(front, back)
