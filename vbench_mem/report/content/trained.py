"""Trainings: what they retrieve, how they went, and those that failed."""

from collections.abc import Iterator

from vbench_mem.report import document as doc
from vbench_mem.report import training_table
from vbench_mem.report.content.chapter import Chapter, state_span
from vbench_mem.report.content.retrieved import benchmarks
from vbench_mem.report.evidence import record_link

ABOUT = (
    "Shares in percent, mean over seeds ± standard deviation. The 95 % column is the bootstrap "
    "interval of R@1 over queries, of the first seed. Sanity columns are R@1 with captions of "
    "other clips, with the frames of each clip in another order, and with equal embeddings."
)
WAITED = "Trainings may run in parallel: the seconds are elapsed time, not the speed of a step."


def section(chapter: Chapter) -> doc.Section | None:
    if chapter.joined.matrix.accuracy is None:
        return None
    found = benchmarks(chapter)
    about = doc.paragraph(ABOUT) if found else doc.aside("No training has a result yet.")
    inner = (*found, *stages(chapter), *untrained(chapter))
    return chapter.section("Training and retrieval", "retrieved", (about,), inner)


def stages(chapter: Chapter) -> Iterator[doc.Section]:
    blocks: list[doc.Block] = []
    if groups := training_table.stage_groups(chapter.joined):
        name, columns = f"{chapter.prefix}trainings", training_table.STAGE_COLUMNS
        about = training_table.trained_on(chapter.joined)
        blocks.append(doc.paragraph(f"{about} {WAITED}".strip()))
        blocks.append(doc.Table(name=name, columns=columns, groups=tuple(groups)))
    if notes := training_table.stage_notes(chapter.joined):
        blocks.append(doc.bullets(notes))
    if blocks:
        yield chapter.section("Trainings", "trainings", blocks)


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
