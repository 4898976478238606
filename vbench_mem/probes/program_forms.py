"""What common programs do to modules, batches and storages, made to work on fake tensors.

Each is a replacement of one function of torch while a step is traced. Real tensors take torch's own
way, and so do fake ones once the trace is over.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils.data import DataLoader

from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.copies import deep_copy
from vbench_mem.probes.refused import refuse_weights
from vbench_mem.probes.value_checks import reading_frame
from vbench_mem.probes.value_tracker import ValueTracker

# Where fake tensors mean an export to `transformers`: it then keeps masks that hide nothing.
MASKS_OF = "transformers.utils.import_utils"
swap_tensors: Callable[[Tensor, Tensor], None] = torch.utils.swap_tensors
resize_storage = torch.UntypedStorage.resize_
make_iterator = DataLoader._get_iterator
apply_to_tensors: Callable[..., nn.Module] = nn.Module._apply
draw_truncated: Callable[..., Tensor] = nn.init._no_grad_trunc_normal_


@contextmanager
def common_forms(tracker: ValueTracker) -> Iterator[None]:
    """Within it, all forms of this module work on fake tensors."""

    def resize(storage: torch.UntypedStorage, size: int) -> torch.UntypedStorage:
        resize_storage(storage, size)
        tracker.resized(storage)
        return storage

    def numbers(self: Tensor) -> Any:
        value = tracker.value_of(self)
        return listed(self.shape) if value is None else value.tolist()

    with (
        module_forms(),
        patch.object(FakeTensor, "tolist", numbers),
        patch.object(nn.Module, "_apply", convert),
        patch.object(torch.UntypedStorage, "resize_", resize),
    ):
        yield


@contextmanager
def module_forms() -> Iterator[None]:
    """Those of them that need not know any values."""
    replaced: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
        (FakeTensor, "__deepcopy__", deep_copy),
        (FakeTensor, "__format__", formatted),
        (FakeTensor, "numpy", no_array),
        (FakeTensor, "__array__", no_array),
        (FakeTensor, "share_memory_", lambda self: self),
        (torch.utils, "swap_tensors", swap_fakes),
        (nn.init, "_no_grad_trunc_normal_", draw_once),
        (DataLoader, "_get_iterator", iterate_here),
        (nn.Module, "compile", lambda self, *_, **__: None),  # it runs uncompiled
        (torch, "save", do_not_save),
    )
    with ExitStack() as contexts:
        for owner, name, function in replaced:
            contexts.enter_context(patch.object(owner, name, function, create=True))
        contexts.enter_context(torch.compiler.set_stance("force_eager"))
        if (library := sys.modules.get(MASKS_OF)) is not None:
            contexts.enter_context(patch.object(library, "is_fake_tensor", lambda _: False))
        yield


def convert(self: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
    """Refuses real weights first: converted, they would lose their data for good."""
    refuse_weights(type(self).__name__, self._parameters.values())
    return apply_to_tensors(self, *args, **kwargs)


def swap_fakes(first: Tensor, second: Tensor) -> None:
    """As `Module.to` wants it: `first` becomes what `second` is. torch refuses to where anything
    else refers to them, such as a cache of fake tensors."""
    if not (isinstance(first, FakeTensor) and isinstance(second, FakeTensor)):
        swap_tensors(first, second)
    elif first.device == second.device:
        first.data = second.detach()  # which is what it does to real tensors
    else:  # from the device `meta`
        for name in ("__class__", "__dict__"):
            own, other = getattr(first, name), getattr(second, name)
            setattr(first, name, other)
            setattr(second, name, own)
        torch._C._swap_tensor_impl(first, second)


def formatted(self: Tensor, form: str) -> str:
    """`f"{loss:.3f}"`: of one number its value, as of a real tensor."""
    return format(self.item(), form) if not self.dim() and form else object.__format__(self, form)


def no_array(self: Tensor, *_: Any, **__: Any) -> None:
    frame = reading_frame()
    raise Unsupported(
        f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}: a tensor becomes a numpy array, "
        "and a prediction computes no values; keep it a tensor, or read one number with .item()"
    )


def listed(shape: torch.Size) -> Any:
    """The nested list of unknown values of this shape."""
    return [listed(shape[1:]) for _ in range(shape[0])] if shape else 1


def draw_once(
    tensor: Tensor,
    mean: float,
    std: float,
    a: float,
    b: float,
    generator: torch.Generator | None = None,
) -> Tensor:
    """torch draws again until no value lies outside, and an unknown value always might."""
    if not isinstance(tensor, FakeTensor):
        return draw_truncated(tensor, mean, std, a, b, generator)
    with torch.no_grad():
        return tensor.uniform_(a, b, generator=generator)


def iterate_here(loader: Any) -> Any:
    """The loader's batches, made in this process: workers' tensors could not be seen, and they
    take no memory of the device."""
    kept = loader.num_workers, loader.timeout, loader.pin_memory
    loader.num_workers, loader.timeout, loader.pin_memory = 0, 0, False
    try:
        return make_iterator(loader)
    finally:
        loader.num_workers, loader.timeout, loader.pin_memory = kept


def do_not_save(*_: Any, **__: Any) -> None:
    """A checkpoint of a prediction has no values: it must not replace one that has."""
