"""The table of rows and the claims on a terminal, as wide as it allows."""

import textwrap
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from vbench_mem.analysis.claims.accuracy import findings
from vbench_mem.analysis.claims.finding import Finding, by_claim
from vbench_mem.analysis.join import Joined
from vbench_mem.report import overview
from vbench_mem.report.training_table import failed_trainings
from vbench_mem.running.memory_limit import Fit
from vbench_mem.running.record import RowState, Status

STYLES: dict[str, str] = {
    Status.OK: "green",
    RowState.PREDICTED: "green",
    Status.SKIPPED: "dim",
    Status.UNSUPPORTED: "dim",
    RowState.MISSING: "yellow",
    RowState.UNPREDICTED: "yellow",
    Fit.TIGHT: "yellow",
}
PADDING = 2
WIDEST = 10_000  # columns of a terminal on which nothing is wrapped
LONGEST_WORD = 11  # of a heading, which is wrapped between words


def draw_overview(joined: Joined, console: Console) -> None:
    """One line for each row, below it reasons of failures, then the claims."""
    available = overview.columns(joined, overview.SHORT, ("t2v",))
    tables = [overview_table(joined, available[: n + 1]) for n in range(len(available) or 1)]
    whole = console.options.update(width=WIDEST)
    widths = [Measurement.get(console, whole, table).maximum for table in tables]
    fitting = max(sum(width <= console.width for width in widths), 1)
    console.print(tables[fitting - 1])
    if fitting < len(tables):
        console.print("More columns: see report.html")
    for row in joined.rows:
        if row.reason is not None:
            console.print(f"{row.label}: {row.state}: {row.reason}", markup=False)
    ended = failed_trainings(joined)
    for each in ended:
        if each.state != RowState.MISSING:
            console.print(f"{each.label}: {each.state}: {each.reason}", markup=False)
    if missing := sum(each.state == RowState.MISSING for each in ended):
        console.print(f"Trainings without a record: {missing}; run the matrix")
    draw_findings(joined, console)


def overview_table(joined: Joined, columns: Sequence[overview.OverviewColumn]) -> Table:
    axes = overview.load_axes(joined)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, PADDING, 0, 0))
    table.add_column("variant", overflow="fold")
    for name in axes:
        table.add_column(name, justify="right")
    table.add_column("status", no_wrap=True)
    for column in columns:
        width = width_of(column, joined)
        table.add_column(column.head, justify="right", max_width=width, overflow="fold")
    for row in joined.rows:
        table.add_row(
            escape(row.cell.variant),
            *(escape(overview.axis_text(row, name)) for name in axes),
            f"[{STYLES.get(row.state, 'red')}]{row.state}[/]",
            *(overview.cell_text(row, column) for column in columns),
        )
    return table


def draw_findings(joined: Joined, console: Console) -> None:
    """Each claim with its source, and below it a line for each comparison: the verdict, the
    difference in points of T2V R@1, and in how many seeds the claim holds."""
    found = findings(joined)
    judged = [finding for finding in found if finding.is_compared]
    if judged:
        console.print("\nThe paper's claims, in points of T2V R@1, paired by seed", style="bold")
    for claim, some in by_claim(judged):
        console.print(f"{claim.statement} ({claim.cite})", markup=False)
        for finding in some:
            console.print(finding_text(finding, console.width), markup=False)
    if rest := len(found) - len(judged):
        console.print(f"Claims about encoders that were not trained: {rest}; see report.html")


def finding_text(finding: Finding, width: int) -> str:
    start = f"  {finding.brief:<13}  "
    if finding.seeds:
        count = f"{sum(finding.holds)}/{len(finding.seeds)}"
        start = f"  {finding.brief:<13} {finding.difference:>11} {count:>4}  "
    return textwrap.fill(
        finding.pair,
        width,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )


def width_of(column: overview.OverviewColumn, joined: Joined) -> int:
    """Of its longest text or the longest word of its heading."""
    word = min(LONGEST_WORD, max(map(len, column.head.split())))
    if column.is_trained:
        word = LONGEST_WORD  # its heading has many words
    return max([word, *(len(overview.cell_text(row, column)) for row in joined.rows)])
