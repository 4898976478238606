"""What the tests of the PDF share: small documents, and a reader of the file that is not ours."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.generic import Destination

from tests.report.sample import sample
from vbench_mem.report.document import (
    Block,
    Column,
    Document,
    Field,
    Group,
    Section,
    Table,
    line,
)
from vbench_mem.report.write.pdf import pdf_bytes


def read(document: Document) -> PdfReader:
    return PdfReader(BytesIO(pdf_bytes(document)))


@cache
def sample_pdf(count: int = 12) -> PdfReader:
    return read(sample(count))


def one(*blocks: Block, title: str = "t") -> Document:
    return Document(
        title=title, about="m", sections=(Section(title="S", anchor="s", blocks=blocks),)
    )


def table_of(columns: int, rows: int, text: str = "{row}.{column}") -> Table:
    """Of numbers; each row's name is its first field."""
    return Table(
        name="wide",
        columns=(Column("name"), *(Column(f"column {c}", True) for c in range(1, columns))),
        groups=(
            Group(
                tuple(
                    (
                        Field(line(f"row_{r}")),
                        *(Field(line(text.format(row=r, column=c))) for c in range(1, columns)),
                    )
                    for r in range(rows)
                )
            ),
        ),
    )


def words(page: PageObject) -> str:
    """All of a page's text, without where its lines and its long words were broken."""
    return " ".join(page.extract_text().replace("\u200b", "").split())


def titles(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, Destination):
            yield str(entry.title)
        else:
            yield from titles(entry)


def ends(page: PageObject) -> list[tuple[float, float]]:
    """Where every piece of text starts and ends, by the widths that the file itself gives."""
    fonts = page["/Resources"]["/Font"]  # type: ignore[index]
    found: list[tuple[float, float]] = []
    current: dict[str, Any] = {}

    def advance(parts: list[Any]) -> float:
        total = 0.0
        for part in parts:
            if isinstance(part, int | float):
                total -= float(part) / 1000
                continue
            raw = part.original_bytes if isinstance(part, str) else bytes(part)
            for high, low in zip(raw[::2], raw[1::2], strict=True):
                total += current["widths"].get(256 * high + low, 0) / 1000
        return total * current["size"]

    def visit(operator: bytes, args: list[Any], cm: list[float], tm: list[float]) -> None:
        if operator == b"Tf":
            current.update(widths=widths_of(fonts[args[0]]), size=float(args[1]))
        elif operator in (b"Tj", b"TJ"):
            far = advance(args[0] if operator == b"TJ" else [args[0]])
            for x in (0.0, far):
                a, b = x * tm[0] + tm[4], x * tm[1] + tm[5]
                found.append((a * cm[0] + b * cm[2] + cm[4], a * cm[1] + b * cm[3] + cm[5]))

    page.extract_text(visitor_operand_before=visit)
    return found


def widths_of(font: Any) -> dict[int, float]:
    """Of a composite font: runs of `first last width`, or `first [widths]`."""
    listed = font.get_object()["/DescendantFonts"][0].get_object()["/W"]
    found, at = {}, 0
    while at < len(listed):
        first, second = int(listed[at]), listed[at + 1]
        if isinstance(second, list):
            found |= {first + number: float(width) for number, width in enumerate(second)}
            at += 2
        else:
            found |= dict.fromkeys(range(first, int(second) + 1), float(listed[at + 2]))
            at += 3
    return found
