"""Retrieval results of trained encoders, and their trainings."""

from collections.abc import Iterator

from vbench_mem.analysis.trained import trained_encoders
from vbench_mem.report import document as doc
from vbench_mem.report import training_table
from vbench_mem.report.content.chapter import Chapter, state_span
from vbench_mem.report.evidence import record_link
from vbench_mem.report.retrieved import RetrievalRow, RetrievalTable, tables

ABOUT = (
    "Shares in percent, mean over seeds ± standard deviation. The 95 % column is the bootstrap "
    "interval of R@1 over queries, of the first seed. Sanity columns are R@1 with captions of "
    "other clips, with the frames of each clip in another order, and with equal embeddings."
)
HEADS = (
    doc.Column("encoder"),
    doc.Column("seeds", True),
    doc.Column("direction"),
    *(doc.Column(head, True) for head in ("R@1", "95 %", "R@5", "R@10", "median rank")),
    *(
        doc.Column(f"sanity: {name}", True)
        for name in ("pairs shuffled", "frames permuted", "constant")
    ),
)
REPEATED = "pairs with the caption of an earlier pair of their batch"
STAGE_HEADS = (
    doc.Column("encoder"),
    doc.Column("seconds", True),
    doc.Column("clips/s", True),
    doc.Column("captions repeated", True, REPEATED),
    doc.Column("captions cut", True),
    doc.Column("broken clips", True),
    doc.Column("checkpoints by seed, SHA-256"),
)
WAITED = "Trainings may run in parallel: the seconds are elapsed time, not the speed of a step."


def section(chapter: Chapter) -> doc.Section | None:
    joined = chapter.joined
    if joined.matrix.accuracy is None:
        return None
    found = tables(trained_encoders(joined))
    about = doc.paragraph(ABOUT) if found else doc.aside("No training has a result yet.")
    inner = (
        *(benchmark(chapter, number, table) for number, table in enumerate(found)),
        *stages(chapter),
        *untrained(chapter),
    )
    return chapter.section("Training and retrieval", "retrieved", (about,), inner)


def benchmark(chapter: Chapter, number: int, table: RetrievalTable) -> doc.Section:
    digest = doc.Span(table.sha256[: training_table.DIGITS], "code", title=table.sha256)
    groups = (
        doc.Group(tuple(map(fields, table.encoders))),
        doc.Group(tuple(map(fields, table.references)), is_reference=True),
    )
    notes = (f"{row.label}: {row.about}." for row in table.references if row.label != "chance")
    blocks: list[doc.Block] = [
        doc.aside(" ".join(table.facts), " Data ", digest, "."),
        doc.Table(name=f"{chapter.prefix}retrieved-{number}", columns=HEADS, groups=groups),
        *map(doc.aside, dict.fromkeys(notes)),
    ]
    if table.dropped:
        items = (
            doc.line(f"{count}: {reason} ", doc.Span(f"({names})", "soft"))
            for reason, count, names in table.dropped
        )
        blocks.append(doc.Fold("Left out", (doc.bullets(items),)))
    return chapter.section(table.name, f"benchmark-{number}", blocks)


def fields(row: RetrievalRow) -> tuple[doc.Field, ...]:
    texts = (row.metrics[0], row.interval, *row.metrics[1:], *row.sanity)
    label = doc.field_of(row.label, title=row.about or None)
    return (label, *doc.text_fields(row.seeds, row.direction.upper(), *texts))


def stages(chapter: Chapter) -> Iterator[doc.Section]:
    blocks: list[doc.Block] = []
    if found := training_table.stage_lines(chapter.joined):
        groups = tuple(
            doc.Group(tuple(map(stage_fields, lines)), head=doc.line(about))
            for about, lines in found
        )
        name = f"{chapter.prefix}trainings"
        about = training_table.trained_on(chapter.joined)
        blocks.append(doc.paragraph(f"{about} {WAITED}".strip()))
        blocks.append(doc.Table(name=name, columns=STAGE_HEADS, groups=groups))
    if notes := training_table.stage_notes(chapter.joined):
        blocks.append(doc.bullets(notes))
    if blocks:
        yield chapter.section("Trainings", "trainings", blocks)


def stage_fields(stage: training_table.StageLine) -> tuple[doc.Field, ...]:
    numbers = (stage.seconds, stage.clips_per_s, stage.repeated, stage.truncated, stage.broken)
    hashes: list[str | doc.Span] = []
    for seed, sha256 in stage.checkpoints:
        hashes.append(f"{', ' if hashes else ''}{seed} ")
        hashes.append(doc.Span(sha256[: training_table.DIGITS], "code", title=sha256))
    return (*doc.text_fields(stage.label, *numbers), doc.field_of(*hashes))


def untrained(chapter: Chapter) -> Iterator[doc.Section]:
    known = {record.cell_id for record in chapter.joined.records}
    items = []
    for each in training_table.failed_trainings(chapter.joined):
        link = record_link(each.cell_id) if each.cell_id in known else None
        source = doc.Span(f"({each.cell_id})", "soft", link=link)
        state = state_span(each.state)
        items.append(doc.line(f"{each.label}: ", state, f", {each.reason} ", source))
    if items:
        yield chapter.section("Failed trainings", "untrained", (doc.bullets(items),))
