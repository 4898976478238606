"""A comparison as a document: summary, every difference, recall, unmatched rows, machines."""

from collections.abc import Iterable, Iterator, Sequence

from vbench_mem.analysis.compare.differences import RECALL_WORDS, Difference, Judgement, Matched
from vbench_mem.analysis.compare.machines import MachineFact
from vbench_mem.analysis.compare.pairing import Unmatched
from vbench_mem.analysis.compare.recalls import Recall
from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.analysis.spread import Spread
from vbench_mem.base.metrics import METRICS
from vbench_mem.report import document as doc
from vbench_mem.report.comparison import wording
from vbench_mem.running.record import Status

TONES: dict[Judgement, doc.Tone] = {
    Judgement.WORSE: "bad",
    Judgement.BETTER: "good",
    Judgement.CHANGED: "strong",
}
NUMBER_COLUMNS = (
    doc.Column("row"),
    doc.Column("metric", meaning="its unit is with the values"),
    doc.Column("verdict", meaning="worse or better by the metric's own direction"),
    doc.Column("change", True, "B minus A; sorted by its share of A"),
    doc.Column("A", True, "before"),
    doc.Column("B", True, "after"),
)
ALONE_COLUMNS = tuple(map(doc.Column, ("only in", "row", "status", "nearest")))
RECALL_COLUMNS = (
    doc.Column("encoder"),
    doc.Column("benchmark"),
    doc.Column("verdict", meaning="lower or higher where every one of 3 seeds or more is"),
    doc.Column("change", True, "mean and standard deviation by seed, points"),
    doc.Column("A", True, "T2V R@1 before, mean and standard deviation over seeds, %"),
    doc.Column("B", True, "T2V R@1 after, %"),
    doc.Column("seeds", True, "seeds that both sides trained"),
)


def document_of(comparison: Comparison, figures: Sequence[doc.Figure] = ()) -> doc.Document:
    recalls = sorted(comparison.recalls, key=lambda each: each.is_same)
    letters = (("A", comparison.before), ("B", comparison.after))
    sides = (f"{letter} is {side.title}, {wording.about(side)}." for letter, side in letters)
    one_side = (("A", comparison.only_before), ("B", comparison.only_after))
    alone = (unmatched_row(letter, each) for letter, some in one_side for each in some)
    unchanged = wording.unchanged_facts(comparison)
    summary: tuple[doc.Block, ...] = (
        doc.paragraph(f"What changed from A to B? {' '.join(sides)}"),
        doc.Summary((*wording.facts(comparison), *wording.setting_facts(comparison), *unchanged)),
        *figures,
    )
    parts: tuple[tuple[str, str, Iterable[doc.Block]], ...] = (
        ("Summary", "answer", summary),
        ("Changes", "changes", changes(comparison)),
        ("Recall", "recall", browsed("recall", RECALL_COLUMNS, map(recall_row, recalls))),
        ("Rows only in A or only in B", "one-side", browsed("alone", ALONE_COLUMNS, alone)),
        ("Machines and versions", "machines", machine_blocks(comparison)),
    )
    sections = (
        doc.Section(title=title, anchor=name, blocks=tuple(it)) for title, name, it in parts
    )
    return doc.Document(
        title="What changed",
        about=f"{comparison.before.title} against {comparison.after.title}",
        sections=tuple(section for section in sections if section.blocks),
    )


def changes(comparison: Comparison) -> Iterator[doc.Paragraph | doc.Bullets | doc.Table | doc.Fold]:
    """Endings and modules, then every difference."""
    endings = [
        labelled(row, doc.Span(text, TONES.get(row.ending or Judgement.INFORMATIONAL, "plain")))
        for row in comparison.rows
        if (text := wording.ending_text(row))
    ]
    modules = [labelled(row, "; ".join(row.why)) for row in comparison.rows if row.why]
    for head, lines in (
        ("Rows that ended differently:", endings),
        ("Modules whose memory changed:", modules),
    ):
        if lines:
            yield doc.paragraph(head)
            yield doc.bullets(lines)
    counted, rest = [], []
    for row in comparison.rows:
        first = wording.main_differences(row, comparison.is_unlike)
        counted += [number_row(row, each) for each in first]
        rest += [number_row(row, each) for each in row.differences if each not in first]
    yield from browsed("changed", NUMBER_COLUMNS, counted)
    if not counted and not endings:
        yield doc.paragraph("No metric changed by more than noise.")
    yield doc.aside(wording.ABOUT_NOISE)
    for table in browsed("unjudged", NUMBER_COLUMNS, rest):
        summary = f"More differences: {len(rest)} (parts of these, within noise, or not judged)"
        yield doc.Fold(summary, (table,))
    for note in wording.notes(comparison, most=len(METRICS)):
        yield doc.aside(f"{note}.")


def labelled(row: Matched, text: str | doc.Span) -> doc.Line:
    return doc.line(doc.Span(row.label, "strong"), ": ", text)


def browsed(
    name: str, columns: Sequence[doc.Column], rows: Iterable[tuple[doc.Field, ...]]
) -> list[doc.Table]:
    """A table, or none where there is no row."""
    some = tuple(rows)
    return [doc.plain_table(name, columns, some, is_browsed=True)] if some else []


def number_row(row: Matched, each: Difference) -> tuple[doc.Field, ...]:
    value = each.change if each.share is None else each.share
    about = f"{each.metric}: {METRICS[each.metric].meaning}"
    verdict = doc.Span(wording.verdict_text(each), TONES.get(each.verdict, "quiet"))
    return (
        doc.field_of(row.label),
        doc.field_of(wording.head_of(each.metric), title=about),
        doc.field_of(verdict, title=each.why),
        doc.field_of(each.text, value=value),
        value_field(each, each.before, each.values[0]),
        value_field(each, each.after, each.values[1]),
    )


def value_field(each: Difference, value: int | float, text: str) -> doc.Field:
    return doc.field_of(text, value=value, title=f"{value} {METRICS[each.metric].unit}")


def recall_row(each: Recall) -> tuple[doc.Field, ...]:
    text, tone = RECALL_WORDS[each.verdict], TONES.get(each.verdict, "quiet")
    return (
        *doc.text_fields(each.label, each.benchmark),
        doc.field_of(doc.Span("the same", "quiet") if each.is_same else doc.Span(text, tone)),
        spread_field(each.differences, "+"),
        spread_field(each.before),
        spread_field(each.after),
        doc.field_of(str(len(each.seeds)), value=len(each.seeds)),
    )


def spread_field(shares: tuple[float, ...], sign: str = "") -> doc.Field:
    return doc.field_of(Spread(shares).percent(sign), value=Spread(shares).mean)


def unmatched_row(letter: str, each: Unmatched) -> tuple[doc.Field, ...]:
    state = each.item.state
    span = doc.Span(state, "good" if state == Status.OK else "quiet")
    status = doc.field_of(span, title=each.item.reason)
    return (*doc.text_fields(letter, each.label), status, doc.field_of(each.note or ""))


def machine_blocks(comparison: Comparison) -> Iterator[doc.Block]:
    if not comparison.facts:
        yield doc.paragraph("Machine and software of one or both sides are unknown.")
        return
    same = [fact for fact in comparison.facts if not fact.differs]
    if comparison.differing:
        yield fact_table("differing", comparison.differing)
    else:
        yield doc.paragraph("No recorded fact differs.")
    if same:
        yield doc.Fold(f"The same on both sides: {len(same)} facts", (fact_table("same", same),))


def fact_table(name: str, facts: Sequence[MachineFact]) -> doc.Table:
    return doc.plain_table(name, map(doc.Column, ("fact", "A", "B")), map(fact_row, facts))


def fact_row(fact: MachineFact) -> tuple[doc.Field, ...]:
    before, after = (" and ".join(values) for values in (fact.before, fact.after))
    last = doc.Span(after, "strong" if fact.differs else "plain")
    return (doc.field_of(doc.Span(fact.name, "code")), doc.field_of(before), doc.field_of(last))
