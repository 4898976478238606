"""Where torch's own answers for fake tensors are wrong: normalising halves with float32 weights.

So does a model under autocast. A CPU and a card keep mean and deviation in float32 then, and give
the input's gradient in half precision; torch 2.13 says for fake tensors of a CPU that it is not so.
"""

from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
FORWARD = {
    aten.native_layer_norm,
    aten.native_group_norm,
    aten.native_batch_norm,
    aten._native_batch_norm_legit,
    aten._batch_norm_with_update,
}
HALVES = (torch.bfloat16, torch.float16)


def corrected(func: Any, args: Any, result: Any) -> Any:
    """The result of the operation as a device returns it. Check: tests compare with a cpu."""
    packet = func._overloadpacket
    if packet not in FORWARD and packet is not aten.native_group_norm_backward:
        return result
    half = args[0].dtype
    weights = (each for each in args[1:] if isinstance(each, Tensor))
    if half not in HALVES or all(each.dtype is not torch.float32 for each in weights):
        return result
    first, *others = result
    if packet in FORWARD:
        full = [torch.empty_like(each, dtype=torch.float32) for each in others[:2]]
        return (first, *full, *others[2:])
    return (None if first is None else torch.empty_like(first, dtype=half), *others)
