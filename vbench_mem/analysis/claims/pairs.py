"""Which trained encoders a claim about accuracy compares. Nothing here knows a score. No torch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import NamedTuple

from vbench_mem.analysis.trained import TrainedEncoder, same_parts

MASK = 0.75  # the share of tokens that the paper's claims are about
ADAPTATIONS = ("adapter", "lora", "temporal_only")
EncoderPair = tuple[TrainedEncoder, TrainedEncoder]


class Case(NamedTuple):
    """Two sides to compare, the one that the claim puts first first.

    sides     one encoder each, or one plain and masked where what masking changes is compared
    learners  those that must be above chance: all of them, or one where `any_learner`
    """

    sides: tuple[tuple[TrainedEncoder, ...], tuple[TrainedEncoder, ...]]
    learners: tuple[TrainedEncoder, ...]
    any_learner: bool = False


def is_plain(trained: TrainedEncoder) -> bool:
    return trained.cell.recipe.train == "full" and not trained.cell.recipe.mask


def is_masked(trained: TrainedEncoder) -> bool:
    return trained.cell.recipe.train == "full" and trained.cell.recipe.mask == MASK


def attends_jointly(trained: TrainedEncoder) -> bool:
    """Does every token meet every other, all of patches of one size?"""
    return trained.spec.mixing == "space_time" and not trained.spec.own_kernels


def grid(trained: TrainedEncoder) -> tuple[int, int]:
    return trained.spec.tubelet_frames, trained.spec.patch_px


def is_fine(trained: TrainedEncoder, among: Sequence[TrainedEncoder]) -> bool:
    """No encoder of the same family and parts has smaller patches."""
    return not any(
        other.family == trained.family
        and same_parts(other, trained)
        and grid(other) != grid(trained)
        and all(mine >= its for mine, its in zip(grid(trained), grid(other), strict=True))
        for other in among
    )


def like_pairs(among: Sequence[TrainedEncoder]) -> Iterator[EncoderPair]:
    """All ordered pairs of encoders whose parts are of one size."""
    return (pair for pair in permutations(among, 2) if same_parts(*pair))


def time_pairs(among: Sequence[TrainedEncoder]) -> Iterator[EncoderPair]:
    """Each encoder whose frames meet with each frame-level one of its parts, both plain."""
    fine = [each for each in among if is_plain(each) and is_fine(each, among)]
    for one, other in like_pairs(fine):
        is_aware = one.spec.mixing != "per_frame" and not one.spec.own_kernels
        is_pair = is_aware and other.spec.mixing == "per_frame"
        if is_pair and one.spec.patch_px == other.spec.patch_px:
            yield one, other


def mask_pairs(among: Sequence[TrainedEncoder]) -> Iterator[EncoderPair]:
    """Each encoder plain and with 75 % masked."""
    for plain, masked in like_pairs(among):
        if is_plain(plain) and is_masked(masked) and plain.spec == masked.spec:
            yield plain, masked


def coarse_pairs(among: Sequence[TrainedEncoder]) -> Iterator[EncoderPair]:
    """Each fine joint encoder, masked, with each plain one of coarser patches, or of tubes."""
    for masked, other in against_masked(among):
        is_coarse = attends_jointly(other) and not is_fine(other, among)
        if is_plain(other) and (other.spec.own_kernels or is_coarse):
            yield masked, other


def adapted_pairs(among: Sequence[TrainedEncoder], train: Sequence[str]) -> Iterator[EncoderPair]:
    """Each fine joint encoder, masked, with each that is adapted in one of these ways."""
    for masked, other in against_masked(among):
        recipe = other.cell.recipe
        comparable = other.spec == masked.spec or other.spec.mixing == "by_axis"
        if recipe.train in train and not recipe.mask and comparable:
            yield masked, other


def against_masked(among: Sequence[TrainedEncoder]) -> Iterator[EncoderPair]:
    for masked, other in like_pairs(among):
        if attends_jointly(masked) and is_masked(masked) and is_fine(masked, among):
            yield masked, other


def adapter_pairs(among: Sequence[TrainedEncoder]) -> Iterator[EncoderPair]:
    """Each encoder with adapters and the same one with LoRA."""
    for one, other in like_pairs(among):
        kinds = one.cell.recipe.train, other.cell.recipe.train
        alike = one.spec == other.spec and one.cell.recipe.mask == other.cell.recipe.mask
        if kinds == ("adapter", "lora") and alike:
            yield one, other


def recall_cases(
    among: Sequence[TrainedEncoder], of: Callable[[Sequence[TrainedEncoder]], Iterator[EncoderPair]]
) -> Iterator[Case]:
    for one, other in of(among):
        yield Case(((one,), (other,)), (one, other), any_learner=True)


def mask_cases(among: Sequence[TrainedEncoder], jointly: bool) -> Iterator[Case]:
    """A fine joint encoder should lose little, so that the masked one comes first; others should
    lose, so that the plain one does."""
    for plain, masked in mask_pairs(among):
        if jointly and attends_jointly(plain) and is_fine(plain, among):
            yield Case(((masked,), (plain,)), (plain,))
        elif not (jointly or attends_jointly(plain) or plain.spec.own_kernels):
            yield Case(((plain,), (masked,)), (plain,))


def loss_cases(among: Sequence[TrainedEncoder]) -> Iterator[Case]:
    """What a fine joint encoder loses by masking against what another loses."""
    for one, other in permutations(mask_pairs(among), 2):
        is_first = attends_jointly(one[0]) and is_fine(one[0], among)
        if is_first and not attends_jointly(other[0]) and same_parts(one[0], other[0]):
            yield Case((one, other), (one[0], other[0]))


CASES: Mapping[str, Callable[[Sequence[TrainedEncoder]], Iterator[Case]]] = {
    "time-aware, order matters": partial(recall_cases, of=time_pairs),
    "time-aware, order unproved": partial(recall_cases, of=time_pairs),
    "masking costs little": partial(mask_cases, jointly=True),
    "masking costs others": partial(mask_cases, jointly=False),
    "masking costs less": loss_cases,
    "coarse patches": partial(recall_cases, of=coarse_pairs),
    "adaptations": partial(recall_cases, of=partial(adapted_pairs, train=ADAPTATIONS)),
    "last layers": partial(recall_cases, of=partial(adapted_pairs, train=("last_k",))),
    "adapters and LoRA": partial(recall_cases, of=adapter_pairs),
}
