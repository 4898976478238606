"""The paper's claims about accuracy, with a verdict on each."""

from collections.abc import Iterator, Sequence

from vbench_mem.analysis.claims.accuracy import findings
from vbench_mem.analysis.claims.claim import Claim
from vbench_mem.analysis.claims.finding import ClaimVerdict, Finding, by_claim, counted
from vbench_mem.report import document as doc
from vbench_mem.report.content.chapter import Chapter

TONES: dict[ClaimVerdict, doc.Tone] = {
    ClaimVerdict.HOLDS: "good",
    ClaimVerdict.DOES_NOT_HOLD: "bad",
}
HEADS = (
    doc.Column("verdict", meaning="holds: in every seed"),
    doc.Column("difference", True, "points of T2V R@1, mean over seeds ± standard deviation"),
    doc.Column("seeds", True, "in which the claim holds"),
    doc.Column("benchmark"),
    doc.Column("claimed to be better"),
    doc.Column("compared with"),
)
ABOUT = (
    " Each compares T2V R@1 of encoders that differ only in the named setting, paired by seed. The "
    "difference is the mean over seeds ± standard deviation, in points. A claim holds in a seed "
    "if the difference has the claimed sign. An encoder that is not clearly above chance with any "
    "seed is not used."
)


def section(chapter: Chapter) -> doc.Section | None:
    found = findings(chapter.joined)
    if not found:
        return None
    return chapter.section("Claims of the paper", "claims", blocks(chapter, found))


def blocks(chapter: Chapter, found: Sequence[Finding]) -> Iterator[doc.Block]:
    judged = [finding for finding in found if finding.is_compared]
    if judged:
        groups = tuple(
            doc.Group(tuple(map(fields, some)), head=statement(claim))
            for claim, some in by_claim(judged)
        )
        yield doc.paragraph(counted(found) + ABOUT)
        yield doc.Table(name=f"{chapter.prefix}claims", columns=HEADS, groups=groups)
    rest = [finding for finding in found if not finding.is_compared]
    if rest:
        reasons = ((*statement(it.claim), doc.Span(f": {it.reason}")) for it in rest)
        summary = f"Claims about encoders that were not trained: {len(rest)}"
        yield doc.Fold(summary, (doc.bullets(reasons),))


def statement(claim: Claim) -> doc.Line:
    return doc.line(claim.statement, doc.Span(f" ({claim.source})", "soft"))


def fields(finding: Finding) -> tuple[doc.Field, ...]:
    tone = TONES.get(finding.verdict, "quiet")
    first, last = doc.field_of(doc.Span(finding.reason or "", "soft")), doc.Field()
    if finding.sides:
        sides = [
            doc.line(f"{side.label} ", doc.Span(finding.number_of(side), "soft"))
            for side in finding.sides
        ]
        because = f"; {finding.reason}" if finding.reason else ""
        first, last = doc.Field(sides[0]), doc.field_of(*sides[1], because)
    return (
        doc.field_of(doc.Span(finding.verdict.value, tone)),
        *doc.text_fields(finding.difference, finding.count, finding.setting or ""),
        first,
        last,
    )
