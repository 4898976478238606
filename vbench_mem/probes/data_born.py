"""Tensors that are born of data: files of weights, numpy's arrays. They become fake at birth, each
one block of memory, so that what reads a checkpoint counts as if it had been made.

torch makes some of them real even among fake ones, and cannot make others at all.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike
from typing import Any
from unittest.mock import patch
from zipfile import is_zipfile

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, unset_fake_temporarily
from torch.utils._mode_utils import no_dispatch
from torch.utils._pytree import tree_map, tree_map_only

from vbench_mem.probes.fake_encoder import with_fake_tensors

MAKERS = ("from_numpy", "frombuffer", "asarray", "as_tensor", "from_dlpack", "from_file")


Fake = Callable[[Tensor], Tensor]


@contextmanager
def fake_at_birth(fake: Fake) -> Iterator[None]:
    """Within it, functions that make tensors of data, or read them from a file, give what `fake`
    makes of them."""
    with ExitStack() as contexts:
        for name in MAKERS:
            maker = faking(getattr(torch, name), fake)
            contexts.enter_context(patch.object(torch, name, maker))
        contexts.enter_context(patch.object(torch, "load", reading(torch.load, fake)))
        yield


def faking(make: Callable[..., Tensor], fake: Fake) -> Callable[..., Tensor]:
    def made(*args: Any, **kwargs: Any) -> Tensor:
        if has_fake(args[0] if args else None):
            return make(*args, **kwargs)
        device = kwargs.pop("device", None)
        with no_dispatch(), torch._C.DisableTorchFunction():
            real = make(*args, **kwargs)
        return fake(real) if device is None else fake(real).to(device)

    return made


def has_fake(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(has_fake, value))
    return isinstance(value, FakeTensor)


def reading(load: Callable[..., Any], fake: Fake) -> Callable[..., Any]:
    """Reads a file as torch does, on the CPU and mapped into memory where the file can be, and
    makes the tensors in it fake; tensors that share a storage still do."""

    def faked(value: Any) -> Any:
        if isinstance(value, nn.Module):
            return with_fake_tensors(value)
        return fake(value) if isinstance(value, Tensor) else value

    def read(f: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
        with unset_fake_temporarily(), no_dispatch(), torch._C.DisableTorchFunction():
            if "mmap" not in kwargs and isinstance(f, str | PathLike) and is_zipfile(f):
                kwargs["mmap"] = True
            found = load(f, "cpu", *args, **kwargs)
        found = tree_map(faked, found)
        if map_location is None or callable(map_location) or isinstance(map_location, dict):
            return found
        return tree_map_only(Tensor, lambda each: each.to(map_location), found)

    return read
