"""Casts that CUDA's autocast makes and the CPU's does not.

Source:  PyTorch 2.13: aten/src/ATen/autocast_mode.h.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from vbench_mem.probes.composites import operation_of
from vbench_mem.probes.cuda.attention import is_half

# Operations that CUDA's autocast computes in float32 and the CPU's does not. First those whose
# inputs it casts, then those that it gives a float32 result, by their overloads.
CAST = (
    *("layer_norm", "rms_norm", "group_norm", "exp", "expm1", "log", "log2", "log10", "log1p"),
    *("pow.Tensor_Scalar", "pow.Tensor_Tensor", "pow.Scalar", "reciprocal", "rsqrt", "softplus"),
    *("tan", "sinh", "cosh", "logsumexp", "cosine_similarity", "dist"),
    *("upsample_nearest2d.vec", "upsample_bilinear2d.vec", "upsample_bicubic2d.vec"),
    "upsample_trilinear3d.vec",
)
RESULT = (
    *("softmax.int", "log_softmax.int", "sum", "sum.dim_IntList", "cumsum"),
    "linalg_vector_norm",
)


@contextmanager
def cuda_autocast() -> Iterator[None]:
    """Within it, autocast on the CPU casts what CUDA's does, in every thread."""
    with torch.library._scoped_library("aten", "IMPL") as library:
        for name in (*CAST, *RESULT):
            library.impl(name, caster(name, sets_dtype=name in RESULT), "AutocastCPU")
        # of a cross entropy CUDA casts the probabilities, and the CPU its input
        entropy = operation_of("cross_entropy_loss").decompose
        with warnings.catch_warnings():  # torch warns that this replaces its own cast, as it shall
            warnings.filterwarnings("ignore", "Warning only once for all operators", UserWarning)
            library.impl("cross_entropy_loss", entropy, "AutocastCPU", allow_override=True)
        yield


def caster(name: str, *, sets_dtype: bool) -> Callable[..., Any]:
    operation = operation_of(name)
    names = [argument.name for argument in operation._schema.arguments]
    keys = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastCPU)

    def cast(*args: Any, **kwargs: Any) -> Any:
        with torch._C._ExcludeDispatchKeyGuard(keys):
            if sets_dtype:
                given = dict(zip(names, args, strict=False)) | kwargs
                if given.get("dtype") is None and is_half(args[0]):
                    given["dtype"] = torch.float32
                return operation(**given)
            return operation(*map(widened, args), **{k: widened(v) for k, v in kwargs.items()})

    return cast


def widened(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and is_half(value) else value
