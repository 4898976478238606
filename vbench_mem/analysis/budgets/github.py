"""A check on GitHub: annotations at the line of the budget, and the summary of the job.

Source of the escapes: actions/toolkit, packages/core/src/command.ts. Asks nothing of a network.
"""

import re
from pathlib import Path

from vbench_mem.analysis.budgets.grown import AGREE
from vbench_mem.analysis.budgets.result import Result
from vbench_mem.analysis.budgets.verdict import Verdict

MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~&])")
SHOWN = 10  # errors of one step, by GitHub
HEAD = ("| verdict | cell | budget | what |", "|---|---|---|---|")


def annotations(result: Result, workspace: Path) -> list[str]:
    """Workflow commands: an error for each verdict that does not pass, a notice for each hint.

    What fails comes first. Only the first ten errors of a step are shown: the last of them says
    how many more there are.
    """
    lines = []
    broken = [verdict for verdict in result.verdicts if verdict.outcome != "pass"]
    room = SHOWN - (result.reason is not None)
    shown = broken if len(broken) <= room else broken[: room - 1]
    for verdict in shown:
        text = "\n".join([verdict.message, *verdict.notes])
        place = place_of(result, verdict, workspace)
        lines.append(command("error", place | {"title": title_of(verdict)}, text))
    if len(shown) < len(broken):
        text = f"{len(broken) - len(shown)} more do not pass; the job's summary lists them"
        lines.append(command("error", {"title": "vbench-mem check"}, text))
    for verdict in result.verdicts:
        if verdict.outcome == "pass" and verdict.hint is not None:
            place = place_of(result, verdict, workspace)
            lines.append(command("notice", place | {"title": title_of(verdict)}, verdict.hint))
    if result.reason is not None:
        lines.append(command("error", {"title": "vbench-mem check"}, result.reason))
    return lines + [
        command("notice", {"title": "vbench-mem check"}, stale_text(name)) for name in result.stale
    ]


def stale_text(name: str) -> str:
    return f"{name}: in the baseline, and no cell of the matrix; {AGREE}"


def title_of(verdict: Verdict) -> str:
    return f"{verdict.word} {verdict.metric} {verdict.kind}"


def place_of(result: Result, verdict: Verdict, workspace: Path) -> dict[str, str]:
    """File, from the root of the checkout, and line of the budget."""
    stated = result.place(verdict)
    path = stated.path.resolve()
    root = workspace.resolve()
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    place = {"file": shown.as_posix()}
    return place if stated.line is None else place | {"line": str(stated.line)}


def command(name: str, properties: dict[str, str], text: str) -> str:
    """`::error file=a.yaml,line=3,title=FAIL::what`."""
    written = ",".join(f"{key}={escape_property(value)}" for key, value in properties.items())
    return f"::{name} {written}::{escape(text)}"


def escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    return escape(text).replace(":", "%3A").replace(",", "%2C")


def summary(result: Result) -> str:
    """Markdown: one table, what does not pass first."""
    lines = [f"### vbench-mem check {markdown(result.headline)}", ""]
    if result.reason is not None:
        lines += [f"Not all could be judged: {markdown(result.reason)}", ""]
    if result.verdicts:
        lines += [*HEAD, *(row_of(result, verdict) for verdict in result.told()), ""]
    lines += [f"- {markdown(stale_text(name))}" for name in result.stale]
    return "\n".join(lines).rstrip("\n") + "\n"


def row_of(result: Result, verdict: Verdict) -> str:
    stated = result.place(verdict)
    at = f"{stated.path.name}:{stated.line}" if stated.line is not None else stated.path.name
    what = verdict.message.removeprefix(f"{verdict.label}: ")
    below = [*verdict.notes, *([verdict.hint] if verdict.hint is not None else [])]
    word = {"pass": "pass", "fail": "**FAIL**", "nothing": "**nothing to judge**"}[verdict.outcome]
    said = "<br>".join(markdown(text) for text in (what, *below))
    return f"| {word} | {markdown(verdict.label)} | {markdown(at)} | {said} |"


def markdown(text: str) -> str:
    """Text that Markdown shows as it is, in one line of a table."""
    return "<br>".join(MARKDOWN.sub(r"\\\1", line) for line in text.splitlines())
