"""A comparison as a document: summary, every difference, recall, unmatched rows, machines."""

from collections.abc import Iterable, Iterator, Sequence

from vbench_mem.analysis.compare.differences import RECALL_WORDS, Difference, Judgement, Matched
from vbench_mem.analysis.compare.machines import MachineFact
from vbench_mem.analysis.compare.pairing import Unmatched
from vbench_mem.analysis.compare.recalls import Recall
from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.analysis.spread import Spread
from vbench_mem.base.metrics import METRICS
from vbench_mem.report.comparison.wording import (
    ABOUT_NOISE,
    about,
    ending_text,
    facts,
    head_of,
    main_differences,
    notes,
    unchanged_facts,
    verdict_text,
)
from vbench_mem.report.document import (
    Block,
    Bullets,
    Column,
    Document,
    Fact,
    Field,
    Figure,
    Fold,
    Line,
    Paragraph,
    Section,
    Span,
    Summary,
    Table,
    Tone,
    line,
    plain_table,
    text_fields,
)
from vbench_mem.running.record import Status

TONES: dict[Judgement, Tone] = {
    Judgement.WORSE: "bad",
    Judgement.BETTER: "good",
    Judgement.CHANGED: "strong",
}
NUMBER_COLUMNS = (
    Column("row"),
    Column("metric", meaning="its unit is with the values"),
    Column("verdict", meaning="worse or better by the metric's own direction"),
    Column("change", True, "B minus A; sorted by its share of A"),
    Column("A", True, "before"),
    Column("B", True, "after"),
)


def document_of(comparison: Comparison, figures: Sequence[Figure] = ()) -> Document:
    letters = (("A", comparison.before), ("B", comparison.after))
    sides = (f"{letter} is {side.title}, {about(side)}." for letter, side in letters)
    summary: tuple[Block, ...] = (
        Paragraph(line(f"What changed from A to B? {' '.join(sides)}")),
        Summary((*facts(comparison), *more(comparison))),
        *figures,
    )
    parts: tuple[tuple[str, str, Iterable[Block]], ...] = (
        ("Summary", "answer", summary),
        ("Changes", "changes", changes(comparison)),
        ("Recall", "recall", recall_blocks(comparison.recalls)),
        ("Rows only in A or only in B", "one-side", unmatched_blocks(comparison)),
        ("Machines and versions", "machines", machine_blocks(comparison)),
    )
    sections = (
        Section(title=title, anchor=name, blocks=tuple(some)) for title, name, some in parts
    )
    return Document(
        title="What changed",
        about=f"{comparison.before.title} against {comparison.after.title}",
        sections=tuple(section for section in sections if section.blocks),
    )


def more(comparison: Comparison) -> Iterator[Fact]:
    differing = comparison.differing
    if comparison.is_unlike:
        differing = [fact for fact in differing if fact.is_machine]
    if differing:
        yield (
            "Unlike machines" if comparison.is_unlike else "Software, settings",
            ", ".join(fact.text for fact in differing),
        )
    yield from unchanged_facts(comparison)


def changes(comparison: Comparison) -> Iterator[Paragraph | Bullets | Table | Fold]:
    """Endings and modules, then every difference."""
    endings = [
        line(
            Span(row.label, "strong"),
            ": ",
            Span(text, TONES.get(row.ending or Judgement.INFORMATIONAL, "plain")),
        )
        for row in comparison.rows
        if (text := ending_text(row))
    ]
    if endings:
        yield Paragraph(line("Rows that ended differently:"))
        yield Bullets(tuple(endings))
    modules = [
        line(Span(row.label, "strong"), f": {'; '.join(row.why)}")
        for row in comparison.rows
        if row.why
    ]
    if modules:
        yield Paragraph(line("Modules whose memory changed:"))
        yield Bullets(tuple(modules))
    counted, rest = [], []
    for row in comparison.rows:
        first = main_differences(row, comparison.is_unlike)
        counted += [number_row(row, each) for each in first]
        rest += [number_row(row, each) for each in row.differences if each not in first]
    if counted:
        yield numbers_table("changed", counted)
    elif not endings:
        yield Paragraph(line("No metric changed by more than noise."))
    yield Paragraph(line(ABOUT_NOISE), is_soft=True)
    if rest:
        summary = f"More differences: {len(rest)} (parts of these, within noise, or not judged)"
        yield Fold(summary, (numbers_table("unjudged", rest),))
    for note in notes(comparison, most=len(METRICS)):
        yield Paragraph(line(f"{note}."), is_soft=True)


def numbers_table(name: str, rows: Sequence[tuple[Field, ...]]) -> Table:
    return plain_table(name, NUMBER_COLUMNS, rows, is_browsed=True)


def number_row(row: Matched, each: Difference) -> tuple[Field, ...]:
    share = each.share
    return (
        Field(line(row.label)),
        Field(line(head_of(each.metric)), title=f"{each.metric}: {METRICS[each.metric].meaning}"),
        Field(line(Span(verdict_text(each), TONES.get(each.verdict, "quiet"))), title=each.why),
        Field(line(each.text), value=each.change if share is None else share),
        value_field(each, each.before, each.values[0]),
        value_field(each, each.after, each.values[1]),
    )


def value_field(each: Difference, value: int | float, text: str) -> Field:
    return Field(line(text), value=value, title=f"{value} {METRICS[each.metric].unit}")


def recall_blocks(recalls: Sequence[Recall]) -> Iterator[Table]:
    if not recalls:
        return
    columns = (
        Column("encoder"),
        Column("benchmark"),
        Column("verdict", meaning="lower or higher where every one of 3 seeds or more is"),
        Column("change", True, "mean and standard deviation of the differences by seed, points"),
        Column("A", True, "T2V R@1 before, mean and standard deviation over seeds, %"),
        Column("B", True, "T2V R@1 after, %"),
        Column("seeds", True, "seeds that both sides trained"),
    )
    rows = tuple(
        (
            *text_fields(each.label, each.benchmark),
            Field(recall_verdict(each)),
            spread_field(each.differences, "+"),
            spread_field(each.before),
            spread_field(each.after),
            Field(line(str(len(each.seeds))), value=len(each.seeds)),
        )
        for each in sorted(recalls, key=lambda each: each.is_same)
    )
    yield plain_table("recall", columns, rows, is_browsed=True)


def spread_field(shares: tuple[float, ...], sign: str = "") -> Field:
    return Field(line(Spread(shares).percent(sign)), value=Spread(shares).mean)


def recall_verdict(each: Recall) -> Line:
    if each.is_same:
        return line(Span("the same", "quiet"))
    return line(Span(RECALL_WORDS[each.verdict], TONES.get(each.verdict, "quiet")))


def unmatched_blocks(comparison: Comparison) -> Iterator[Table]:
    columns = map(Column, ("only in", "row", "status", "nearest"))
    sides = (("A", comparison.only_before), ("B", comparison.only_after))
    rows = [unmatched_row(letter, each) for letter, some in sides for each in some]
    if rows:
        yield plain_table("alone", columns, rows, is_browsed=True)


def unmatched_row(letter: str, each: Unmatched) -> tuple[Field, ...]:
    state = each.item.state
    tone: Tone = "good" if state == Status.OK else "quiet"
    return (
        Field(line(letter)),
        Field(line(each.label)),
        Field(line(Span(state, tone)), title=each.item.reason),
        Field(line(each.note or "")),
    )


def machine_blocks(comparison: Comparison) -> Iterator[Block]:
    if not comparison.facts:
        yield Paragraph(line("Machine and software of one or both sides are unknown."))
        return
    differing = [fact for fact in comparison.facts if fact.differs]
    same = [fact for fact in comparison.facts if not fact.differs]
    if differing:
        yield fact_table("differing", differing)
    else:
        yield Paragraph(line("No recorded fact differs."))
    if same:
        yield Fold(f"The same on both sides: {len(same)} facts", (fact_table("same", same),))


def fact_table(name: str, facts: Sequence[MachineFact]) -> Table:
    return plain_table(name, map(Column, ("fact", "A", "B")), map(fact_row, facts))


def fact_row(fact: MachineFact) -> tuple[Field, ...]:
    tone: Tone = "strong" if fact.differs else "plain"
    before, after = (" and ".join(values) for values in (fact.before, fact.after))
    return (
        Field(line(Span(fact.name, "code"))),
        Field(line(before)),
        Field(line(Span(after, tone))),
    )
