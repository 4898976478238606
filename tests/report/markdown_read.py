"""What the tests of the Markdown share: markdown-it, with tables and raw HTML, as its reader."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from vbench_mem.report.document import (
    Block,
    Column,
    Document,
    Field,
    Group,
    Section,
    Table,
    line,
)


@dataclass
class Page(HTMLParser):
    """Tags with their attributes in order, all text, and the text of each of some elements."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th", "h1", "h2", "h3", "li", "summary", "blockquote", "pre"):
            self.texts.append((tag, ""))
            self.inside.append(tag)
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if self.inside:
            tag, text = self.texts[-1]
            self.texts[-1] = (tag, text + data.replace("\u200b", ""))

    def all(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]

    def attributes(self, tag: str, name: str) -> list[str | None]:
        return [attrs.get(name) for each, attrs in self.tags if each == tag]


def shown(text: str) -> Page:
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    page = Page()
    page.feed(reader.render(text))
    page.close()
    return page


def one(*blocks: Block, title: str = "t") -> Document:
    return Document(
        title=title, about="m", sections=(Section(title="S", anchor="s", blocks=blocks),)
    )


def table(rows: int, columns: int = 2) -> Table:
    heads = (Column("name"), *(Column(f"c{n}", True) for n in range(1, columns)))
    said = tuple(
        (Field(line(f"row_{r}")), *(Field(line(f"{r}.{c}")) for c in range(1, columns)))
        for r in range(rows)
    )
    return Table(name="t", columns=heads, groups=(Group(said),))
