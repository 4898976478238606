"""Tensors that are born of data: files of weights, numpy's arrays. They become fake at birth, each
one block of memory, so that what reads a checkpoint counts as if it had been made.

torch makes some of them real even among fake ones, and cannot make others at all.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._mode_utils import no_dispatch

from vbench_mem.probes.value_tracker import ValueTracker

MAKERS = ("from_numpy", "frombuffer", "asarray", "as_tensor", "from_dlpack", "from_file")


@contextmanager
def fake_at_birth(tracker: ValueTracker) -> Iterator[None]:
    """Within it, functions that make tensors of data make fake ones, small values known."""
    with ExitStack() as contexts:
        for name in MAKERS:
            maker = faking(getattr(torch, name), tracker)
            contexts.enter_context(patch.object(torch, name, maker))
        yield


def faking(make: Callable[..., Tensor], tracker: ValueTracker) -> Callable[..., Tensor]:
    def made(*args: Any, **kwargs: Any) -> Tensor:
        if has_fake(args[0] if args else None):
            return make(*args, **kwargs)
        device = kwargs.pop("device", None)
        with no_dispatch(), torch._C.DisableTorchFunction():
            real = make(*args, **kwargs)
        fake = tracker.as_fake(real)
        return fake if device is None else fake.to(device)

    return made


def has_fake(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(has_fake, value))
    return isinstance(value, FakeTensor)
