"""Tables of one look on the terminal. Imports rich, which is slow."""

from collections.abc import Iterable
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Look = Literal["text", "word", "number", "id"]
LOOKS: dict[Look, dict[str, Any]] = {
    "text": {"overflow": "fold"},
    "word": {"no_wrap": True},
    "number": {"no_wrap": True, "justify": "right"},
    "id": {"no_wrap": True, "style": "dim"},
}


def new_console() -> Console:
    """Names of ours are neither coloured nor read as emoji."""
    return Console(highlight=False, emoji=False)


def new_table(columns: Iterable[tuple[str, Look]] = (), title: str | None = None) -> Table:
    """Without rows; a column of looks "text" wraps, the others never do. Fields are markup."""
    table = Table(
        title=None if title is None else escape(title),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for head, look in columns:
        table.add_column(head, **LOOKS[look])
    return table
