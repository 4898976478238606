"""What a program says to a card, acting on the traced tensors of the CPU that stand for the card's.

`.to("cuda")`, `.cuda()` and `device="cuda"` put a tensor on the card: one that was made on the host
is copied, as there, and stays on the host. A program that never says so has everything on the card.
For another target, and for what has no stand-in here, raises `Unsupported`.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.prediction import Target
from vbench_mem.probes.value_tracker import ValueTracker
from vbench_mem.probes.values import tensors_in

CPU = torch.device("cpu")
NAMES = {"gradient": "grad_tensors"}  # of an argument of both backwards
NOT_CUDA = (
    "the program puts tensors on a cuda device, and is predicted for a cpu; "
    "write target='cuda', or leave the device out"
)
TWO_CARDS = (
    "the program uses two cards, {first} and {second}, and a prediction is of one; "
    "give `predict_step` the part of it that runs on one card"
)


class CardCalls(TorchFunctionMode):
    """While entered, a cuda device is the CPU; knows which blocks lie on the card, and which on
    the host."""

    def __init__(self, tracker: ValueTracker, target: Target) -> None:
        super().__init__()
        self.tracker, self.target = tracker, target
        self.index: int | None = None
        self.card: set[int] = set()
        self.host: set[int] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is Tensor.cuda:
            device = args[1] if len(args) > 1 else kwargs.get("device")
            self.require(torch.device("cuda", device) if isinstance(device, int) else device)
            form = kwargs.get("memory_format", torch.preserve_format)
            return self.moved(args[0], args[0].to(CPU, memory_format=form))
        if func is Tensor.to:
            return self.to(args, kwargs)
        if func is Tensor.cpu:
            return self.to_host(args[0], func(*args, **kwargs))
        if func is Tensor.backward:  # what it recomputes may say so again
            with self:
                return torch.autograd.backward(
                    *args, **{NAMES.get(k, k): v for k, v in kwargs.items()}
                )
        if func is Tensor.pin_memory and self.target == "cuda":
            return args[0]
        if self.is_card(kwargs.get("device")):
            result = func(*args, **{**kwargs, "device": CPU})
            self.put(result)
            return result
        return func(*args, **kwargs)

    def is_card(self, device: Any) -> bool:
        """Is it a cuda device? Raises `Unsupported` where there is none, and for a second one."""
        if isinstance(device, str):
            named = device.partition(":")[0] == "cuda"
        else:
            named = isinstance(device, torch.device) and device.type == "cuda"
        if named:
            self.require(device)
        return named

    def require(self, device: Any) -> None:
        if self.target != "cuda":
            raise Unsupported(NOT_CUDA)
        index = None if device is None else torch.device(device).index
        if index is not None:
            if self.index not in (None, index):
                raise Unsupported(
                    TWO_CARDS.format(first=f"cuda:{self.index}", second=f"cuda:{index}")
                )
            self.index = index

    def to(self, args: Any, kwargs: dict[str, Any]) -> Tensor:
        tensor, *rest = args
        other = rest[0] if rest else kwargs.get("device", kwargs.get("other"))
        if self.is_card(other):
            if rest:
                rest[0] = CPU
            else:
                kwargs = {**kwargs, "device": CPU}
            return self.moved(tensor, tensor.to(*rest, **kwargs))
        result = tensor.to(*rest, **kwargs)
        if isinstance(other, Tensor) and self.on_card(other):
            return self.moved(tensor, result)
        named = isinstance(other, str | torch.device) and torch.device(other).type == "cpu"
        return self.to_host(tensor, result) if named else result

    def put(self, made: Any) -> None:
        """On the card, from the beginning."""
        self.card |= self.blocks(made)

    def blocks(self, *values: Any) -> set[int]:
        found = map(self.tracker.block_if_known, tensors_in(*values))
        return {block for block in found if block is not None}

    def moved(self, before: Tensor, after: Tensor) -> Tensor:
        """On the card: a copy, unless it lay there or has been copied already."""
        if self.on_card(before):
            return after
        parts = isinstance(before, nn.Parameter) or before.requires_grad
        if shares(before, after):
            after = after.clone()
        self.put(after)
        if not parts:
            self.tracker.tags["input"] |= self.blocks(after)
        return after

    def to_host(self, before: Tensor, after: Tensor) -> Tensor:
        if not self.on_card(before):
            return after
        if shares(before, after):
            after = after.clone()
        blocks = self.blocks(after)
        self.card -= blocks
        self.host |= blocks
        return after

    def on_card(self, tensor: Tensor) -> bool:
        return self.tracker.block_if_known(tensor) in self.card

    def built(self, weights: set[int]) -> None:
        """After `build`: what is neither on the card nor a weight lies on the host."""
        self.host.update(self.tracker.timeline.live.keys() - self.card - weights)

    def follow(self, args: Any, result: Any) -> None:
        """The result of an operation lies where its inputs lie; a card's wins."""
        if not self.card:
            return
        inputs = self.blocks(*args)
        made = self.blocks(result) - inputs
        if inputs & self.card:
            self.card |= made
        elif inputs and inputs <= self.host:
            self.host |= made

    def host_blocks(self) -> set[int]:
        return self.host - self.card if self.card else set()


def shares(one: Tensor, other: Tensor) -> bool:
    return one.untyped_storage()._cdata == other.untyped_storage()._cdata
