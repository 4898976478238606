"""An encoder of the user's own: `encoder: my_package.module:build` in a matrix. No torch.

The protocol
    build(load) -> nn.Module
        Called with the cell's load (`vbench_mem.base.load.Load`: frames, batch, resolution_px,
        caption_tokens, mode, ...). A class will do where its constructor takes a load. What comes
        back has `requires_grad` set as it should train. It is called in the measuring process with
        the device as torch's default, and for predictions with tensors that hold nothing, so it
        must not read back what it made (`.item()`, `.numpy()`).
    forward(clips_BTCHW, ids_BL, mask_BL) -> (video_BE, text_BE)
        Clips float32, normalised; ids below `text.vocab` (30522 unless the matrix sets another);
        the mask true at real tokens. Back come two tensors of equal shape (batch, width). They need
        not be of length 1: the loss and the embedding take the cosine.
    similarity(video, text) -> (captions, clips)
        Optional: how similar each caption is to each clip, where that is not the cosine. With it
        forward may return features of any shape, clips and captions first, and they are left as
        they are. The loss, cached gradients and the ranking call it, with some clips or captions
        at a time.
    logit_scale
        Optional: a parameter of one number, the log of the inverse temperature, as CLIP has it.
        Without it the loss brings its own.
    video, text
        Optional: modules. With them parameters and FLOPs are told for each tower too.

The module is looked for beside the matrix, then in the current folder, then where Python imports
from (`encoders/source.py`). What is masked, frozen, adapted or recomputed is up to `build`: recipes
other than `full` and `checkpoint: true` are refused.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from vbench_mem.base.errors import UsageError
from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec

if TYPE_CHECKING:
    from vbench_mem.base.load import Runtime

NOT_TOLD = "an encoder of one's own does not say how many tokens it sees"
NO_CLOSED_FORM = "an encoder of one's own has no closed form"


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
    """Refuse what only an encoder of the table can be asked for; raises `UsageError`."""
    if recipe != Recipe():
        raise UsageError(
            f"what is masked and trained of {spec.build} is up to its {spec.function}; "
            "use recipe: full, and a function for each way of training"
        )
    if runtime is not None and runtime.checkpoint:
        raise UsageError(
            f"checkpoint: true is of no use to {spec.build}: let its {spec.function} recompute "
            "activations itself, and leave checkpoint out"
        )
