"""A table of every recall at 1 that the rows of a matrix have, of any origin."""

from collections.abc import Callable, Sequence
from functools import partial

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.report.document import Column, Field, Table, table_of
from vbench_mem.report.exhibits.fields import (
    field_of,
    head_of,
    memory_columns,
    name_field,
)
from vbench_mem.report.scheme import scheme_of


def retrieval_table(joined: Joined, prefix: str = "") -> Table | None:
    """Every recall at 1 of the rows, a column for each kind; None where no row has one.

    Published ones have columns of their own.
    """
    found: dict[str, AnyScore] = {}
    for row in joined.rows:
        for column, score in row.scores.items():
            if score.metric == RECALL:
                found.setdefault(column, score)
    if not found:
        return None
    kinds = sorted(
        found.values(), key=lambda it: (it.origin == "published", it.dataset, it.direction)
    )
    columns: list[tuple[Column, Callable[[Row], Field | str]]] = [
        (Column("variant"), name_field),
        *memory_columns(joined.rows, scheme_of(joined).unit),
        *((kind_column(kind, kinds), partial(kind_field, kind)) for kind in kinds),
    ]
    rows = [row for row in joined.rows if not row.by_rule]
    return table_of(f"{prefix}retrieval", rows, columns, is_browsed=True)


def kind_field(kind: AnyScore, row: Row) -> Field:
    return field_of(row.scores.get(kind.column), f"no {kind.origin} score of it")


def kind_column(score: AnyScore, every: Sequence[AnyScore]) -> Column:
    """Named by dataset and direction, and by more where these do not tell it from the others."""
    head = head_of((score.dataset, score.direction))
    alike = [
        other
        for other in every
        if (other.dataset, other.direction) == (score.dataset, score.direction)
    ]
    is_published = score.origin == "published"
    if is_published:
        head += " (published)"
    elif any(other.origin not in ("published", score.origin) for other in alike):
        head += f", {score.origin}"
    if len([other for other in alike if other.origin == score.origin]) > 1:
        gallery = f" of {score.gallery_size}" if score.gallery_size else ""
        head += f", {score.protocol_name}{gallery}"
    return Column(head, True, f"R@1 (share), {score.origin}", is_published=is_published)
