"""Report of every tensor when weights are loaded into an encoder. No torch."""

import re
from collections import Counter
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from vbench_mem.base.errors import UsageError

Fate = Literal["loaded", "resized", "new", "unused"]
FATES: tuple[Fate, ...] = ("loaded", "resized", "new", "unused")
Shape = tuple[int, ...]
SHOWN = 3  # names in a sentence


@dataclass(frozen=True, kw_only=True)
class Line:
    """One tensor.

    name    ours; the file's for an unused one
    source  names in the file that it was made of; empty for a new one
    shape   ours; the file's for an unused one; `before` where it was resized
    why     how it was made, or why it is new or unused
    expected  known for such a pair, or allowed; else it is surprising
    """

    fate: Fate
    name: str
    source: tuple[str, ...] = ()
    shape: Shape = ()
    before: Shape | None = None
    why: str = ""
    expected: bool = True


@dataclass(frozen=True, kw_only=True)
class Report:
    """All lines of one file into one encoder, in the encoder's order, the unused ones last.

    bias  of the source's sigmoid loss, where its captions were loaded
    """

    path: str
    source: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    bias: float | None = None

    def names(self, fate: Fate) -> list[str]:
        return [line.name for line in self.lines if line.fate == fate]

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(line.fate for line in self.lines)
        return {fate: found[fate] for fate in FATES}

    @property
    def surprising(self) -> list[Line]:
        return [line for line in self.lines if not line.expected]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready: what a record keeps."""
        lines = [asdict(line) for line in self.lines]
        return {
            "path": self.path,
            "source": self.source,
            "counts": self.counts,
            "notes": list(self.notes),
            "lines": lines,
        }


def refuse(report: Report) -> None:
    """Raises `UsageError` where a tensor is surprising, with the patterns that allow it."""
    lines = report.surprising
    if not lines:
        return
    named = ", ".join(f"{line.fate} {line.name} ({line.why})" for line in lines[:SHOWN])
    rest = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    wanted = list(dict.fromkeys(f"{line.fate}:{above(line.name)}*" for line in lines))
    raise UsageError(
        f"{report.path}: not expected of a {report.source} file here: {named}{rest}; choose an "
        f"encoder that fits, or allow: [{', '.join(wanted)}]"
    )


def above(name: str) -> str:
    """Common prefix of similar tensors: up to the first number, else the first two words."""
    number = re.search(r"(?<=\.)\d+\.", name)
    if number:
        return name[: number.start()]
    words = name.split(".")
    return ".".join([*words[: min(2, len(words) - 1)], ""]) if len(words) > 1 else name


def check_allow(allow: tuple[str, ...]) -> None:
    """Raises `UsageError` for a pattern that cannot match."""
    for pattern in allow:
        if not pattern.startswith(("new:", "unused:")):
            raise UsageError(
                f"allow: '{pattern}' is not a pattern; write new:<names of the encoder's "
                "tensors> or unused:<names of the file's>, * for any letters"
            )


def matches(line: Line, allow: tuple[str, ...]) -> bool:
    """Is it covered by one of `new:<glob of our names>` or `unused:<glob of the file's>`?"""
    return any(fnmatchcase(f"{line.fate}:{line.name}", pattern) for pattern in allow)
