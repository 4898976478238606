"""Which results torch would write into memory that is given up at once, were nothing watching.

Autograd adds up the gradients of a tensor that is used several times in place, unless one of them
is a tensor of another class or a mode watches all operations, as a tracker does. The same holds for
scattered gradients, and for the bias of a linear layer whose input is not contiguous.

Source:  PyTorch 2.13: torch/csrc/autograd/input_buffer.cpp (accumulate), FunctionsManual.cpp
         (gather_backward, index_backward), ATen/native/Linear.cpp.
Check:   equals the memory events of torch's profiler, which is no mode.
"""

import os
import sys
from types import FrameType
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
SUM = aten.add.Tensor
REUSING = {
    *(SUM, aten.scatter_add.default, aten.scatter.src, aten.scatter.value),
    *(aten.index_put.default, aten._index_put_impl.default, aten.index_add.default),
}
BETWEEN = ("_dynamo/eval_frame.py", "torch/_compile.py")  # files of torch's between it and a mode
TRACKERS = os.path.dirname(__file__)
ENGINE, LINEAR = "torch/autograd/graph.py", "torch/nn/modules/linear.py"


def may_reuse(func: Any, args: Any, result: Any) -> bool:
    """Would torch write the result into the first argument, if nothing else holds that?"""
    if func not in REUSING or not isinstance(result, Tensor):
        return False
    caller = calling_file(sys._getframe(1))
    by_engine = caller.endswith(ENGINE)  # and by no code of the user's
    by_linear = func is SUM and caller.endswith(LINEAR)
    same = args[0].dtype == result.dtype and args[0].shape == result.shape
    # a view keeps its base, which would be written too: the gradient of a transposed weight is one
    alone = not torch.is_grad_enabled() and not args[0]._is_view()
    return same and (by_linear or (by_engine and alone))


def calling_file(frame: FrameType | None) -> str:
    """The file of the Python code that called the operation which a mode is looking at."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(TRACKERS) and not file.endswith(BETWEEN):
            return file
        frame = frame.f_back
    return ""
