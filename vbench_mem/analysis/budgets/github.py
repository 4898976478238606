"""A check on GitHub: annotations at the line of the budget, and the summary of the job.

Source of the escapes: actions/toolkit, packages/core/src/command.ts. Uses no network.
"""

import re
from pathlib import Path

from vbench_mem.analysis.budgets.judge_growth import ACCEPT
from vbench_mem.analysis.budgets.result import CheckResult
from vbench_mem.analysis.budgets.verdict import Verdict

MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~&])")
MOST_ERRORS = 10  # that GitHub shows of one step
HEAD = ("| verdict | cell | budget | reason |", "|---|---|---|---|")


def annotations(result: CheckResult, workspace: Path) -> list[str]:
    """Workflow commands: an error for each verdict that does not pass, a notice for each hint."""
    lines = []
    failing = [verdict for verdict in result.verdicts if not verdict.passes]
    most = MOST_ERRORS - (result.reason is not None)
    shown = failing if len(failing) <= most else failing[: most - 1]
    for verdict in shown:
        text = "\n".join([verdict.message, *verdict.notes])
        lines.append(command("error", place_of(result, verdict, workspace), text))
    if len(shown) < len(failing):
        text = f"{len(failing) - len(shown)} more verdicts do not pass; see the summary of the job"
        lines.append(command("error", {"title": "vbench-mem check"}, text))
    for verdict in result.verdicts:
        if verdict.passes and verdict.hint is not None:
            place = place_of(result, verdict, workspace)
            lines.append(command("notice", place, verdict.hint))
    if result.reason is not None:
        lines.append(command("error", {"title": "vbench-mem check"}, result.reason))
    return lines + [
        command("notice", {"title": "vbench-mem check"}, stale_text(name)) for name in result.stale
    ]


def stale_text(name: str) -> str:
    return f"{name}: is in the baseline but not in the matrix; {ACCEPT} to remove it"


def place_of(result: CheckResult, verdict: Verdict, workspace: Path) -> dict[str, str]:
    """File, from the root of the checkout, line of the budget, and a title."""
    budget = result.budget_of(verdict)
    path = budget.path.resolve()
    root = workspace.resolve()
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    place = {"file": shown.as_posix()}
    place |= {} if budget.line is None else {"line": str(budget.line)}
    return place | {"title": f"{verdict.word} {verdict.metric} {verdict.kind}"}


def command(name: str, properties: dict[str, str], text: str) -> str:
    """`::error file=a.yaml,line=3,title=FAIL::what`."""
    written = ",".join(f"{key}={escape_property(value)}" for key, value in properties.items())
    return f"::{name} {written}::{escape(text)}"


def escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    return escape(text).replace(":", "%3A").replace(",", "%2C")


def summary(result: CheckResult) -> str:
    """Markdown: one table, failures first."""
    lines = [f"### vbench-mem check {markdown(result.name)}, {result.counts}", ""]
    if result.reason is not None:
        lines += [f"Some budgets could not be judged: {markdown(result.reason)}", ""]
    if result.verdicts:
        failures_first = sorted(result.verdicts, key=lambda verdict: verdict.passes)
        lines += [*HEAD, *(row_of(result, verdict) for verdict in failures_first), ""]
    lines += [f"- {markdown(stale_text(name))}" for name in result.stale]
    return "\n".join(lines).rstrip("\n") + "\n"


def row_of(result: CheckResult, verdict: Verdict) -> str:
    budget = result.budget_of(verdict)
    at = f"{budget.path.name}:{budget.line}" if budget.line is not None else budget.path.name
    what = verdict.message.removeprefix(f"{verdict.label}: ")
    reason = "<br>".join(markdown(text) for text in (what, *verdict.notes_and_hint))
    outcome = "pass" if verdict.passes else f"**{verdict.word}**"
    return f"| {outcome} | {markdown(verdict.label)} | {markdown(at)} | {reason} |"


def markdown(text: str) -> str:
    """Escaped for one cell of a Markdown table."""
    return "<br>".join(MARKDOWN.sub(r"\\\1", line) for line in text.splitlines())
