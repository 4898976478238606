"""A figure inside a page: its SVG with a prefix before each id, without scripts, event handlers and
outside addresses, and with a tooltip on each mark."""

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from markupsafe import Markup

from vbench_mem.report.document import Figure
from vbench_mem.report.marks import Mark
from vbench_mem.report.write.plain import clean, safe_link

Element = ElementTree.Element
# a style element would apply to the whole page; page.css has what figures need
REMOVED = {"metadata", "script", "style", "foreignObject"}
FONT = re.compile(r"font-family: ?[^;]*;? ?")


def inline(figure: Figure, prefix: str) -> Markup:
    """The SVG as HTML, without its root's size; `prefix` goes before every id."""
    assert figure.svg is not None
    root = ElementTree.fromstring(figure.svg)
    scrub(root, prefix)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("id", f"{prefix}svg")
    root.set("aria-labelledby", f"{prefix}title {prefix}caption")
    add_tips(root, prefix, figure.tips)
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
        if local(child.tag) in REMOVED:
            element.remove(child)
        else:
            scrub(child, prefix)


def attribute(name: str, value: str, prefix: str) -> str | None:
    """The attribute's value on the page; None where a page must not have it."""
    if name.lower().startswith("on"):
        return None
    if name == "id":
        return prefix + value
    if name == "href":
        if value.startswith("#"):
            return f"#{prefix}{value[1:]}"
        return value if value.startswith("data:image/") else None
    if name == "style":
        value = FONT.sub("", value)
    return " ".join(value.replace("url(#", f"url(#{prefix}").split())


def add_tips(root: Element, prefix: str, tips: Mapping[str, Sequence[Mark]]) -> None:
    """Each mark gets its numbers as `data-tip` and a link to its record. Marks are the `use`
    elements of a group in their order; without any, the group itself."""
    parents = {child: parent for parent in root.iter() for child in parent}
    for group in list(root.iter("g")):
        marks = tips.get((group.get("id") or "").removeprefix(prefix), ())
        for element, mark in zip(list(group.iter("use")) or [group], marks, strict=False):
            element.set("data-tip", tip_text(mark))
            link = safe_link(mark.link) if mark.link else None
            if link:
                wrap(element, parents[element], link)


def wrap(element: Element, parent: Element, link: str) -> None:
    """Keyboards reach records through the table of rows: a figure may have hundreds of marks."""
    anchor = Element("a", {"href": link, "tabindex": "-1"})
    place = list(parent).index(element)
    parent[place] = anchor
    anchor.append(element)


def tip_text(mark: Mark) -> str:
    """Label, one line for each number, and the id of the record."""
    record = [f"record {mark.cell_id}"] if mark.cell_id else []
    lines = [mark.label, *(f"{name}: {text}" for name, text in mark.facts), *record]
    return clean("\n".join(lines))
