"""Text cleaned for every renderer, and sentences that all renderers share."""

import re

from vbench_mem.report.document import Figure, Span, Table

# Control characters, lone surrogates, and marks that change the reading order, which could make one
# name look like another.
UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
OUTSIDE = re.compile(r"https?://", re.IGNORECASE)
INSIDE = re.compile(r"(?!//)[^:\\\s]*(?:[/?#][^\\\s]*)?\Z")
EMPTY = (Span("\N{EN DASH}", "soft"),)  # a field of a table without anything in it


def clean(text: str) -> str:
    """The text with what cannot be shown replaced; tabs and line feeds stay."""
    return UNFIT.sub("\ufffd", text.replace("\r\n", "\n"))


def safe_link(link: str) -> str | None:
    """The link, if it leads to the web or into the report's folder; else None."""
    return link if OUTSIDE.match(link) or INSIDE.match(link) else None


def one_line(text: str) -> str:
    return re.sub(r"[\t\n]+", " ", clean(text))


def published_note(table: Table) -> str:
    """The columns of published numbers; empty if there are none."""
    heads = [column.head for column in table.columns if column.is_published]
    return f"Published, not from this machine: {', '.join(heads)}." if heads else ""


def not_drawn(figure: Figure) -> str:
    return f"{figure.title} is not drawn: {(figure.skipped or 'no reason is given').rstrip('.')}."
