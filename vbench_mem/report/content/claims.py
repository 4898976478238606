"""What the paper says of accuracy, and what was found."""

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
)

TONES: dict[ClaimVerdict, Tone] = {ClaimVerdict.HOLDS: "good", ClaimVerdict.DOES_NOT_HOLD: "bad"}
HEADS = (
    Column("verdict"),
    Column("difference", True, "points of T2V R@1, mean over seeds ± standard deviation"),
    Column("seeds", True, "in which the claim holds"),
    Column("benchmark"),
    Column("said to be ahead"),
    Column("compared with"),
)
ABOUT = (
    " Each compares T2V R@1 of encoders that differ in what is named alone, paired by seed: the "
    "difference is the mean over seeds ± standard deviation, in points, and a claim holds in a "
    "seed where the difference has the sign that it states. An encoder that is not surely above "
    "chance with any seed judges nothing."
)


def section(chapter: Chapter) -> Section | None:
    found = findings(chapter.joined)
    if not found:
        return None
    return Section(
        title="What the paper says, and what was found",
        anchor=chapter.anchor("claims"),
        blocks=tuple(blocks(chapter, found)),
    )


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
    unasked = [finding for finding in found if not finding.is_compared]
    if unasked:
        count = "1 claim needs" if len(unasked) == 1 else f"{len(unasked)} claims need"
        yield Fold(
            f"{count} encoders that were not trained",
            (Bullets(tuple(map(why_not, unasked))),),
        )


def why_not(finding: Finding) -> Line:
    source = Span(f" ({finding.claim.source})", "soft")
    return line(finding.claim.statement, source, f": {finding.reason}")


def fields(finding: Finding) -> tuple[Field, ...]:
    verdict = Field(line(Span(finding.words, TONES.get(finding.verdict, "quiet"))))
    benchmark = Field(line(finding.setting or ""))
    if not finding.sides:
        why = Field(line(Span(finding.reason or "", "soft")))
        return (verdict, Field(), Field(), benchmark, why, Field())
    ahead, other = (side_line(finding, side) for side in finding.sides)
    return (
        verdict,
        Field(line(finding.difference)),
        Field(line(finding.count)),
        benchmark,
        Field(ahead),
        Field((*other, *line(f"; {finding.reason}" if finding.reason else ""))),
    )


def side_line(finding: Finding, side: ClaimSide) -> Line:
    return line(f"{side.label} ", Span(finding.number_of(side), "soft"))
