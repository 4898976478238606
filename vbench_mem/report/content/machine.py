"""Where the numbers are from: files, machine, versions, matrix, commands."""

from collections.abc import Iterable, Iterator, Mapping

from vbench_mem.analysis.join import Joined
from vbench_mem.base.units import format_bytes
from vbench_mem.machine.environment import Environment
from vbench_mem.report import document as doc
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.evidence import link_of


def section(chapter: Chapter) -> doc.Section:
    matrix = chapter.joined.matrix
    verbs = ("report",) if chapter.predicted else ("run", "report", "check")
    again = chapter.again or "\n".join(f"vbench-mem {verb} {matrix.path}" for verb in verbs)
    inner = (
        chapter.section("Matrix", "matrix", (doc.Code(matrix.text),)),
        chapter.section("Commands", "again", (doc.Code(again),)),
    )
    return chapter.section("Machine, versions, matrix", "machine", machine_blocks(chapter), inner)


def sources(chapter: Chapter) -> doc.Section | None:
    """The file of each row by name, for readers on paper."""
    rows = [
        (doc.field_of(row.label), doc.field_of(doc.Span(link, "code", link=link)))
        for row in chapter.joined.rows
        if (link := link_of(row)) is not None
    ]
    heads = map(doc.Column, ("row", "file in the folder of this report"))
    table = doc.plain_table(f"{chapter.prefix}sources", heads, rows)
    blocks = (doc.Fold(f"Rows: {len(rows)}", (table,)),)
    return chapter.section("Source files", "sources", blocks) if rows else None


def machine_blocks(chapter: Chapter) -> Iterator[doc.Block]:
    if chapter.predicted is not None:
        yield doc.paragraph(f"Predicted without a device, by {chapter.predicted.by}.")
        return
    machine = machine_of(chapter.joined)
    if machine is None:
        yield doc.aside("No record names its machine.")
        return
    yield doc.paragraph(f"{machine.device}, fingerprint {machine.fingerprint}")
    facts = pairs(f"{chapter.prefix}facts", ("fact", "value"), shown_facts(machine))
    packages = pairs(f"{chapter.prefix}packages", ("package", "version"), machine.packages)
    yield doc.Fold("Machine", (facts,), is_open=True)
    yield doc.Fold("Packages", (packages,))


def pairs(name: str, heads: tuple[str, str], values: Mapping[str, str]) -> doc.Table:
    rows = (doc.text_fields(*pair) for pair in values.items())
    return doc.plain_table(name, map(doc.Column, heads), rows)


def machine_of(joined: Joined) -> Environment | None:
    """The machine of the first record that names one; all records of a run share it."""
    found = (record.environment for record in joined.records)
    return next((environment for environment in found if environment is not None), None)


def measured_with(every: Iterable[Joined]) -> str:
    """The versions of this package that the records were made with."""
    found = {
        record.environment.packages.get("vbench_mem")
        for joined in every
        for record in joined.records
        if record.environment is not None
    }
    return ", ".join(sorted(name for name in found if name)) or "(version not recorded)"


def shown_facts(machine: Environment) -> dict[str, str]:
    """Facts of the machine as text; sizes in binary units, the reason where one is unknown."""
    shown = {}
    for name, value in machine.facts.items():
        if value is None:
            text = f"not known ({machine.missing.get(name, 'no reason given')})"
        elif name.endswith("_bytes") and isinstance(value, int | float):
            text = format_bytes(value)
        else:
            text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        shown[name] = text
    return shown
