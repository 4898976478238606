"""The overview on a terminal, narrow enough for its width."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

from vbench_mem.join import Joined
from vbench_mem.report.overview import SHORT, Column, axis_text, cell_text, columns, load_axes

STYLES = {"ok": "green", "skipped": "dim", "unsupported": "dim", "missing": "yellow"}
PADDING = 2
GAP = PADDING + 1  # between two columns: the padding and the place of a line
LONGEST_WORD = 11  # of a heading, which is wrapped between words


def draw_overview(joined: Joined, console: Console) -> None:
    """One line a row, the reasons of other endings than ok below."""
    axes, available = load_axes(joined), columns(joined, SHORT)
    shown = fitting(joined, axes, available, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, PADDING, 0, 0))
    table.add_column("variant", overflow="fold")
    for name in axes:
        table.add_column(name, justify="right")
    table.add_column("status", no_wrap=True)
    for column in shown:
        table.add_column(column.head, justify="right")
    for row in joined.rows:
        table.add_row(
            row.cell.variant.replace("[", r"\["),
            *(axis_text(row, name) for name in axes),
            f"[{STYLES.get(row.state, 'red')}]{row.state}[/]",
            *(cell_text(row, column) for column in shown),
        )
    console.print(table)
    if len(shown) < len(available):
        console.print(f"{len(available) - len(shown)} more in report.html")
    for row in joined.rows:
        if row.reason is not None:
            console.print(f"{row.label}: {row.state}: {row.reason}", markup=False)


def fitting(joined: Joined, axes: list[str], available: list[Column], width: int) -> list[Column]:
    """As many columns, first ones first, as fit beside the variant; at least one."""
    rows = joined.rows
    used = 2 + widest(0, (row.cell.variant for row in rows)) + GAP  # 2: the table's edges
    used += sum(widest(len(n), (axis_text(r, n) for r in rows)) + GAP for n in axes)
    used += widest(0, (row.state for row in rows)) + GAP
    shown: list[Column] = []
    for column in available:
        word = min(LONGEST_WORD, max(map(len, column.head.split())))
        used += widest(word, (cell_text(row, column) for row in rows)) + GAP
        if used > width and shown:
            break
        shown.append(column)
    return shown


def widest(head: int, texts: Iterable[str]) -> int:
    """The places that a column takes, its heading's where there is no row."""
    return max(head, max(map(len, texts), default=0))
