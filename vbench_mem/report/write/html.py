"""The report as one HTML file that needs no network, no second file and, to be read, no script.

The template and `html_table` escape every text that comes from files; `html_figure` cleans the SVG
of figures, which is the one in figures/.
"""

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from vbench_mem.report.document import Document, Figure
from vbench_mem.report.write import html_table
from vbench_mem.report.write.html_figure import inline
from vbench_mem.report.write.plain import clean, not_drawn, published_note


def html_page(document: Document) -> str:
    """The whole page as text."""
    drawn = [it for it in document.blocks() if isinstance(it, Figure) and it.svg is not None]
    # anchors have no underscore, so no id occurs twice
    prefixes = {id(figure): f"f{number}_" for number, figure in enumerate(drawn)}
    script = part("page.js")
    return template().render(
        document=document,
        published_note=published_note,
        prefix_of=lambda figure: prefixes[id(figure)],
        inline=inline,
        kind=lambda block: type(block).__name__,
        not_drawn=not_drawn,
        policy=policy(script),
        script=Markup(script),
        style=Markup(part("page.css")),
        t=html_table,
    )


def policy(script: str) -> str:
    """The content security policy: this script and inline styles only, no address is loaded."""
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
