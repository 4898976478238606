"""FLOPs by torch's own counter, on fake CPU tensors: nothing is allocated and nothing computed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.counting import one_caption, one_clip, without_fast_path
from vbench_mem.probes.fake_encoder import as_traced, table_encoder_maker
from vbench_mem.probes.quick import QuickMode
from vbench_mem.probes.uncounted import refuse_unknown

Formula = Callable[..., int]
Shape = tuple[int, ...]
Counts = dict[str, int]  # FLOPs by operation


def attention_flop(query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    """Scores and weighted values. Shapes: (batch, heads, tokens, head width)."""
    *batch, queries, width = query
    return 2 * torch.Size(batch).numel() * queries * key[-2] * (width + value[-1])


def attention_backward_flop(
    gradient: Shape, query: Shape, key: Shape, value: Shape, *_: Any, **__: Any
) -> int:
    """The scores once more, then the gradients of queries and keys, of scores and of values."""
    *batch, queries, width = query
    return 2 * torch.Size(batch).numel() * queries * key[-2] * (3 * width + 2 * value[-1])


def convolution_backward_flop(
    gradient: Shape,
    x: Shape,
    weight: Shape,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    output_mask: Sequence[bool],
    **_: Any,
) -> int:
    """Each wanted gradient, of the input and of the weight, is as much as the forward: a weight has
    its group's channels alone. Shapes: (batch, channels, ...), (channels, channels / groups, ...).
    """
    places = x[2:] if transposed else gradient[2:]
    forward = 2 * x[0] * math.prod(places) * math.prod(weight)
    return forward * sum(output_mask[:2])


# What the counter of torch 2.13 ignores, the CPU's fused attention, or gets wrong: its gradients of
# a convolution ignore the groups, and are as many times too high.
FORMULAS: dict[str, Formula] = {
    "convolution_backward": convolution_backward_flop,
    "_scaled_dot_product_flash_attention_for_cpu": attention_flop,
    "_scaled_dot_product_flash_attention_for_cpu_backward": attention_backward_flop,
}
WRONG = {torch.ops.aten.convolution_backward}  # in torch's own table


@dataclass(frozen=True)
class PassFlops:
    """FLOPs of one forward and its backward; `left_out` are operations that were not counted."""

    forward: Counts
    backward: Counts
    left_out: tuple[str, ...]


class OperationRecorder(TorchDispatchMode):
    """Records every operation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: set[Any] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        self.operations.add(func)
        return func(*args, **(kwargs or {}))


class DeviceMode(TorchDispatchMode):
    """Tells the device of a fake tensor at once: it is asked thousands of times."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.prim.device.default:
            return args[0].fake_device
        return func(*args, **(kwargs or {}))


def count_pass(
    forward: Callable[[], Tensor],
    *,
    backward: bool,
    formulas: Mapping[str, Formula] = FORMULAS,
) -> PassFlops:
    """Run `forward`, and the backward of the sum of its result, under the counter.

    Raises `Uncounted` when an operation without a formula is not known to be negligible.
    """
    mapping = {getattr(torch.ops.aten, name): formula for name, formula in formulas.items()}
    ours = {op: each for op, each in mapping.items() if op not in flop_registry or op in WRONG}
    counter, recorder = FlopCounterMode(display=False, custom_mapping=ours), OperationRecorder()
    with without_fast_path(), recorder, counter, DeviceMode():  # type: ignore[no-untyped-call]
        result = forward()
        ahead = by_operation(counter)
        if backward:
            result.sum().backward()
        both = by_operation(counter)
    rest = (op for op in recorder.operations if op._overloadpacket not in counter.flop_registry)
    left_out = tuple(sorted(str(op) for op in rest if not op.is_view))  # views compute nothing
    refuse_unknown("torch's counter", left_out)
    back = {name: flop - ahead.get(name, 0) for name, flop in both.items()}
    return PassFlops(ahead, {name: flop for name, flop in back.items() if flop}, left_out)


def by_operation(counter: FlopCounterMode) -> Counts:
    counts = counter.get_flop_counts().get("Global", {})
    return {str(name).removeprefix("aten."): flop for name, flop in counts.items()}


def count_torch(cell: Cell) -> dict[str, PassFlops]:
    """Of one clip and one caption: `video`, `text`, and `embed`, the video tower without a mask.

    Every fused kernel multiplies the same, and precision and compilation change nothing: float32,
    eager.
    """
    train = cell.load.mode == "train"
    make = table_encoder_maker(as_traced(cell))
    with QuickMode():
        encoder = make()
        video = partial(encoder.encode_video, one_clip(cell.load))
        text = partial(encoder.encode_text, *one_caption(cell.load))
        encoder.train(train)
        with torch.set_grad_enabled(train):
            found = {
                "video": count_pass(video, backward=train),
                "text": count_pass(text, backward=train),
            }
        encoder.eval()
        with torch.no_grad():
            found["embed"] = count_pass(video, backward=False) if train else found["video"]
    return found
