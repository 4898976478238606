"""Names of `torch` that ask for or set up a card, on a machine that need not have one.

Autocast, loss scalers and default devices of a card are those of the CPU while a step is traced for
a card: `cuda.autocast` makes that autocast cast what a card's does.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import safetensors.torch as tensor_files
import torch
from torch.amp import autocast_mode
from torch.amp.grad_scaler import GradScaler
from torch.utils._device import DeviceContext, _device_constructors

from vbench_mem.base.errors import Unsupported, is_users
from vbench_mem.probes.card_calls import NOT_CUDA, CardCalls

NO_STAND_IN = (
    "torch.cuda is asked for something that only a card can answer, and a prediction has none; "
    "leave it out of `build` and `step`"
)


@contextmanager
def card_words(calls: CardCalls) -> Iterator[None]:
    """Within it, what the program says to a card acts on the traced tensors, or is refused."""
    on_card = calls.target == "cuda"

    def refuse() -> None:
        raise Unsupported(NO_STAND_IN if on_card else NOT_CUDA)

    with ExitStack() as contexts:
        contexts.enter_context(patch.object(torch.cuda, "_lazy_init", refuse))
        contexts.enter_context(patch.object(DeviceContext, "__init__", default_device(calls)))
        contexts.enter_context(patch.object(DeviceContext, "__torch_function__", made_there(calls)))
        if on_card:
            for owner, name, make in REPLACED:
                function = make(getattr(owner, name))
                contexts.enter_context(patch.object(owner, name, function))
        contexts.enter_context(calls)
        yield


def default_device(calls: CardCalls) -> Callable[..., None]:
    make = DeviceContext.__init__

    def begin(self: Any, device: Any) -> None:
        self.on_card = calls.is_card(device)
        make(self, "cpu" if self.on_card else device)

    return begin


def made_there(calls: CardCalls) -> Callable[..., Any]:
    call: Callable[..., Any] = DeviceContext.__torch_function__

    def make(self: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        asked = (kwargs or {}).get("device")
        result = call(self, func, types, args, kwargs)
        if getattr(self, "on_card", False) and asked is None and func in constructors():
            calls.put(result)
        return result

    return make


constructors: Callable[[], Any] = _device_constructors


def opened_of(read: Callable[..., Any]) -> Callable[..., Any]:
    """A file of safetensors on the host, whose tensors go to the card with the module's."""

    def opened(filename: Any, framework: str, device: Any = "cpu", **kwargs: Any) -> Any:
        on_card = str(device).partition(":")[0] == "cuda" or isinstance(device, int)
        return read(filename, framework, device="cpu" if on_card else device, **kwargs)

    return opened


def traced(device: Any) -> Any:
    return "cpu" if device == "cuda" else device


def autocast_of(make: Callable[..., None]) -> Callable[..., None]:
    dtype_of = torch.get_autocast_dtype  # a card's default is float16, and a cpu's bfloat16

    def begin(self: Any, device_type: str, dtype: Any = None, *args: Any, **kwargs: Any) -> None:
        if device_type == "cuda" and dtype is None:
            dtype = dtype_of("cuda")
        make(self, traced(device_type), dtype, *args, **kwargs)

    return begin


def scaler_of(make: Callable[..., None]) -> Callable[..., None]:
    def begin(self: Any, device: str = "cuda", *args: Any, **kwargs: Any) -> None:
        make(self, traced(device), *args, **kwargs)

    return begin


def of_traced(call: Callable[..., Any]) -> Callable[..., Any]:
    """A question or setting of autocast; without a device it is about a card's."""

    def asked(*args: Any) -> Any:
        named = bool(args) and isinstance(args[0], str)
        return call(traced(args[0]), *args[1:]) if named else call("cpu", *args)

    return asked


def cast_of(cast: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, device_type, dtype: cast(value, traced(device_type), dtype)


def seen_by_users(answer: Any) -> Callable[..., Callable[..., Any]]:
    """The answer of a card to a program; torch and other libraries get that of this machine."""

    def make(call: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*args: Any, **kwargs: Any) -> Any:
            file = sys._getframe(1).f_code.co_filename
            if is_users(file) or file.startswith("<"):
                return answer
            return call(*args, **kwargs)

        return asked

    return make


def nothing(_: Callable[..., Any]) -> Callable[..., None]:
    return lambda *args, **kwargs: None


def constant(answer: Any) -> Callable[..., Callable[..., Any]]:
    return lambda _: lambda *args, **kwargs: answer


NAMES: tuple[tuple[str, Callable[..., Callable[..., Any]]], ...] = (
    ("is_available", seen_by_users(True)),
    ("device_count", seen_by_users(1)),
    ("is_bf16_supported", constant(True)),
    ("current_device", constant(0)),
    *((name, nothing) for name in ("synchronize", "empty_cache", "set_device", "manual_seed")),
    *((name, nothing) for name in ("manual_seed_all", "reset_peak_memory_stats")),
)
REPLACED: tuple[tuple[Any, str, Callable[..., Callable[..., Any]]], ...] = (
    (autocast_mode.autocast, "__init__", autocast_of),
    (GradScaler, "__init__", scaler_of),
    (tensor_files, "safe_open", opened_of),
    (torch, "is_autocast_enabled", of_traced),
    (torch, "get_autocast_dtype", of_traced),
    (torch, "set_autocast_enabled", of_traced),
    (torch, "set_autocast_dtype", of_traced),
    (autocast_mode, "_cast", cast_of),
    *((torch.cuda, name, make) for name, make in NAMES),
)
