"""Budgets and rows -> verdicts, each with the limit, the actual number and the difference.

A number that is missing never passes. Rows that a rule of the matrix skips are not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vbench_mem.budgets.budget import Budget
from vbench_mem.budgets.partner import find_partner
from vbench_mem.join import Joined, Row
from vbench_mem.matrix.conditions import check_when, matches
from vbench_mem.metrics import METRICS, show
from vbench_mem.scores.metrics import ALIASES
from vbench_mem.scores.score import Score
from vbench_mem.units import BINARY, format_bytes

Outcome = Literal["pass", "fail", "nothing"]
Found = tuple[float | None, str]  # a number, or why there is none
TOLERANCE = 1e-9  # of fractions: 0.30 - 0.29 is a little more than 0.01 to a computer


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`nothing`: the budget matches no row that could be judged."""

    outcome: Outcome
    metric: str
    message: str
    cell_id: str | None = None
    limit: float | None = None
    actual: float | None = None

    @property
    def word(self) -> str:
        return {"pass": "PASS", "fail": "FAIL", "nothing": "NOTHING TO JUDGE"}[self.outcome]

    @property
    def line(self) -> str:
        return f"{self.word} {self.message}"


def judge(budgets: Sequence[Budget], joined: Joined) -> list[Verdict]:
    """A verdict for every row that a budget matches, or one that says it matches none."""
    return [verdict for budget in budgets for verdict in judge_one(budget, joined)]


def judge_one(budget: Budget, joined: Joined) -> list[Verdict]:
    """One budget over its rows; the row compared with is not compared with itself."""
    where = check_when(budget.where)
    rows = [row for row in joined.rows if matches(row.facts, where) and not row.by_rule]
    if budget.reference is not None:
        target = check_when(budget.reference)
        rows = [row for row in rows if not matches(row.facts, target)]
    if not rows:
        facts = ", ".join(f"{name}: {value}" for name, value in budget.where.items())
        message = f"{budget.metric} {budget.kind}: no row to judge with {facts or 'any facts'}"
        return [Verdict(outcome="nothing", metric=budget.metric, message=message)]
    if budget.is_score:
        return [v for row in rows for v in _judge_scores(budget, row, rows, joined)]
    return [_judge(budget, row, joined, budget.metric) for row in rows]


def _judge_scores(budget: Budget, row: Row, rows: Sequence[Row], joined: Joined) -> list[Verdict]:
    """One verdict for each column of each dataset that any of the rows has a score of.

    Columns that only the row or only its partner has are among them: the other's number is missing.
    """
    partner = None
    if budget.reference is not None:
        partner, _ = find_partner(row, budget.reference, joined.rows)
    compared = [*rows, partner] if partner is not None else rows
    datasets = sorted({s.dataset for r in compared for s in _scores(budget, r).values()})
    if not datasets:
        return [_judge(budget, row, joined, budget.dataset or "any dataset")]
    own = dict(_scores(budget, row)) | (_scores(budget, partner) if partner is not None else {})
    verdicts = []
    for dataset in datasets:
        columns = sorted(column for column, score in own.items() if score.dataset == dataset)
        verdicts += [_judge(budget, row, joined, column) for column in columns or [dataset]]
    return verdicts


def _scores(budget: Budget, row: Row) -> dict[str, Score]:
    """The row's scores that the budget is about, by column; published ones only when asked for."""
    origins = (budget.origin,) if budget.origin else ("measured", "imported")
    return {
        column: score
        for column, score in row.scores.items()
        if score.alias == budget.metric
        and score.origin in origins
        and budget.dataset in (None, score.dataset)
    }


def _judge(budget: Budget, row: Row, joined: Joined, column: str) -> Verdict:
    """One row under one budget; `column` is the metric, or a score's column or dataset."""
    name = _name(budget, column)
    actual, why = _number(budget, row, column)
    if actual is None:
        return _missing(budget, row, f"{row.label}: {name} was not measured ({why})")
    if budget.reference is None:
        return _verdict(budget, row, actual, f"{row.label}: {name} is {_show(budget, actual)}")
    partner, why = find_partner(row, budget.reference, joined.rows)
    if partner is None:
        return _missing(budget, row, f"{row.label}: {name} cannot be compared ({why})")
    base, why = _number(budget, partner, column)
    if base is None:
        text = f"{row.label}: {name} cannot be compared ({partner.label} was not measured: {why})"
        return _missing(budget, row, text)
    return _relative(budget, row, name, actual, partner, base)


def _relative(
    budget: Budget, row: Row, name: str, actual: float, partner: Row, base: float
) -> Verdict:
    values = f"{_show(budget, actual)} against {_show(budget, base)}"
    if budget.kind == "max_drop":
        drop = base - actual
        text = f"{row.label}: {name} is {_show_drop(budget, drop)} below {partner.label} ({values})"
        return _verdict(budget, row, drop, text)
    if not base:
        text = f"{row.label}: {name} cannot be compared ({partner.label} has 0)"
        return _missing(budget, row, text)
    ratio = actual / base
    return _verdict(
        budget, row, ratio, f"{row.label}: {name} is {ratio:.3f} of {partner.label} ({values})"
    )


def _verdict(budget: Budget, row: Row, actual: float, text: str) -> Verdict:
    """Pass up to the limit itself; the message says by how much it is held or missed."""
    limit = budget.limit
    room = actual - limit if budget.kind == "min" else limit - actual
    is_whole = isinstance(actual, int) and isinstance(limit, int)
    if not is_whole and abs(room) <= TOLERANCE * max(1, abs(limit)):
        room = 0
    if budget.kind == "max_ratio":
        limit_text, gap = f"{limit:.3f}", f"{abs(room):.3f}"
    elif budget.kind == "max_drop":
        limit_text, gap = _show_drop(budget, limit), _show_drop(budget, abs(room))
    else:
        limit_text, gap = _show(budget, limit), _show_gap(budget, abs(room))
    side = "to spare" if room >= 0 else "under" if budget.kind == "min" else "over"
    return Verdict(
        outcome="pass" if room >= 0 else "fail",
        metric=budget.metric,
        cell_id=row.cell.id,
        limit=limit,
        actual=actual,
        message=f"{text}, limit {limit_text}, {gap} {side}",
    )


def _missing(budget: Budget, row: Row, message: str) -> Verdict:
    return Verdict(
        outcome="fail",
        metric=budget.metric,
        cell_id=row.cell.id,
        limit=budget.limit,
        message=message,
    )


def _name(budget: Budget, column: str) -> str:
    """The metric, for a score with its column or dataset."""
    return f"{budget.metric} ({column})" if budget.is_score else budget.metric


def _number(budget: Budget, row: Row, column: str) -> Found:
    """The number under judgement. A failed row has none, whatever it got before it failed."""
    if budget.is_score:
        score = row.scores.get(column)
        return (score.value, "") if score else (None, "no such score is joined")
    if not row.is_ok:
        return None, row.why_missing(column)
    value = row.metric(column)
    return (value, "") if value is not None else (None, row.why_missing(column))


def _show(budget: Budget, value: float) -> str:
    """With its unit, as people read it."""
    if budget.is_score:
        return f"{100 * value:.1f} %" if ALIASES[budget.metric].is_share else f"{value:.4g}"
    unit = METRICS[budget.metric].unit
    text = show(budget.metric, value)
    return text if unit in ("bytes", "share") else f"{text} {unit}"


def _show_gap(budget: Budget, value: float) -> str:
    """A difference, in GiB beside limits in GiB unless it is too small to be seen in them."""
    if budget.unit == "bytes":
        in_gib = value / BINARY["GiB"]
        large = budget.limit >= BINARY["GiB"] and in_gib >= 0.01
        return f"{in_gib:.2f} GiB" if large else format_bytes(value)
    return _show_drop(budget, value)


def _show_drop(budget: Budget, value: float) -> str:
    """A difference of shares is in points of a percent, not in percent."""
    is_share = budget.unit == "share" or (budget.is_score and ALIASES[budget.metric].is_share)
    return f"{100 * value:.1f} points" if is_share else _show(budget, value)
