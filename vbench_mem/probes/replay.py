"""What torch's caching allocator makes of a timeline on a CUDA device. No torch.

Replayed event by event, so that a prediction gives what `torch.cuda.memory_allocated` and
`memory_reserved` would.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vbench_mem.probes.allocator import CachingAllocator
from vbench_mem.probes.allocator_options import DEFAULT, AllocatorOptions
from vbench_mem.probes.expandable import ExpandableAllocator


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
    blocks: Sequence[int],
    changes: Sequence[int],
    *,
    total_bytes: int | None = None,
    options: AllocatorOptions = DEFAULT,
) -> AllocatorReplay:
    """Serve a timeline's events: event i changes block `blocks[i]` by `changes[i]` bytes.

    A change that is neither from nor to 0 bytes allocates the new size before it releases the old
    one, as resizing a storage does; that shows in `reserved` alone. With `total_bytes`, reserving
    beyond it first returns cached segments to the driver; if that is not enough the replay stops
    there and sets `failed`: a step that does not fit is a result and no error.

    Raises: ValueError for a block that releases more than it holds, and for expandable segments
    with `total_bytes`, which is not modelled.
    """
    allocator = allocator_of(total_bytes, options)
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


def allocator_of(total_bytes: int | None, options: AllocatorOptions) -> CachingAllocator:
    if not options.expandable:
        return CachingAllocator(total_bytes, options.most_split)
    if total_bytes is not None:
        raise ValueError("expandable segments are replayed without a limit only")
    return ExpandableAllocator()
