"""One page, one file, no network: report.html out of its template.

Everything that comes from files goes through the template's escaping; only our own SVG does not.
"""

import re
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vbench_mem.budgets.verdict import Verdict
from vbench_mem.join import Joined
from vbench_mem.machine import environment
from vbench_mem.metrics import METRICS
from vbench_mem.report.answer import answer
from vbench_mem.report.columns import ABOUT_SCORES, ordered_metrics
from vbench_mem.report.document import Figure
from vbench_mem.report.findings import by_claim, counted
from vbench_mem.report.foreseen import compare, verdict
from vbench_mem.report.judges import findings
from vbench_mem.report.overview import axis_text, cell_text, columns, load_axes, why_empty
from vbench_mem.report.retrieved import tables
from vbench_mem.report.schooled import notes, stage_lines, trained_on, unhappy
from vbench_mem.report.trained import trained_encoders
from vbench_mem.scores.metrics import SCORE_METRICS
from vbench_mem.units import format_bytes

TAG_ID = re.compile(r'(<[^<>]*?\s)id="')


def render(
    joined: Joined,
    verdicts: Sequence[Verdict],
    pictures: Sequence[Figure],
    machine: environment.Environment | None,
) -> str:
    """The whole page as text."""
    found = findings(joined)
    loader = PackageLoader("vbench_mem", "report")
    jinja = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return jinja.get_template("template.html.j2").render(
        matrix=joined.matrix,
        joined=joined,
        answer=answer(joined),
        axes=load_axes(joined),
        columns=columns(joined),
        axis_text=axis_text,
        cell_text=cell_text,
        why_empty=why_empty,
        verdicts=verdicts,
        claims=by_claim(finding for finding in found if finding.is_compared),
        unasked=[finding for finding in found if not finding.is_compared],
        claims_counted=counted(found),
        retrieved=tables(trained_encoders(joined)),
        stages=stage_lines(joined),
        trained_on=trained_on(joined),
        training_notes=notes(joined),
        untrained=unhappy(joined),
        about_scores=ABOUT_SCORES if joined.matrix.accuracy is not None else {},
        foreseen=(foreseen := compare(joined)),
        foreseen_verdict=verdict(foreseen) if foreseen else "",
        pictures=[(picture, inline(picture)) for picture in pictures],
        unhappy=[row for row in joined.rows if row.reason is not None],
        beside=[row for row in joined.rows if row.guard is not None],
        metrics=defined(joined),
        score_metrics=used_score_metrics(joined),
        machine=machine,
        facts=shown_facts(machine),
        version=measured_with(joined),
    )


def measured_with(joined: Joined) -> str:
    """The versions of this package that the records were made with."""
    found = {
        record.environment.packages.get("vbench_mem")
        for record in joined.records
        if record.environment is not None
    }
    return ", ".join(sorted(name for name in found if name)) or "of a version not recorded"


def inline(picture: Figure) -> Markup | None:
    """The SVG for a page: no XML header, ids that differ from those of other figures."""
    if picture.svg is None:
        return None
    svg = picture.svg[picture.svg.index("<svg") :]
    svg = TAG_ID.sub(rf'\1id="{picture.name}-', svg)
    svg = svg.replace('href="#', f'href="#{picture.name}-').replace(
        "url(#", f"url(#{picture.name}-"
    )
    return Markup(svg.replace("<svg", '<svg role="img"', 1))


def defined(joined: Joined) -> list[Any]:
    """The metrics that some row has, or should have had, in the order of table.csv."""
    names = {
        name
        for row in joined.rows
        if row.record is not None
        for name in (*row.record.metrics, *row.record.missing)
    }
    return [metric for metric in ordered_metrics() if metric.name in names & METRICS.keys()]


def used_score_metrics(joined: Joined) -> list[Any]:
    names = {score.metric for row in joined.rows for score in row.scores.values()}
    return [metric for name, metric in SCORE_METRICS.items() if name in names]


def shown_facts(machine: environment.Environment | None) -> list[tuple[str, str]]:
    """Facts of the machine as text; sizes in binary units, the reason where one is unknown."""
    if machine is None:
        return []
    shown = []
    for name, value in machine.facts.items():
        if value is None:
            text = f"not known ({machine.missing.get(name, 'no reason given')})"
        elif name.endswith("_bytes") and isinstance(value, int | float):
            text = format_bytes(value)
        else:
            text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        shown.append((name, text))
    return shown
