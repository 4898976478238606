"""A document shortened to a length limit: tables and lists keep their first N rows, N as large as
fits; a line says how many were left out. Where 25 rows each do not fit, folds are left out first.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from vbench_mem.report import document as doc

WHERE = "see the HTML page"
SHORT = 8  # items that a list always keeps: the summary of a report is such a list
FEWEST = 25  # rows of each table; where even they do not fit, folds are left out
Size = Callable[[doc.Document], int]


def fitted(document: doc.Document, limit: int, size: Size) -> doc.Document:
    """As much of the document as fits `limit` characters, which `size` counts; more than that where
    other blocks alone exceed it."""
    if size(document) <= limit:
        return document
    has_folds = size(shortened(document, FEWEST)) <= limit
    most = range(max(map(length, document.blocks()), default=0) + 1)
    too_many = bisect_right(most, limit, key=lambda n: size(shortened(document, n, has_folds)))
    return shortened(document, max(too_many - 1, 0), has_folds)


def length(block: doc.Block) -> int:
    if isinstance(block, doc.Table):
        return sum(1 for _ in block.rows)
    return len(block.items) if isinstance(block, doc.Bullets) else 0


def shortened(document: doc.Document, most: int, has_folds: bool = True) -> doc.Document:
    def of(section: doc.Section) -> doc.Section:
        return replace(
            section,
            blocks=tuple(shortened_blocks(section.blocks, most, has_folds)),
            sections=tuple(map(of, section.sections)),
        )

    return replace(document, sections=tuple(map(of, document.sections)))


def shortened_blocks(
    blocks: Iterable[doc.Block], most: int, has_folds: bool = True
) -> Iterator[doc.Block]:
    for block in blocks:
        more = length(block) - most
        if isinstance(block, doc.Fold) and has_folds:
            yield replace(block, blocks=tuple(shortened_blocks(block.blocks, most)))
        elif isinstance(block, doc.Fold):
            yield doc.aside(f"Left out: {block.summary}, {WHERE}")
        elif isinstance(block, doc.Table) and more > 0:
            if most:
                yield replace(block, groups=tuple(first_rows(block.groups, most)))
            yield doc.aside(f"Rows left out: {more}, {WHERE}")
        elif isinstance(block, doc.Bullets) and length(block) > max(most, SHORT):
            kept = max(most, SHORT)
            yield doc.Bullets(block.items[:kept])
            yield doc.aside(f"Items left out: {len(block.items) - kept}, {WHERE}")
        else:
            yield block


def first_rows(groups: Iterable[doc.Group], most: int) -> Iterator[doc.Group]:
    for group in groups:
        if most <= 0:
            return
        yield replace(group, rows=group.rows[:most])
        most -= len(group.rows)
