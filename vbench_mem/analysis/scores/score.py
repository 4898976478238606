"""A retrieval score: its fields and all checks of them. Values are never rounded or rescaled."""

import re
from collections.abc import Collection
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vbench_mem.base.errors import nearest
from vbench_mem.base.score_metrics import SCORE_METRICS, Direction, Origin
from vbench_mem.data.annotations.datasets import check_dataset
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.row import Encoder
from vbench_mem.encoders.sizes import VIDEO_SIZES
from vbench_mem.encoders.table import ENCODERS

EXTERNAL = "external:"


class AnyScore(BaseModel):
    """One score: of which data, in which direction, by which protocol.

    protocol  a short name, then anything after a semicolon: `zero-shot; 16 frames at 1 FPS`.
              The short name distinguishes columns; the rest is a comment
    gallery_size  candidates that each query was ranked among; empty where unknown
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    dataset: str
    direction: Direction
    metric: str
    value: Annotated[float, Field(allow_inf_nan=False)]
    gallery_size: Annotated[int, Field(ge=1)] | None = None
    protocol: Annotated[str, Field(min_length=1)]
    origin: Annotated[Origin, Field(strict=False)]
    source: Annotated[str, Field(min_length=1)]

    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds, where there are several."""
        return None

    @property
    def alias(self) -> str:
        return f"{self.direction}_{self.metric}"

    @property
    def protocol_name(self) -> str:
        """The protocol's short name, as used in a column's name."""
        return re.sub(r"[^a-z0-9]+", "-", self.protocol.partition(";")[0].lower()).strip("-")

    @cached_property
    def column(self) -> str:
        """Its column in a table: other origins, galleries or protocols have other columns."""
        gallery = f"@{self.gallery_size}" if self.gallery_size else ""
        parts = (
            *("score", self.origin, f"{self.dataset}{gallery}"),
            *(self.direction, self.metric, self.protocol_name),
        )
        return ".".join(parts)


class Score(AnyScore):
    """A score as written in files, with all that identifies its encoder.

    variant        an encoder of the table, `joint_b16`, with `+<recipe>` for an adaptation, or
                   `external:<name>` for a system that no row of the table builds
    size           size letter of the video tower; must agree with the encoder's row
    mask_ratio     share of the tokens masked in training, by the layout's default kind of mask
    resolution_px  empty means the encoder's default

    Size, frames and mask_ratio may be empty (unknown) only for an external variant.
    """

    variant: str
    size: str | None = None
    frames: Annotated[int, Field(ge=1)] | None = None
    mask_ratio: Annotated[float, Field(ge=0, lt=1)] | None = None
    resolution_px: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _usable(self) -> "Score":
        _check_names(self)
        _check_variant(self)
        _check_value(self)
        return self

    @property
    def is_external(self) -> bool:
        return self.variant.startswith(EXTERNAL)

    @property
    def encoder(self) -> Encoder:
        assert not self.is_external
        return ENCODERS[self.variant.partition("+")[0]]

    @property
    def recipe(self) -> Recipe:
        """The recipe named in the variant; its mask is superseded by `mask_ratio`."""
        return RECIPES[self.variant.partition("+")[2] or "full"]

    @property
    def key(self) -> tuple[object, ...]:
        """Two scores with one key are duplicates or contradict each other."""
        system: object = self.variant
        resolution = self.resolution_px
        if not self.is_external:
            system = (self.encoder.name, adaptation(self.recipe))
            resolution = resolution or self.encoder.spec.resolution_px
        return (system, self.frames, self.mask_ratio, resolution, self.column)


def adaptation(recipe: Recipe) -> tuple[object, ...]:
    """What a recipe trains, without its mask."""
    return (
        *(recipe.train, recipe.adapter_width, recipe.lora_rank, recipe.lora_alpha),
        *(recipe.blocks, recipe.trains_text),
    )


def _check_names(score: Score) -> None:
    _check_known("metric", "score", score.metric, SCORE_METRICS)
    directions = SCORE_METRICS[score.metric].directions
    if score.direction not in directions:
        raise ValueError(
            f"direction: {score.metric} is {directions[0]} only, not {score.direction}"
        )
    check_dataset(score.dataset)
    if not score.protocol_name:
        raise ValueError(
            f"protocol: '{score.protocol}' has no short name; begin with one, such as zero-shot"
        )


def _check_variant(score: Score) -> None:
    if score.is_external:
        if score.variant == EXTERNAL:
            raise ValueError("variant: external: needs a name after the colon")
        if score.origin is Origin.MEASURED:
            raise ValueError("origin: an external variant cannot be measured here; write imported")
        if score.size is not None:
            _check_known("size", "size", score.size, VIDEO_SIZES)
        return
    encoder, _, recipe = score.variant.partition("+")
    if encoder not in ENCODERS:
        near = nearest(encoder, ENCODERS)
        hint = near if "did you mean" in near else ""  # the table is too long to list
        raise ValueError(
            f"variant: no encoder called '{encoder}'{hint}; write "
            "external:<name> for a system that is not in the table"
        )
    _check_known("variant", "recipe", recipe or "full", RECIPES)
    for name in ("size", "frames", "mask_ratio"):
        if getattr(score, name) is None:
            raise ValueError(f"{name}: is empty; only an external variant may leave it out")
    if score.size != score.encoder.size:
        raise ValueError(f"size: {encoder} has size {score.encoder.size}, not {score.size}")
    if score.recipe.mask and score.recipe.mask != score.mask_ratio:
        raise ValueError(
            f"mask_ratio: recipe {recipe} masks {score.recipe.mask}, not {score.mask_ratio}"
        )


def _check_known(field: str, what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise ValueError(f"{field}: no {what} called '{name}'{nearest(name, known)}")


def _check_value(score: Score) -> None:
    metric = SCORE_METRICS[score.metric]
    if not metric.low <= score.value <= metric.high:
        hint = ""
        if metric.is_share and 1 < score.value <= 100:
            hint = f"; write a percentage as a share, {score.value / 100:.6g}"
        span = f"{metric.low:g} or more" if metric.high == float("inf") else f"0 to {metric.high:g}"
        raise ValueError(f"value: {score.metric} is {span}, not {score.value:g}{hint}")
    if score.metric.endswith("_rank") and score.gallery_size and score.value > score.gallery_size:
        raise ValueError(
            f"value: {score.metric} {score.value:g} is more than gallery_size {score.gallery_size}"
        )
