"""What the paper says about accuracy, as data, and which trained encoders can say whether it is so.

Nothing here knows a score. Figures of arXiv:2312.07395 are cited for what their text says: their
points are not known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from vbench_mem.analysis.trained import Trained, same_parts
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.families.tubevit import TubeViT

PAPER = "arXiv:2312.07395v1"
MASK = 0.75  # the share that the paper's claims are about
POINT = 0.01  # "about 1 % absolute", its loss by masking
ADAPTATIONS = ("adapter", "lora", "temporal_only")
# fmt: off
Name = Literal[
    "time", "frames", "holds", "falls", "order", "coarse", "adapted", "last", "adapters", "ceiling"
]
# fmt: on


@dataclass(frozen=True, kw_only=True)
class Claim:
    """
    cite   where it is said, in a word or two; `source` in full
    needs  what a matrix must train to judge it, in words
    costs  is it about the memory too that the score is bought with?
    """

    name: Name
    says: str
    cite: str
    source: str
    needs: str
    costs: bool = False


BOTH_KINDS = "a joint or factorised encoder and a frame-level one of the same parts"
CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="time",
        says="time-aware encoders beat frame-level ones where order matters",
        cite="Table 1",
        source=f"{PAPER}, Table 1: so on YouCook2, not on every benchmark",
        needs=f"{BOTH_KINDS}, and a benchmark with a ceiling for what is blind to order",
    ),
    Claim(
        name="frames",
        says="time-aware encoders beat frame-level ones where order is not proved to matter",
        cite="not in the paper",
        source="not claimed by the paper, whose Table 1 has both orders",
        needs=f"{BOTH_KINDS}, and a benchmark without such a ceiling",
    ),
    Claim(
        name="holds",
        says="masking 75 % costs a joint encoder at most 1 point of R@1",
        cite="Table 2",
        source=f"{PAPER}, prose on Table 2: about 1 % absolute, of a ViT-L",
        needs="a joint encoder trained plain and with 75 % masked",
    ),
    Claim(
        name="falls",
        says="masking 75 % costs factorised and frame-level encoders R@1",
        cite="Figure 2",
        source=f"{PAPER}, Figure 2",
        needs="a factorised or frame-level encoder trained plain and with 75 % masked",
    ),
    Claim(
        name="order",
        says="masking 75 % costs a joint encoder less than the others",
        cite="Figure 2",
        source=f"{PAPER}, Figure 2",
        needs="a joint and another encoder, both trained plain and with 75 % masked",
    ),
    Claim(
        name="coarse",
        says="masking 75 % beats coarse patches and tubes",
        cite="Figure 3",
        source=f"{PAPER}, Figure 3 (Figure 4 at CVPR)",
        needs="a joint encoder with 75 % masked, and one of coarse patches or tubes",
        costs=True,
    ),
    Claim(
        name="adapted",
        says="masking 75 % beats adapters, LoRA and temporal attention alone",
        cite="Figure 2",
        source=f"{PAPER}, Figure 2",
        needs="a joint encoder with 75 % masked, and one that is adapted",
        costs=True,
    ),
    Claim(
        name="last",
        says="masking 75 % beats training the last layers alone",
        cite="not in the paper",
        source="not claimed by the paper, which trains the last layers at 128 frames",
        needs="a joint encoder with 75 % masked, and one of which the last layers train",
        costs=True,
    ),
    Claim(
        name="adapters",
        says="adapters beat LoRA",
        cite="Figure 2",
        source=f"{PAPER}, Figure 2",
        needs="an encoder with adapters and the same one with LoRA",
    ),
    Claim(
        name="ceiling",
        says="no encoder beats what it provably cannot reach",
        cite="a check",
        source="the benchmark's own ceilings: a check of the benchmark, not of the paper",
        needs="a benchmark with ceilings, and an encoder that they are for",
    ),
)

Pair = tuple[Trained, Trained]


def is_plain(trained: Trained) -> bool:
    return trained.cell.recipe.train == "full" and not trained.cell.recipe.mask


def is_masked(trained: Trained) -> bool:
    return trained.cell.recipe.train == "full" and trained.cell.recipe.mask == MASK


def is_joint(trained: Trained) -> bool:
    return isinstance(trained.spec, Joint)


def is_frame_level(trained: Trained) -> bool:
    return isinstance(trained.spec, FrameLevel)


def is_factorized(trained: Trained) -> bool:
    return trained.spec.layout.startswith("factorized")


def grid(trained: Trained) -> tuple[int, int]:
    return trained.spec.tubelet_frames, trained.spec.patch_px


def is_fine(trained: Trained, among: Sequence[Trained]) -> bool:
    """No encoder of the same family and parts has smaller patches."""
    return not any(
        other.family == trained.family
        and same_parts(other, trained)
        and grid(other) != grid(trained)
        and all(mine >= its for mine, its in zip(grid(trained), grid(other), strict=True))
        for other in among
    )


def time_pairs(among: Sequence[Trained]) -> Iterator[Pair]:
    """Each joint or factorised encoder with each frame-level one of its parts, both plain."""
    plain = [each for each in among if is_plain(each) and is_fine(each, among)]
    for aware in plain:
        for blind in plain:
            kinds = (is_joint(aware) or is_factorized(aware)) and is_frame_level(blind)
            if kinds and same_parts(aware, blind) and patch(aware) == patch(blind):
                yield aware, blind


def patch(trained: Trained) -> int:
    return trained.spec.patch_px


def mask_pairs(among: Sequence[Trained]) -> Iterator[Pair]:
    """Each encoder plain and with 75 % masked."""
    for plain in filter(is_plain, among):
        for masked in filter(is_masked, among):
            if plain.spec == masked.spec and same_parts(plain, masked):
                yield plain, masked


def coarse_pairs(among: Sequence[Trained]) -> Iterator[Pair]:
    """Each fine joint encoder, masked, with each plain one of coarser patches, or of tubes."""
    for masked, other in against_masked(among):
        is_tube = isinstance(other.spec, TubeViT)
        if is_plain(other) and (is_tube or (is_joint(other) and not is_fine(other, among))):
            yield masked, other


def adapted_pairs(among: Sequence[Trained], train: Sequence[str]) -> Iterator[Pair]:
    """Each fine joint encoder, masked, with each that is adapted in one of these ways."""
    for masked, other in against_masked(among):
        recipe = other.cell.recipe
        alike = other.spec == masked.spec or is_factorized(other)
        if recipe.train in train and not recipe.mask and alike:
            yield masked, other


def against_masked(among: Sequence[Trained]) -> Iterator[Pair]:
    for masked in among:
        if is_joint(masked) and is_masked(masked) and is_fine(masked, among):
            for other in among:
                if same_parts(masked, other):
                    yield masked, other


def adapter_pairs(among: Sequence[Trained]) -> Iterator[Pair]:
    """Each encoder with adapters and the same one with LoRA."""
    for one in among:
        for other in among:
            kinds = one.cell.recipe.train, other.cell.recipe.train
            alike = one.spec == other.spec and one.cell.recipe.mask == other.cell.recipe.mask
            if kinds == ("adapter", "lora") and alike and same_parts(one, other):
                yield one, other
