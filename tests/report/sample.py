"""A small report that has every kind of block, hostile text among it, for tests of renderers."""

from vbench_mem.report.document import (
    Bullets,
    Code,
    Column,
    Document,
    Field,
    Figure,
    Fold,
    Group,
    Paragraph,
    Section,
    Span,
    Summary,
    Table,
    line,
)
from vbench_mem.report.marks import Mark

HOSTILE = '<script>alert("x")</script> #let $x_1$ *bold* | `tick` [a](b) \\ @ref'
SVG = """<?xml version="1.0" encoding="utf-8"?>
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="300pt" height="150pt"
 viewBox="0 0 300 150" xmlns="http://www.w3.org/2000/svg" version="1.1">
<defs><path id="m1" d="M -3 0 L 3 0 L 0 3 z" style="stroke: #0072b2"/></defs>
<g id="t0"><path d="M 20 100 L 150 60 L 250 20" style="fill: none; stroke: #0072b2"/>
<g><use xlink:href="#m1" x="20" y="100"/><use xlink:href="#m1" x="150" y="60"/>
<use xlink:href="#m1" x="250" y="20"/></g></g>
<g id="l0h"><use xlink:href="#m1" x="20" y="140"/></g>
<g id="l0t"><text x="30" y="143" style="font: 9px sans-serif">joint</text></g>
</svg>
"""


def rows(count: int) -> tuple[tuple[Field, ...], ...]:
    """Variant with a link to its record, status, memory in MiB; every fifth has no memory."""
    return tuple(
        (
            Field(line(Span(f"variant_{number}", link=f"records/{number:016x}.json"))),
            Field(
                line(Span("oom" if number % 5 == 4 else "ok", "bad" if number % 5 == 4 else "good"))
            ),
            Field(line(f"{10 * number} MiB"), value=10.0 * number * 2**20)
            if number % 5 != 4
            else Field(title="it ran out of memory"),
        )
        for number in range(count)
    )


def sample(count: int = 12) -> Document:
    columns = (
        Column("variant"),
        Column("status"),
        Column("peak memory", True, "peak_alloc_bytes: allocated peak (bytes)"),
    )
    table = Table(name="rows", columns=columns, groups=(Group(rows(count)),), is_browsed=True)
    grouped = Table(
        name="claims",
        columns=columns[:2],
        groups=(
            Group(
                ((Field(line("a")), Field(line("b"))),), head=line("Said ", Span("p. 1", "soft"))
            ),
            Group(((Field(line("chance")), Field(line("1 %"))),), is_reference=True),
        ),
    )
    marks = tuple(
        Mark(label=f"joint frames={n}", facts=(("peak memory", f"{n} MiB"),), cell_id=f"{n:016x}")
        for n in (16, 32, 64)
    )
    figure = Figure(
        name="memory_frames",
        title="Memory against frames",
        caption="Peak memory of a step.",
        svg=SVG,
        tips={"t0": marks},
    )
    return Document(
        title="sample",
        about="a machine, vbench_mem 1",
        sections=(
            Section(
                title="Question and answer",
                anchor="answer",
                blocks=(
                    Paragraph(line("What does it cost?\nAnd why?"), keeps_lines=True),
                    Summary((("First", "one fact"), ("Second", "More of it."))),
                ),
            ),
            Section(
                title="Trade-off",
                anchor="trade-off",
                blocks=(figure, Figure(name="none", title="Recall", skipped="no recall is joined")),
            ),
            Section(
                title="Tables",
                anchor="tables",
                blocks=(Paragraph(line("All numbers."), is_soft=True), table),
                sections=(Section(title="Claims", anchor="claims", blocks=(grouped,)),),
            ),
            Section(
                title="Failures",
                anchor="failures",
                blocks=(
                    Bullets((line("row: ", Span("oom", "bad"), f", {HOSTILE}"),)),
                    Fold("Two more", (Bullets((line("one"), line(Span("two", "code")))),)),
                ),
            ),
            Section(
                title="Matrix", anchor="matrix", blocks=(Code(f"about: {HOSTILE}\naxes: {{}}"),)
            ),
        ),
    )
