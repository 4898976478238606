"""A budget: a limit on a metric, as a matrix states it.

A budget has exactly one kind of limit:
    max                 the largest value allowed (bytes as `6 GiB`)
    min                 the smallest value allowed
    max_ratio with to   the largest ratio to the metric of the row that `to` selects
    max_drop with from  how much worse than the row that `from` selects it may be at most
    max_growth          how much above the baseline a predicted metric may be at most: a share
                        (0.01 or `1 %`) or a size (`64 MiB`)
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.base.metrics import METRICS, PREDICTED, Better
from vbench_mem.base.score_metrics import ALIASES, Origin
from vbench_mem.base.strict import STRICT
from vbench_mem.base.units import BINARY, parse_bytes, parse_growth
from vbench_mem.data.annotations.datasets import check_dataset

Value = bool | int | float | str | None
Where = dict[str, Value | list[Value]]
Kind = Literal["max", "min", "max_ratio", "max_drop", "max_growth"]
# for metrics that are better in this direction, and the kind for the others
DIRECTIONS: dict[Kind, tuple[Better, Kind]] = {
    "max": ("lower", "min"),
    "min": ("higher", "max"),
    "max_ratio": ("lower", "max_drop"),
    "max_drop": ("higher", "max_ratio"),
    "max_growth": ("lower", "min"),
}
KINDS = tuple(DIRECTIONS)
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Budget(BaseModel):
    """`where`, `to` and `from` name facts of a cell (`frames: 16`, `recipe: [full, mask75]`)."""

    model_config = ConfigDict(
        extra=STRICT.get("extra"), strict=True, frozen=True, validate_by_name=True
    )

    metric: str = Field(description="a metric of the table, or a score such as t2v_recall_at_1")
    where: Where = Field(default={}, description="facts of the rows that are judged; all must hold")
    max: int | Finite | str | None = None
    min: int | Finite | str | None = None
    max_ratio: Annotated[Finite, Field(gt=0)] | None = None
    to: Where | None = Field(default=None, description="facts of the row compared with")
    max_drop: Annotated[Finite, Field(ge=0)] | None = None
    from_: Where | None = Field(
        default=None, alias="from", description="facts of the row compared with"
    )
    max_growth: int | Finite | str | None = Field(
        default=None, description="over the baseline: a share such as 0.01, or a size"
    )
    dataset: str | None = Field(default=None, description="of a score; none judges every dataset")
    origin: Origin | None = Field(
        default=None,
        strict=False,
        description="of a score; none judges measured and imported, not published",
    )

    @property
    def kind(self) -> Kind:
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def limit(self) -> float:
        limit = getattr(self, self.kind)
        assert isinstance(limit, int | float)  # sizes were parsed on the way in
        return limit

    @property
    def reference(self) -> Where | None:
        """The conditions on the row that a relative limit compares with."""
        return self.to if self.to is not None else self.from_

    @property
    def is_predicted(self) -> bool:
        """Needs no record: `check` computes the number itself, from the present code."""
        return self.metric in PREDICTED

    @property
    def is_score(self) -> bool:
        return self.metric in ALIASES

    @property
    def unit(self) -> str:
        return "" if self.is_score else METRICS[self.metric].unit

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        if metric not in METRICS and metric not in ALIASES:
            listed = "; `vbench-mem list metrics` lists them"
            hint = nearest(metric, [*METRICS, *ALIASES], listed)
            raise ValueError(f"no metric called '{metric}'{hint}")
        return metric

    @model_validator(mode="before")
    @classmethod
    def _sizes(cls, data: Any) -> Any:
        """Sizes to bytes where the metric is in bytes; other metrics take numbers only."""
        if not isinstance(data, dict) or data.get("metric") not in METRICS | ALIASES:
            return data  # the fields' own checks say what is wrong
        in_bytes = data["metric"] in METRICS and METRICS[data["metric"]].unit == "bytes"
        if data.get("max_growth") is not None:
            try:
                data = data | {"max_growth": parse_growth(data["max_growth"])}
            except UsageError as error:
                raise ValueError(f"max_growth: {error}") from error
        for kind in ("max", "min"):
            if in_bytes and data.get(kind) is not None:
                size = data[kind]
                # hardly meant in bytes; 0 needs no unit
                if type(size) is int and 0 < size < BINARY["KiB"]:
                    raise ValueError(
                        f"{kind}: {size} means {size} bytes; write a size such as {size} GiB"
                    )
                try:
                    data = data | {kind: parse_bytes(size)}
                except UsageError as error:
                    raise ValueError(f"{kind}: {error}") from error
            elif isinstance(data.get(kind), str) or data.get(kind) != data.get(kind):  # or NaN
                raise ValueError(f"{kind}: '{data[kind]}' is not a number")
        return data

    @model_validator(mode="after")
    def _makes_sense(self) -> "Budget":
        _check_limits(self)
        _check_direction(self)
        if not self.is_score and (self.dataset is not None or self.origin is not None):
            raise ValueError(f"dataset and origin go with scores, and {self.metric} is not a score")
        if self.dataset is not None:
            check_dataset(self.dataset)
        return self


def _check_limits(budget: Budget) -> None:
    """Refuse other than one kind of limit, and `to` or `from` where it is missing or unused."""
    given = [kind for kind in KINDS if getattr(budget, kind) is not None]
    if len(given) != 1:
        limits = " and ".join(given) or "no limit"
        raise ValueError(f"has {limits}; write exactly one of {', '.join(KINDS)}")
    for kind, key, facts in (
        ("max_ratio", "to", budget.to),
        ("max_drop", "from", budget.from_),
    ):
        if given == [kind] and not facts:
            raise ValueError(f"{kind} needs {key}: the row to compare with, like {{recipe: full}}")
        if given != [kind] and facts is not None:
            raise ValueError(f"{key} goes with {kind}, not with {given[0]}")
    if given == ["max_growth"] and not budget.is_predicted:
        raise ValueError(
            "max_growth compares with the baseline, which has only predicted metrics; use one of "
            "them, such as predicted_peak_bytes"
        )


def _check_direction(budget: Budget) -> None:
    """Refuse a limit on the good side of a metric."""
    metric = budget.metric
    better = ALIASES[metric].better if budget.is_score else METRICS[metric].better
    good, instead = DIRECTIONS[budget.kind]
    if better not in ("neither", good):
        raise ValueError(
            f"{metric} is better when {better}, so {budget.kind} would forbid improvements; "
            f"use {instead}"
        )
