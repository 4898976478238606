"""What was trained and what it retrieves, and how trainings went."""

from collections.abc import Iterable, Iterator

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
)
from vbench_mem.report.evidence import record_link
from vbench_mem.report.retrieved import Line as Encoder
from vbench_mem.report.retrieved import Table as Retrieved
from vbench_mem.report.retrieved import tables
from vbench_mem.report.training_table import (
    DIGITS,
    StageLine,
    failed_trainings,
    notes,
    stage_lines,
    trained_on,
)

ABOUT = (
    "Shares in percent, mean over seeds ± standard deviation. Beside R@1 stands the 95 % bootstrap "
    "interval over queries, of the first seed. Sanity columns are R@1 again: with each clip's "
    "captions given to another clip, with the frames of each clip in another order, and with all "
    "embeddings equal."
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
    Column("captions repeated", True, "pairs whose caption stood in their batch before them"),
    Column("captions cut", True),
    Column("broken clips", True),
    Column("checkpoints by seed, SHA-256"),
)
WAITED = (
    "Trainings may run beside each other, so their seconds say how long one waited and not how "
    "fast a step is."
)


def section(chapter: Chapter) -> Section | None:
    joined = chapter.joined
    if joined.matrix.accuracy is None:
        return None
    found = tables(trained_encoders(joined))
    blocks: tuple[Block, ...] = (Paragraph(line(ABOUT)),)
    if not found:
        blocks = (Paragraph(line("No training has a result yet."), is_soft=True),)
    return Section(
        title="What was trained, and what it retrieves",
        anchor=chapter.anchor("retrieved"),
        blocks=blocks,
        sections=(
            *(benchmark(chapter, number, table) for number, table in enumerate(found)),
            *stages(chapter),
            *untrained(chapter),
        ),
    )


def benchmark(chapter: Chapter, number: int, table: Retrieved) -> Section:
    digest = Span(table.sha256[:DIGITS], "code", title=table.sha256)
    blocks: list[Block] = [
        Paragraph(line(" ".join(table.facts), " Data ", digest, "."), is_soft=True),
        Table(
            name=f"{chapter.prefix}retrieved-{number}",
            columns=HEADS,
            groups=(
                Group(tuple(fields(table.encoders))),
                Group(tuple(fields(table.without)), is_reference=True),
            ),
        ),
    ]
    blocks += [
        Paragraph(line(f"{each.label}: {each.about}."), is_soft=True)
        for each in table.without
        if each.label != "chance"
    ]
    if table.dropped:
        items = (
            line(f"{count}: {reason} ", Span(f"({names})", "soft"))
            for reason, count, names in table.dropped
        )
        blocks.append(Fold("What was left out", (Bullets(tuple(items)),)))
    return Section(
        title=table.name, anchor=chapter.anchor(f"benchmark-{number}"), blocks=tuple(blocks)
    )


def fields(encoders: Iterable[Encoder]) -> Iterator[tuple[Field, ...]]:
    """A row for each direction of each encoder."""
    for encoder in encoders:
        for way in encoder.ways:
            texts = (way.metrics[0], way.interval, *way.metrics[1:], *way.sanity)
            yield (
                Field(line(encoder.label), title=encoder.about or None),
                Field(line(encoder.seeds)),
                Field(line(way.direction.upper())),
                *(Field(line(text)) for text in texts),
            )


def stages(chapter: Chapter) -> Iterator[Section]:
    found = stage_lines(chapter.joined)
    told = notes(chapter.joined)
    blocks: list[Block] = []
    if found:
        groups = tuple(
            Group(tuple(map(stage_fields, lines)), head=line(about)) for about, lines in found
        )
        blocks.append(Paragraph(line(f"{trained_on(chapter.joined)} {WAITED}".strip())))
        blocks.append(Table(name=f"{chapter.prefix}trainings", columns=STAGE_HEADS, groups=groups))
    if told:
        blocks.append(Bullets(tuple(line(note) for note in told)))
    if blocks:
        yield Section(title="Trainings", anchor=chapter.anchor("trainings"), blocks=tuple(blocks))


def stage_fields(stage: StageLine) -> tuple[Field, ...]:
    numbers = (stage.seconds, stage.clips_per_s, stage.repeated, stage.truncated, stage.broken)
    return (
        Field(line(stage.label)),
        *(Field(line(number)) for number in numbers),
        Field(tuple(checkpoints(stage))),
    )


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
    yield Section(
        title="Trainings without a result",
        anchor=chapter.anchor("untrained"),
        blocks=(Bullets(tuple(items)),),
    )
