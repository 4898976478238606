"""The whole report: summary, figures, tables, verdicts, failures, definitions, machine. Each of
several matrices has a chapter; shared sections come once."""

from collections.abc import Iterable, Sequence

from vbench_mem.report.answer import summary
from vbench_mem.report.conditions import conditions
from vbench_mem.report.content import (
    budgets,
    claims,
    definitions,
    exhibits,
    failures,
    frontier,
    machine,
    prediction_error,
    sources,
    trained,
)
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.content.rows import rows_blocks
from vbench_mem.report.document import (
    Block,
    Bullets,
    Document,
    Paragraph,
    Section,
    Span,
    Summary,
    line,
)


def document_of(chapters: Sequence[Chapter], title: str) -> Document:
    if len(chapters) == 1:
        (only,) = chapters
        sections = (*parts(only), definitions.section(chapters), machine.section(only))
    else:
        sections = (
            in_short(chapters),
            *(as_chapter(chapter) for chapter in chapters),
            definitions.section(chapters),
        )
    return Document(title=title, about=about(chapters), sections=sections)


def in_short(chapters: Sequence[Chapter]) -> Section:
    """The first and the last fact of each summary, with a link to its chapter."""
    items = tuple(
        line(
            Span(chapter.joined.matrix.name, "strong", link=f"#{chapter.anchor('chapter')}"),
            ". " + "; ".join(": ".join(fact) for fact in dict.fromkeys((facts[0], facts[-1]))),
        )
        for chapter in chapters
        for facts in (summary_of(chapter).facts,)
    )
    return Section(title="Summary", anchor="in-short", blocks=(Bullets(items),))


def as_chapter(chapter: Chapter) -> Section:
    sections = (*parts(chapter), machine.section(chapter))
    return chapter.section(chapter.joined.matrix.name, "chapter", (), sections)


def parts(chapter: Chapter) -> tuple[Section, ...]:
    tables = (frontier, claims, trained, prediction_error)
    inner = (*exhibits.sections(chapter), *present(each.section(chapter) for each in tables))
    parts = (
        question(chapter),
        trade_off(chapter),
        chapter.section("Tables", "tables", rows_blocks(chapter), inner),
        budgets.section(chapter),
        failures.section(chapter),
        failures.scores_section(chapter),
        sources.section(chapter),
    )
    return present(parts)


def present(sections: Iterable[Section | None]) -> tuple[Section, ...]:
    return tuple(section for section in sections if section is not None)


def question(chapter: Chapter) -> Section:
    matrix = chapter.joined.matrix
    blocks: list[Block] = [Paragraph(line(matrix.about), keeps_lines=True), summary_of(chapter)]
    if same := conditions(chapter.joined):
        blocks.append(Paragraph(line(f"In every row: {same}."), is_soft=True))
    return chapter.section("Question and answer", "answer", blocks)


def summary_of(chapter: Chapter) -> Summary:
    """The facts of the rows, and how many budgets fail."""
    facts = summary(chapter.joined).facts
    broken = sum(verdict.outcome == "fail" for verdict in chapter.verdicts)
    if broken:
        facts = (*facts, ("Failed budgets", f"{broken} of {len(chapter.verdicts)}"))
    return Summary(facts)


def trade_off(chapter: Chapter) -> Section:
    """The first drawn figure, then the others; if none could be drawn, the reasons."""
    drawn = [figure for figure in chapter.figures if figure.svg is not None]
    costs = [chapter.section("Costs", "costs", drawn[1:])] if drawn[1:] else []
    return chapter.section("Trade-off", "trade-off", drawn[:1] or chapter.figures, costs)


def about(chapters: Sequence[Chapter]) -> str:
    """Machine and version; of predictions the versions that predicted."""
    if chapters[0].is_predicted:
        known = dict.fromkeys(chapter.predicted_by for chapter in chapters)
        return f"predicted by {'; by '.join(known)}"
    found = machine.machine_of(chapters[0].joined)
    version = f"vbench_mem {machine.measured_with([chapter.joined for chapter in chapters])}"
    if found is None:
        return version
    return f"{found.device}, fingerprint {found.fingerprint}; {version}"
