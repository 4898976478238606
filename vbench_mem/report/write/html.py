"""The report as one HTML file: no network, no second file; it is fit to be mailed.

Everything that comes from files is escaped, here by the template and in `html_table`; a figure's
own SVG is cleaned in `html_figure`. Without JavaScript the page can be read in full; with it,
figures tell their numbers and tables are sorted, filtered and copied.

The figures are matplotlib's own SVG with ids, not a plotting library's: the same drawing serves the
PDF and a slide, a page of ten figures and a thousand rows stays at 2 MB, and it can be read before
any script runs. plotly's script alone is 4.8 MB of the 5 that a page may have, bokeh's 1.3 MB, and
both would draw every figure a second time.
"""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from vbench_mem.report.document import Block, Document, Figure
from vbench_mem.report.write import html_table
from vbench_mem.report.write.html_figure import inline, told
from vbench_mem.report.write.html_shades import HEX, palette
from vbench_mem.report.write.plain import clean, not_drawn, published_note

SCRIPTS = ("page.js", "page_figures.js", "page_tables.js")


def html_page(document: Document) -> str:
    """The whole page as text."""
    figures = list(prefixed(document))
    drawn = {colour for _, it in figures for colour in HEX.findall(it.svg or "")}
    script = "".join(part(name) for name in SCRIPTS)
    return template().render(
        document=document,
        published_note=published_note,
        prefix_of=lambda figure: next(prefix for prefix, it in figures if it is figure),
        inline=inline,
        island=told(figures),
        kind=kind,
        not_drawn=not_drawn,
        palette=Markup(palette(drawn)),
        policy=policy(script),
        script=Markup(script),
        style=Markup(part("page.css")),
        t=html_table,
    )


def prefixed(document: Document) -> Iterator[tuple[str, Figure]]:
    """The drawn figures, each with what its ids begin with. Anchors have no underscore, so that
    no id is there twice."""
    drawn = (it for it in document.blocks() if isinstance(it, Figure) and it.svg is not None)
    return ((f"f{number}_", figure) for number, figure in enumerate(drawn))


def kind(block: Block) -> str:
    return type(block).__name__


def policy(script: str) -> str:
    """What the page may do: run this script, and look as it says. No address is ever asked."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def part(name: str) -> str:
    return (resources.files("vbench_mem.report.write") / name).read_text(encoding="utf-8")


@cache
def template() -> Template:
    environment = Environment(
        loader=PackageLoader("vbench_mem", "report/write"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    return environment.get_template("page.html.j2")
