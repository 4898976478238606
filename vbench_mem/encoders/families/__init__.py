"""The list of families of video encoders. Never imports torch.

A new family is its module here, its tower in `towers/`, and its name in `FAMILIES`. The table of
encoders, matrices, the schema, lists and the tests over all rows are derived from `FAMILIES`.
"""

from typing import TYPE_CHECKING, Union

from vbench_mem.encoders.families import (
    divided,
    factorized,
    factorized_dot_product,
    factorized_encoder,
    factorized_self_attention,
    frame_level,
    joint,
    tubevit,
)
from vbench_mem.encoders.families.frame_level import image_pretraining_spec
from vbench_mem.encoders.spec import VideoSpec

__all__ = ["FAMILIES", "Spec", "image_pretraining_spec"]
FAMILIES = (
    joint.FAMILY,
    factorized.FAMILY,
    factorized_encoder.FAMILY,
    factorized_self_attention.FAMILY,
    factorized_dot_product.FAMILY,
    frame_level.FAMILY,
    tubevit.FAMILY,
    divided.FAMILY,
)

if TYPE_CHECKING:
    Spec = VideoSpec
else:
    Spec = Union[tuple(family.spec for family in FAMILIES)]  # noqa: UP007  # told apart by `layout`
