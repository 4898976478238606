"""The whole report: summary, figures, tables, verdicts, failures, definitions, machine. Each of
several matrices has a chapter; shared sections come once."""

from collections.abc import Iterable, Iterator, Sequence

from vbench_mem.report import document as doc
from vbench_mem.report.answer import conditions, summary
from vbench_mem.report.content import (
    budgets,
    claims,
    definitions,
    failures,
    frontier,
    machine,
    prediction_error,
    trained,
)
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.content.rows import rows_blocks
from vbench_mem.report.exhibits.retrieval import retrieval_table
from vbench_mem.report.exhibits.tables import tables


def document_of(chapters: Sequence[Chapter], title: str) -> doc.Document:
    definition = definitions.section(chapters)
    sections: tuple[doc.Section, ...] = (
        in_short(chapters),
        *(
            it.section(it.joined.matrix.name, "chapter", (), (*parts(it), machine.section(it)))
            for it in chapters
        ),
        definition,
    )
    if len(chapters) == 1:
        sections = (*parts(chapters[0]), definition, machine.section(chapters[0]))
    return doc.Document(title=title, about=about(chapters), sections=sections)


def in_short(chapters: Sequence[Chapter]) -> doc.Section:
    """The first and the last fact of each summary, with a link to its chapter."""
    items = []
    for chapter in chapters:
        facts = summary_of(chapter).facts
        first_and_last = dict.fromkeys((facts[0], facts[-1]))
        link = f"#{chapter.prefix}chapter"
        name = doc.Span(chapter.joined.matrix.name, "strong", link=link)
        items.append(doc.line(name, ". " + "; ".join(map(": ".join, first_and_last))))
    return doc.Section(title="Summary", anchor="in-short", blocks=(doc.bullets(items),))


def parts(chapter: Chapter) -> tuple[doc.Section, ...]:
    below = (frontier, claims, trained, prediction_error)
    inner = (*exhibits(chapter), *present(each.section(chapter) for each in below))
    parts = (
        question(chapter),
        trade_off(chapter),
        chapter.section("Tables", "tables", rows_blocks(chapter), inner),
        budgets.section(chapter),
        failures.section(chapter),
        failures.scores_section(chapter),
        machine.sources(chapter),
    )
    return present(parts)


def exhibits(chapter: Chapter) -> Iterator[doc.Section]:
    """A section for each table of the paper that the matrix names; without any, one of the recalls
    of score files. Trained encoders have tables in `trained`."""
    found = tables(chapter.joined, chapter.prefix)
    for number, (title, about, table) in enumerate(found):
        yield chapter.section(title, f"exhibit-{number}", (doc.aside(about), table))
    recalls = retrieval_table(chapter.joined, chapter.prefix)
    scores = (score for row in chapter.joined.rows for score in row.scores.values())
    if not found and recalls and any(score.origin != "measured" for score in scores):
        yield chapter.section("Recall at 1", "recall", (recalls,))


def present(sections: Iterable[doc.Section | None]) -> tuple[doc.Section, ...]:
    return tuple(section for section in sections if section is not None)


def question(chapter: Chapter) -> doc.Section:
    about = doc.Paragraph(doc.line(chapter.joined.matrix.about), keeps_lines=True)
    blocks: list[doc.Block] = [about, summary_of(chapter)]
    if same := conditions(chapter.joined):
        blocks.append(doc.aside(f"In every row: {same}."))
    return chapter.section("Question and answer", "answer", blocks)


def summary_of(chapter: Chapter) -> doc.Summary:
    """The facts of the rows, and how many budgets fail."""
    facts = summary(chapter.joined).facts
    broken = sum(verdict.outcome == "fail" for verdict in chapter.verdicts)
    if broken:
        facts = (*facts, ("Failed budgets", f"{broken} of {len(chapter.verdicts)}"))
    return doc.Summary(facts)


def trade_off(chapter: Chapter) -> doc.Section:
    """The first drawn figure, then the others; if none could be drawn, the reasons."""
    drawn = [figure for figure in chapter.figures if figure.svg is not None]
    costs = [chapter.section("Costs", "costs", drawn[1:])] if drawn[1:] else []
    return chapter.section("Trade-off", "trade-off", drawn[:1] or chapter.figures, costs)


def about(chapters: Sequence[Chapter]) -> str:
    """Machine and version; of predictions the versions that predicted."""
    if predictions := [it.predicted.by for it in chapters if it.predicted is not None]:
        return f"predicted by {'; by '.join(dict.fromkeys(predictions))}"
    found = machine.machine_of(chapters[0].joined)
    version = f"vbench_mem {machine.measured_with([chapter.joined for chapter in chapters])}"
    if found is None:
        return version
    return f"{found.device}, fingerprint {found.fingerprint}; {version}"
