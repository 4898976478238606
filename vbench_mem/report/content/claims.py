"""The paper's claims about accuracy, with a verdict on each."""

from collections.abc import Iterator, Sequence

from vbench_mem.analysis.claims.accuracy import findings
from vbench_mem.analysis.claims.finding import ClaimSide, ClaimVerdict, Finding, by_claim, counted
from vbench_mem.report.content.chapter import Chapter
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
    Tone,
    line,
    text_fields,
)

TONES: dict[ClaimVerdict, Tone] = {ClaimVerdict.HOLDS: "good", ClaimVerdict.DOES_NOT_HOLD: "bad"}
HEADS = (
    Column("verdict"),
    Column("difference", True, "points of T2V R@1, mean over seeds ± standard deviation"),
    Column("seeds", True, "in which the claim holds"),
    Column("benchmark"),
    Column("claimed to be better"),
    Column("compared with"),
)
ABOUT = (
    " Each compares T2V R@1 of encoders that differ only in the named setting, paired by seed. The "
    "difference is the mean over seeds ± standard deviation, in points. A claim holds in a seed "
    "if the difference has the claimed sign. An encoder that is not clearly above chance with any "
    "seed is not used."
)


def section(chapter: Chapter) -> Section | None:
    found = findings(chapter.joined)
    if not found:
        return None
    return chapter.section("Claims of the paper", "claims", blocks(chapter, found))


def blocks(chapter: Chapter, found: Sequence[Finding]) -> Iterator[Block]:
    judged = [finding for finding in found if finding.is_compared]
    if judged:
        groups = tuple(
            Group(
                tuple(map(fields, some)),
                head=line(claim.statement, Span(f" ({claim.source})", "soft")),
            )
            for claim, some in by_claim(judged)
        )
        yield Paragraph(line(counted(found) + ABOUT))
        yield Table(name=f"{chapter.prefix}claims", columns=HEADS, groups=groups)
    rest = [finding for finding in found if not finding.is_compared]
    if rest:
        summary = f"Claims about encoders that were not trained: {len(rest)}"
        yield Fold(summary, (Bullets(tuple(map(why_not, rest))),))


def why_not(finding: Finding) -> Line:
    source = Span(f" ({finding.claim.source})", "soft")
    return line(finding.claim.statement, source, f": {finding.reason}")


def fields(finding: Finding) -> tuple[Field, ...]:
    verdict = Field(line(Span(finding.words, TONES.get(finding.verdict, "quiet"))))
    if not finding.sides:
        reason = Field(line(Span(finding.reason or "", "soft")))
        return (verdict, *text_fields("", "", finding.setting or ""), reason, Field())
    ahead, other = (side_line(finding, side) for side in finding.sides)
    return (
        verdict,
        *text_fields(finding.difference, finding.count, finding.setting or ""),
        Field(ahead),
        Field((*other, *line(f"; {finding.reason}" if finding.reason else ""))),
    )


def side_line(finding: Finding, side: ClaimSide) -> Line:
    return line(f"{side.label} ", Span(finding.number_of(side), "soft"))
