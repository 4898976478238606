"""Retrieval results of trained encoders, and their trainings."""

from collections.abc import Iterator

from vbench_mem.analysis.trained import trained_encoders
from vbench_mem.report.content.chapter import Chapter, state_span
from vbench_mem.report.document import (
    Block,
    Bullets,
    Column,
    Field,
    Fold,
    Group,
    Line,
    Paragraph,
    Section,
    Span,
    Table,
    line,
    text_fields,
)
from vbench_mem.report.evidence import record_link
from vbench_mem.report.retrieved import RetrievalRow, RetrievalTable, tables
from vbench_mem.report.training_table import (
    DIGITS,
    StageLine,
    failed_trainings,
    stage_lines,
    stage_notes,
    trained_on,
)

ABOUT = (
    "Shares in percent, mean over seeds ± standard deviation. The 95 % column is the bootstrap "
    "interval of R@1 over queries, of the first seed. Sanity columns are R@1 with captions of "
    "other clips, with the frames of each clip in another order, and with equal embeddings."
)
HEADS = (
    Column("encoder"),
    Column("seeds", True),
    Column("direction"),
    *(Column(head, True) for head in ("R@1", "95 %", "R@5", "R@10", "median rank")),
    Column("sanity: pairs shuffled", True),
    Column("sanity: frames permuted", True),
    Column("sanity: constant", True),
)
STAGE_HEADS = (
    Column("encoder"),
    Column("seconds", True),
    Column("clips/s", True),
    Column("captions repeated", True, "pairs with the caption of an earlier pair of their batch"),
    Column("captions cut", True),
    Column("broken clips", True),
    Column("checkpoints by seed, SHA-256"),
)
WAITED = "Trainings may run in parallel: the seconds are elapsed time, not the speed of a step."


def section(chapter: Chapter) -> Section | None:
    joined = chapter.joined
    if joined.matrix.accuracy is None:
        return None
    found = tables(trained_encoders(joined))
    blocks: tuple[Block, ...] = (Paragraph(line(ABOUT)),)
    if not found:
        blocks = (Paragraph(line("No training has a result yet."), is_soft=True),)
    inner = (
        *(benchmark(chapter, number, table) for number, table in enumerate(found)),
        *stages(chapter),
        *untrained(chapter),
    )
    return chapter.section("Training and retrieval", "retrieved", blocks, inner)


def benchmark(chapter: Chapter, number: int, table: RetrievalTable) -> Section:
    digest = Span(table.sha256[:DIGITS], "code", title=table.sha256)
    blocks: list[Block] = [
        Paragraph(line(" ".join(table.facts), " Data ", digest, "."), is_soft=True),
        Table(
            name=f"{chapter.prefix}retrieved-{number}",
            columns=HEADS,
            groups=(
                Group(tuple(map(fields, table.encoders))),
                Group(tuple(map(fields, table.references)), is_reference=True),
            ),
        ),
    ]
    notes = dict.fromkeys(
        f"{row.label}: {row.about}." for row in table.references if row.label != "chance"
    )
    blocks += [Paragraph(line(note), is_soft=True) for note in notes]
    if table.dropped:
        items = (
            line(f"{count}: {reason} ", Span(f"({names})", "soft"))
            for reason, count, names in table.dropped
        )
        blocks.append(Fold("Left out", (Bullets(tuple(items)),)))
    return chapter.section(table.name, f"benchmark-{number}", blocks)


def fields(row: RetrievalRow) -> tuple[Field, ...]:
    texts = (row.metrics[0], row.interval, *row.metrics[1:], *row.sanity)
    return (
        Field(line(row.label), title=row.about or None),
        *text_fields(row.seeds, row.direction.upper(), *texts),
    )


def stages(chapter: Chapter) -> Iterator[Section]:
    found = stage_lines(chapter.joined)
    events = stage_notes(chapter.joined)
    blocks: list[Block] = []
    if found:
        groups = tuple(
            Group(tuple(map(stage_fields, lines)), head=line(about)) for about, lines in found
        )
        blocks.append(Paragraph(line(f"{trained_on(chapter.joined)} {WAITED}".strip())))
        blocks.append(Table(name=f"{chapter.prefix}trainings", columns=STAGE_HEADS, groups=groups))
    if events:
        blocks.append(Bullets(tuple(line(note) for note in events)))
    if blocks:
        yield chapter.section("Trainings", "trainings", blocks)


def stage_fields(stage: StageLine) -> tuple[Field, ...]:
    numbers = (stage.seconds, stage.clips_per_s, stage.repeated, stage.truncated, stage.broken)
    return (*text_fields(stage.label, *numbers), Field(tuple(checkpoints(stage))))


def checkpoints(stage: StageLine) -> Iterator[Span]:
    for number, (seed, sha256) in enumerate(stage.checkpoints):
        yield Span(f"{', ' if number else ''}{seed} ")
        yield Span(sha256[:DIGITS], "code", title=sha256)


def untrained(chapter: Chapter) -> Iterator[Section]:
    found = failed_trainings(chapter.joined)
    if not found:
        return
    known = {record.cell_id for record in chapter.joined.records}
    items: list[Line] = []
    for each in found:
        link = record_link(each.cell_id) if each.cell_id in known else None
        items.append(
            line(
                f"{each.label}: ",
                state_span(each.state),
                f", {each.reason} ",
                Span(f"({each.cell_id})", "soft", link=link),
            )
        )
    yield chapter.section("Failed trainings", "untrained", (Bullets(tuple(items)),))
