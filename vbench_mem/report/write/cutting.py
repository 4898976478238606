"""What is left out of a document that is too long to be posted, and the line that says so.

Tables and lists lose their ends, all down to the same length; where that is not enough, folds go
whole, the largest first; then tables and lists go on losing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from vbench_mem.report.document import (
    Block,
    Bullets,
    Document,
    Fold,
    Group,
    Paragraph,
    Section,
    Table,
    line,
)

WHERE = "report.html"
SHORT = 8  # items of a list that always stay: a summary of a few lines is what was asked for
FEWEST = 25  # rows or items that are left of each before a fold is left out
Size = Callable[[Document], int]


def fitted(document: Document, limit: int, size: Size) -> Document:
    """As much of the document as its size allows; more than `limit` where blocks alone exceed it.

    size  characters of what is written of a document
    """
    if size(document) <= limit:
        return document

    def fits(most: int, left_out: Sequence[Fold]) -> bool:
        return size(cut(document, most, left_out)) <= limit

    folds = [block for block in document.blocks() if isinstance(block, Fold)]
    folds.sort(key=lambda fold: weight([fold]), reverse=True)
    count = last(len(folds), lambda kept: fits(FEWEST, folds[: len(folds) - kept]))
    left_out = folds[: len(folds) - count]
    longest = FEWEST if not fits(FEWEST, left_out) else max(map(length, document.blocks()))
    return cut(document, last(longest, lambda most: fits(most, left_out)), left_out)


def last(most: int, good: Callable[[int], bool]) -> int:
    """The greatest number up to `most` that is good, where all smaller ones are too; else 0."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if good(middle) else (low, middle - 1)
    return low


def length(block: Block) -> int:
    if isinstance(block, Table):
        return sum(1 for _ in block.rows)
    return len(block.items) if isinstance(block, Bullets) else 0


def weight(blocks: Iterable[Block]) -> int:
    """About the characters that blocks take when tables and lists have lost their ends."""
    return sum(len(repr(block)) for block in cut_blocks(blocks, FEWEST, ()))


def cut(document: Document, most: int, left_out: Sequence[Fold]) -> Document:
    return replace(
        document, sections=tuple(cut_section(it, most, left_out) for it in document.sections)
    )


def cut_section(section: Section, most: int, left_out: Sequence[Fold]) -> Section:
    return replace(
        section,
        blocks=tuple(cut_blocks(section.blocks, most, left_out)),
        sections=tuple(cut_section(inner, most, left_out) for inner in section.sections),
    )


def cut_blocks(blocks: Iterable[Block], most: int, left_out: Sequence[Fold]) -> Iterator[Block]:
    for block in blocks:
        more = length(block) - most
        if isinstance(block, Fold):
            if any(block is fold for fold in left_out):
                yield aside(f"{block.summary}: in {WHERE}.")
            else:
                yield replace(block, blocks=tuple(cut_blocks(block.blocks, most, left_out)))
        elif isinstance(block, Table) and more > 0:
            if most:
                yield replace(block, groups=tuple(cut_groups(block.groups, most)))
            yield aside(f"{more} {'more ' if most else ''}row{'s' * (more > 1)} in {WHERE}")
        elif isinstance(block, Bullets) and more > 0:
            kept = max(most, SHORT)
            yield Bullets(block.items[:kept])
            if len(block.items) > kept:
                yield aside(f"{len(block.items) - kept} more in {WHERE}")
        else:
            yield block


def cut_groups(groups: Iterable[Group], most: int) -> Iterator[Group]:
    for group in groups:
        if most <= 0:
            return
        yield replace(group, rows=group.rows[:most])
        most -= len(group.rows)


def aside(text: str) -> Paragraph:
    return Paragraph(line(text), is_soft=True)
