"""A figure inside a page: its SVG made fit for HTML, and what its marks are as JSON.

Nothing is drawn here: ids get a prefix, colours become variables, and all that a page must not hold
(scripts, handlers, addresses outside) is left out.
"""

import json
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from vbench_mem.report.document import Figure
from vbench_mem.report.marks import Mark
from vbench_mem.report.write.html_shades import recoloured
from vbench_mem.report.write.plain import clean, safe_link

Element = ElementTree.Element
# the style of a figure's file would be that of the whole page: page.css has it for figures alone
LEFT_OUT = {"metadata", "script", "style", "foreignObject"}
FONT = re.compile(r"font-family: ?[^;]*;? ?")
PATCH = re.compile(r"patch_\d+")
IN_JSON = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


def inline(svg: str, prefix: str) -> Markup:
    """The SVG as HTML, without its root's size; `prefix` goes before every id."""
    root = ElementTree.fromstring(svg)
    drop_paper(root)
    scrub(root, prefix)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("id", f"{prefix}svg")
    root.set("aria-labelledby", f"{prefix}title {prefix}caption")
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def local(name: str) -> str:
    return name.rpartition("}")[2]


def scrub(element: Element, prefix: str) -> None:
    element.tag = local(element.tag)
    element.tail = None if not (element.tail or "").strip() else element.tail
    attributes = {local(name): value for name, value in element.attrib.items()}
    element.attrib.clear()
    for name, value in attributes.items():
        kept = attribute(name, value, prefix)
        if kept is not None:
            element.set(name, kept)
    if element.tag != "text" and not (element.text or "").strip():
        element.text = None
    for child in list(element):
        if local(child.tag) in LEFT_OUT:
            element.remove(child)
        else:
            scrub(child, prefix)


def attribute(name: str, value: str, prefix: str) -> str | None:
    """The attribute's value on the page; None for what a page must not hold."""
    if name.lower().startswith("on"):
        return None
    if name == "id":
        return prefix + value
    if name == "href":
        if value.startswith("#"):
            return f"#{prefix}{value[1:]}"
        return value if value.startswith("data:image/") else None
    if name in ("style", "fill", "stroke"):
        value = recoloured(FONT.sub("", value))
    return " ".join(value.replace("url(#", f"url(#{prefix}").split())


def drop_paper(root: Element) -> None:
    """White rectangles behind a figure and its axes, which would hide what is behind them."""
    for group in root.iter():
        if group.get("id", "").startswith(("figure_", "axes_")):
            for child in list(group)[:1]:
                if PATCH.fullmatch(child.get("id", "")) and "fill: #ffffff" in (
                    child[0].get("style", "") if len(child) else ""
                ):
                    group.remove(child)


def told(figures: Sequence[tuple[str, Figure]]) -> Markup:
    """What the page's script has to know of each figure, by its prefix, as text of a JSON island.

    names   of all facts of the figure; a mark is [label, link, cell id, number of name, text, ...]
    tracks  [id, [series and groups], marks]
    legend  [id, series or group]
    """
    known = {prefix: facts_of(figure, prefix) for prefix, figure in figures}
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    return Markup(clean(text).translate(IN_JSON))


def facts_of(figure: Figure, prefix: str) -> dict[str, Any]:
    names: dict[str, int] = {}

    def mark(it: Mark) -> list[Any]:
        link = safe_link(it.link) if it.link else None
        facts = [
            part for name, text in it.facts for part in (names.setdefault(name, len(names)), text)
        ]
        return [it.label, link, it.cell_id, *facts]

    tracks = [
        [prefix + track.gid, [track.series, *track.groups], [mark(it) for it in track.marks]]
        for track in figure.tracks
    ]
    legend = [[prefix + gid, series] for gid, series in figure.legend_series.items()]
    return {"names": list(names), "tracks": tracks, "legend": legend}
