"""A user's own encoder: `encoder: my_package.module:build` in a matrix. No torch.

The protocol
    build(load) -> nn.Module
        Called with the cell's load (`vbench_mem.base.load.Load`: frames, batch, resolution_px,
        caption_tokens, mode, ...). A class can be named, too, if its constructor takes a load. In
        the module `requires_grad` is set on what should train. In the measuring process the device
        is torch's default while `build` runs. Predictions call it with tensors without data, so it
        must not read values of tensors (`.item()`, `.numpy()`).
    forward(clips_BTCHW, ids_BL, mask_BL) -> (video_BE, text_BE)
        Clips float32, normalised; ids below `text.vocab` (30522 unless the matrix sets another);
        the mask true at real tokens. It returns two tensors of equal shape (batch, width). Their
        vectors need not have length 1: the loss and the evaluation take the cosine.
    similarity(video, text) -> (captions, clips)
        Optional: how similar each caption is to each clip, if not by the cosine: a row for each
        caption, a column for each clip. Then forward may return features of any shape behind the
        batch, and they are not normalised. The loss, cached gradients and the ranking call it with
        some of the clips and captions at a time.
    logit_scale
        Optional: a parameter of one number, the log of the inverse temperature, as CLIP has it.
        Without it the loss has its own.
    video, text
        Optional: modules. With them parameters and FLOPs are also reported for each tower.

The module is searched for beside the matrix, then in the current folder, then on Python's import
path (`encoders/source.py`). `build` decides what is masked, frozen, adapted or recomputed: recipes
other than `full`, and `checkpoint: true`, are refused.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from vbench_mem.base.errors import UsageError
from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec

if TYPE_CHECKING:
    from vbench_mem.base.load import Runtime

NOT_TOLD = "an encoder of your own does not state how many tokens it sees"
NO_CLOSED_FORM = "an encoder of your own has no closed form"


@dataclass(frozen=True, kw_only=True)
class Custom:
    """A reference to code; what that code makes is known only once it is called.

    build          `package.module:function`
    source_sha256  of the module's file and of what it imports from beside it, so that an edited
                   encoder is another cell
    folder         where the module is, if not where Python imports from; no part of a cell's id
    text           how captions become ids; ids are below `text.vocab`
    """

    __pydantic_config__ = STRICT

    build: str
    source_sha256: str
    folder: str | None = None
    text: TokenizerSpec = field(default_factory=TokenizerSpec)
    resolution_px: int = 224
    layout: Literal["custom"] = "custom"

    @property
    def module(self) -> str:
        return self.build.partition(":")[0]

    @property
    def function(self) -> str:
        return self.build.partition(":")[2]


def check_custom(spec: Custom, recipe: Recipe, runtime: "Runtime | None") -> None:
    """Refuse what only encoders of the table support; raises `UsageError`."""
    if recipe != Recipe():
        raise UsageError(
            f"{spec.build} takes no recipe, since its {spec.function} decides what is masked and "
            "trained; use recipe: full, and one function for each way of training"
        )
    if runtime is not None and runtime.checkpoint:
        raise UsageError(
            f"checkpoint: true has no effect on {spec.build}; leave it out, and let its "
            f"{spec.function} recompute activations itself"
        )
