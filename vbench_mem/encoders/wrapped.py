"""A user's module made to look like an encoder of the table. The protocol is in `custom.py`.

Imports the user's code, so only a measuring process or a predicting worker comes here. Errors of
that code are left as they are: their traceback is what the user needs.
"""

import importlib
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import sdpa_kernel

from vbench_mem.base.errors import Unsupported, UsageError
from vbench_mem.base.load import Kernel, Load, Runtime
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.dual import TEMPERATURE, DualEncoder, unit
from vbench_mem.encoders.layers import BACKENDS
from vbench_mem.encoders.similarity import Cosine, Similarity
from vbench_mem.encoders.source import file_now, sha256_now

NO_TOWER = "this encoder has no module called {}"
NO_KERNEL = "No available kernel"  # what torch says where the one that is forced does not fit


class Wrapped(nn.Module):
    """Clips and captions to features by a module of the user's own.

    Shapes:  clips_BTCHW, ids_BL, mask_BL -> video_BE, text_BE, float32, of length 1; as the module
             made them where it brings a similarity of its own.
    """

    def __init__(self, inner: nn.Module, build: str, kernel: Kernel = "auto") -> None:
        super().__init__()
        self.inner, self.build, self.kernel = inner, build, kernel
        own = getattr(inner, "similarity", None)
        self.similarity = Cosine() if own is None else CustomSimilarity(own, build)
        if getattr(inner, "logit_scale", None) is None:
            self.temperature = nn.Parameter(torch.full((), -math.log(TEMPERATURE)))
        elif not is_one_number(inner.logit_scale):
            raise UsageError(f"{build}: logit_scale must be a parameter of one number, or left out")

    @property
    def logit_scale(self) -> Tensor:
        own: Tensor | None = getattr(self.inner, "logit_scale", None)
        return self.temperature if own is None else own

    @property
    def video(self) -> nn.Module | None:
        return self.tower("video")

    @property
    def text(self) -> nn.Module | None:
        return self.tower("text")

    def tower(self, name: str) -> nn.Module | None:
        found = getattr(self.inner, name, None)
        return found if isinstance(found, nn.Module) else None

    def forward(self, clips: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        if self.kernel == "auto":
            result = self.inner(clips, ids, mask)
        else:
            with self.forced():
                result = self.inner(clips, ids, mask)
        video, text = self.checked(result, len(clips))
        if isinstance(self.similarity, CustomSimilarity):
            return video, text
        return unit(video), unit(text)

    @contextmanager
    def forced(self) -> Iterator[None]:
        """Every attention in here takes the kernel; raises `Unsupported` where one cannot."""
        try:
            with sdpa_kernel([BACKENDS[self.kernel]]):
                yield
        except RuntimeError as error:
            if NO_KERNEL not in str(error):
                raise
            message = f"attention {self.kernel} cannot run an attention of {self.build}"
            raise Unsupported(message) from error

    def checked(self, result: Any, batch: int) -> tuple[Tensor, Tensor]:
        """The pair that the protocol asks for; raises `UsageError` for anything else."""
        shapes = [shape_of(each) for each in result] if isinstance(result, tuple | list) else []
        first = shapes[0] if shapes else ()
        wanted = f"(video_BE, text_BE), two tensors of one shape ({batch}, width)"
        fits = len(shapes) == 2 and shapes == [first] * 2 and len(first) == 2 and first[0] == batch
        if isinstance(self.similarity, CustomSimilarity):
            wanted = f"(video, text), two tensors that begin with the batch, {batch}"
            fits = len(shapes) == 2 and all(each[:1] == (batch,) for each in shapes)
        if not fits:
            raise UsageError(
                f"{self.build}: forward returned {described(result)}; it must return {wanted}"
            )
        video, text = result
        return video, text


class CustomSimilarity(Similarity):
    """The similarity that a user's module brings. Holds its method, not the module again."""

    def __init__(self, score: Callable[[Tensor, Tensor], Any], build: str) -> None:
        super().__init__()
        self.score, self.build = score, build

    def forward(self, video: Tensor, text: Tensor) -> Tensor:
        found, wanted = self.score(video, text), (len(text), len(video))
        if not isinstance(found, Tensor) or tuple(found.shape) != wanted:
            raise UsageError(
                f"{self.build}: similarity returned {described(found)}; it must return a tensor of "
                f"shape {wanted}, a row for each caption and a column for each clip"
            )
        return found


Trainable = DualEncoder | Wrapped


def is_one_number(value: object) -> bool:
    return isinstance(value, Tensor) and value.numel() == 1 and value.is_floating_point()


def shape_of(value: object) -> tuple[int, ...]:
    """Empty for what is no tensor, as for one without dimensions: neither is a batch of vectors."""
    return tuple(value.shape) if isinstance(value, Tensor) else ()


def described(result: object) -> str:
    """`(2, 32) and (2, 16)`, or the names of types."""
    if isinstance(result, tuple | list):
        return " and ".join(map(described, result)) or f"an empty {type(result).__name__}"
    if isinstance(result, Tensor):
        return str(tuple(result.shape))
    return "None" if result is None else f"a value of type {type(result).__name__}"


def build_custom(spec: Custom, load: Load, runtime: Runtime) -> Wrapped:
    """Import the user's function and call it with the load, in training mode on torch's device.

    Raises `UsageError` where the code is not that of the cell, or returns no module;
    whatever the user's code raises passes through.
    """
    try:
        inner = imported(spec)(load)
    except SystemExit as error:  # of a script that guards nothing; it would take us with it
        raise RuntimeError(f"{spec.build} asked Python to exit") from error
    if not isinstance(inner, nn.Module):
        raise UsageError(
            f"{spec.build}: returned {described(inner)}; it must return a torch.nn.Module"
        )
    wrapped, device = Wrapped(inner, spec.build, runtime.attention), torch.get_default_device()
    if any(held.device != device for held in [*wrapped.parameters(), *wrapped.buffers()]):
        wrapped.to(device)  # what was made without asking for the device
    return wrapped.train()


def imported(spec: Custom) -> Callable[[Load], Any]:
    """The function itself; the module's folder is first where Python imports from, as a script's
    own folder is."""
    if sha256_now(spec) != spec.source_sha256:
        raise UsageError(
            f"{spec.build}: its code has changed since the matrix was read; "
            "run the command again to measure it as it is now"
        )
    if spec.folder is not None and spec.folder not in sys.path:
        sys.path.insert(0, spec.folder)
    importlib.invalidate_caches()
    module = importlib.import_module(spec.module)
    found, wanted = Path(module.__file__ or ""), file_now(spec)
    if wanted is None or found.resolve() != wanted.resolve():
        raise UsageError(f"{spec.build}: Python imports {found}, not {wanted}; rename one of them")
    function: Callable[[Load], Any] = getattr(module, spec.function)
    return function
