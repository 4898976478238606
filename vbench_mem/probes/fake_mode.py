"""The mode in which new tensors are fake: they have shapes and no data."""

from collections.abc import Iterator
from contextlib import contextmanager
from logging import getLogger

from torch._subclasses.fake_tensor import FakeTensorMode

from vbench_mem.probes.counting import without_fast_path

# Torch caches what operations return for fake tensors by shape, for the life of the process; a
# search over hundreds of loads would fill gigabytes. Units: operations, of about 2 KB each.
CACHE_LIMIT = 20_000


@contextmanager
def fake_tensors(mode: FakeTensorMode | None = None) -> Iterator[None]:
    """Within it, new tensors are fake; modules made before are moved in by `to_empty`."""
    # it logs a traceback for every error of a user's code, which the caller reports already
    log = getLogger("torch._subclasses.fake_tensor")
    was_disabled, log.disabled = log.disabled, True
    try:
        with without_fast_path(), mode or FakeTensorMode(allow_non_fake_inputs=True):
            yield
    finally:
        log.disabled = was_disabled
        if len(FakeTensorMode.cache) > CACHE_LIMIT:
            FakeTensorMode.cache_clear()
