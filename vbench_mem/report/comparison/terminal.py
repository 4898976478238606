"""A comparison on a terminal: changed rows, the worst first; equal rows are only counted."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from vbench_mem.analysis.compare.differences import Difference, Judgement, Matched
from vbench_mem.analysis.compare.pairing import Unmatched
from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.analysis.compare.side import Side
from vbench_mem.report.comparison import wording

SHOWN = 3  # metrics of one row; the others are counted
MOST_UNMATCHED = 10
STYLES: dict[Judgement, str] = {
    Judgement.WORSE: "red",
    Judgement.BETTER: "green",
    Judgement.CHANGED: "yellow",
}
INDENT, GAP = 2, "  "


def draw(comparison: Comparison, console: Console) -> None:
    for letter, side in (("A", comparison.before), ("B", comparison.after)):
        say(console, f"{letter}  {side.title}, {wording.about(side)}")
    for label, text in wording.setting_facts(comparison):
        say(console, f"{label}: {text}")
    for note in wording.notes(comparison):
        say(console, note)
    console.print()
    for label, text in wording.facts(comparison):
        say(console, f"{label}: {text}", "bold")
    draw_rows(comparison, console)
    for label, text in wording.unchanged_facts(comparison):
        console.print()
        say(console, f"{label}: {text}")
    if comparison.moved:
        console.print()
    for each in comparison.moved:
        say(console, wording.recall_text(each))
    draw_unmatched(comparison.only_before, comparison.before, console)
    draw_unmatched(comparison.only_after, comparison.after, console)


def draw_rows(comparison: Comparison, console: Console) -> None:
    """A heading for each row, below it its metrics in columns aligned over all rows."""
    listed = [(row, lines_of(row, comparison.is_unlike)) for row in comparison.rows]
    listed = [(row, lines) for row, lines in listed if lines or row.is_changed or row.ending]
    cells = [cells_of(each) for _, lines in listed for each in lines[:SHOWN]]
    widths = [max((len(cell[place]) for cell in cells), default=0) for place in range(3)]
    for row, lines in listed:
        console.print()
        say(console, row.label, "bold")
        if ending := wording.ending_text(row):
            style = STYLES.get(row.ending or Judgement.INFORMATIONAL, "")
            say(console, ending, style, indent=INDENT)
        for each in lines[:SHOWN]:
            columns = zip(cells_of(each), widths, strict=True)
            text = Text("".join(f"{cell:<{width}}{GAP}" for cell, width in columns))
            text.append(wording.verdict_text(each), STYLES.get(each.verdict, ""))
            console.print(Padding(text, (0, 0, 0, INDENT), expand=False))
        if rest := len(lines[SHOWN:]):
            say(console, f"and {rest} more", indent=INDENT)
        for sentence in row.why:
            say(console, sentence, indent=INDENT)


def lines_of(row: Matched, is_unlike: bool) -> list[Difference]:
    """The first `SHOWN` are printed, so the step time is among them."""
    lines = wording.counted(row)
    step = [each for each in lines if each.metric == "step_ms"]
    rest = [each for each in lines if each.metric != "step_ms"]
    some = SHOWN - len(step)
    return [*rest[:some], *step, *rest[some:], *(wording.unjudged(row) if is_unlike else [])]


def cells_of(each: Difference) -> tuple[str, str, str]:
    return wording.head_of(each.metric), wording.values_text(each), each.text


def draw_unmatched(some: Sequence[Unmatched], side: Side, console: Console) -> None:
    if not some:
        return
    console.print()
    say(console, f"Rows only in {side.title}: {len(some)}")
    for each in some[:MOST_UNMATCHED]:
        say(console, f"{each.label}{f' ({each.note})' if each.note else ''}", indent=INDENT)
    if rest := len(some[MOST_UNMATCHED:]):
        say(console, f"and {rest} more; --json lists all", indent=INDENT)


def say(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    shown = Text(clean(text), style, overflow="fold")
    console.print(Padding(shown, (0, 0, 0, indent), expand=False))


def clean(text: str) -> str:
    """Names come from files: a question mark replaces control characters."""
    return "".join(each if each.isprintable() else "?" for each in text)
