"""Settings of torch's caching allocator, as `PYTORCH_ALLOC_CONF` has them. No torch.

Source:  c10/core/AllocatorConfig.h of PyTorch 2.13.
"""

import os
from dataclasses import dataclass

from vbench_mem.base.errors import UsageError
from vbench_mem.base.units import BINARY

VARIABLES = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")  # in the order in which torch asks
MIB = BINARY["MiB"]
LEAST_SPLIT_MIB = 20  # what a segment of middle-sized requests has; torch refuses less
# Of no effect on how much is reserved, as long as the card is not full.
WITHOUT_EFFECT = ("garbage_collection_threshold", "backend", "pinned_use_cuda_host_register")


@dataclass(frozen=True, kw_only=True)
class AllocatorOptions:
    """expandable   one segment that grows, in place of many of fixed sizes
    most_split   blocks of at least so many bytes are never cut; None: all are
    """

    expandable: bool = False
    most_split: int | None = None


DEFAULT = AllocatorOptions()


def parse_options(text: str | None) -> AllocatorOptions:
    """Options such as `expandable_segments:True,max_split_size_mb:128`; None asks the environment.

    Raises `UsageError` for what torch would refuse, and for an option that is not modelled.
    """
    if text is None:
        text = next((os.environ[name] for name in VARIABLES if name in os.environ), "")
    expandable, most_split = False, None
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (part.strip() for part in item.partition(":"))
        if name == "expandable_segments" and value in ("True", "False"):
            expandable = value == "True"
        elif name == "max_split_size_mb" and value.isdigit() and int(value) > LEAST_SPLIT_MIB:
            most_split = int(value) * MIB
        elif name not in WITHOUT_EFFECT:
            raise UsageError(
                f"allocator: '{item}' is not modelled; write expandable_segments:True and "
                f"max_split_size_mb:N with N above {LEAST_SPLIT_MIB}, separated by a comma"
            )
    return AllocatorOptions(expandable=expandable, most_split=most_split)
