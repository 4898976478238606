"""Plain text in GitHub's Markdown: no markup, no tags, no mentions, no automatic links.

GitHub replaces `@name`, `#1`, `GH-1`, `:name:` and addresses after it reads Markdown, so escapes do
not help; a zero-width space between their characters does.
"""

import re
from functools import lru_cache
from html import escape
from urllib.parse import quote

from vbench_mem.report.document import Line, Span
from vbench_mem.report.write.plain import clean, safe_link

APART = "&#8203;"
CALLS = re.compile(
    r"@(?=\w)|#(?=\d)|\bGH-(?=\d)|:(?=[\w+-]+:)|:(?=//)|\bwww(?=\.)|\b(?:mailto|xmpp):",
    re.IGNORECASE,
)
MARKUP = re.compile(r"[\\`*\[\]~#]|(?<![^\W_])_|_(?![^\W_])")
STARTS = re.compile(r"(\d+)([.)])(?!\S)|([-+=:])")  # of a list, a heading, a table
BOLD = ("bad", "strong")


@lru_cache(maxsize=2**16)
def escaped(text: str) -> str:
    """The text within a line; its own line feeds become spaces."""
    text = MARKUP.sub(r"\\\g<0>", " ".join(clean(text).split("\n")))
    # In a table a backslash would not do: readers differ on what it means there.
    text = in_html(text).replace("|", "&#124;")
    return text.replace("$", "<span>$</span>")  # two of them would be a formula


def in_html(text: str) -> str:
    """The text between tags that begin a line, where Markdown is not read."""
    return CALLS.sub(rf"\g<0>{APART}", escape(clean(text), quote=False))


def line_text(line: Line, keeps_lines: bool = False) -> str:
    """A line, which is never more than one in the file, so that only its start needs a guard."""
    made = "".join(map(span_text, line))
    if keeps_lines:
        parts = [Span(part, it.tone, it.link) for it in line for part in feeds(it.text)]
        made = "".join("<br>" if part.text == "\n" else span_text(part) for part in parts)
    return re.sub(r"\s+", " ", made).strip()


def feeds(text: str) -> list[str]:
    return [part for part in re.split("(\n)", clean(text).rstrip("\n")) if part]


def guarded(text: str) -> str:
    """A line that begins a block, and could be taken for one of another kind."""
    text = text.strip()
    found = STARTS.match(text)
    if found is None:
        return text
    at = found.start(2) if found[2] else 0
    return f"{text[:at]}\\{text[at:]}"


def span_text(span: Span) -> str:
    """GitHub names headings itself, so that a link to an anchor of ours would lead nowhere."""
    made = code_text(span.text) if span.tone == "code" else escaped(span.text)
    if span.tone in BOLD:
        made = bold(made)
    link = "" if span.link is None or span.link.startswith("#") else span.link
    if not link or not span.text.strip() or not safe_link(link):
        return made
    return f"[{made}]({address(link)})"


def bold_line(made: str) -> str:
    """Bold text between spaces or line ends."""
    return f"**{made.strip()}**" if made.strip() else ""


def bold(made: str) -> str:
    """Stars are only read as such beside a letter or digit; a tag always is."""
    if made and made[0].isalnum() and made[-1].isalnum():
        return f"**{made}**"
    return f"<b>{made}</b>" if made.strip() else made


def code_text(text: str) -> str:
    if not text.strip():
        return escaped(text)
    if text != text.strip() or any(letter in text for letter in "`|\n\r\\"):
        return f"<code>{escaped(text)}</code>"
    return f"`{clean(text)}`"


def address(link: str) -> str:
    return quote(clean(link), safe="/:?#=&%+,@!~'.-_").replace("&", "&amp;")
