"""A check as JUnit XML, which CI systems show as tests: one case for each verdict, without times.

Source: the schema of Jenkins' xunit plugin, junit-10.xsd, which other CI systems read as well.
"""

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as xml

from vbench_mem.analysis.budgets.result import CheckResult
from vbench_mem.analysis.budgets.verdict import BudgetOutcome, Verdict
from vbench_mem.base.errors import UsageError, cannot_write
from vbench_mem.base.files import write_file

# characters that XML 1.0 cannot represent, not even escaped
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
OTHER_FILE = "choose another file with --junit"


def junit_text(result: CheckResult) -> str:
    """A failed budget is a failure; one that could not be judged is an error, never a pass."""
    outcomes = Counter(verdict.outcome for verdict in result.verdicts)
    errors = outcomes[BudgetOutcome.NOTHING_TO_JUDGE] + (result.reason is not None)
    counts = {
        "tests": len(result.verdicts) + (result.reason is not None),
        "failures": outcomes[BudgetOutcome.FAIL],
        "errors": errors,
        "skipped": 0,
    }
    facts = {"name": f"vbench-mem check {result.name}"}
    facts |= {name: str(count) for name, count in counts.items()}
    root = xml.Element("testsuites", clean(facts))
    suite = xml.SubElement(root, "testsuite", clean(facts))
    seen: Counter[str] = Counter()
    for verdict in result.verdicts:
        add_case(suite, result, verdict, seen)
    if result.reason is not None:
        case = xml.SubElement(
            suite, "testcase", clean({"classname": result.name, "name": "records"})
        )
        xml.SubElement(case, "error", clean({"message": result.reason, "type": "records"}))
    xml.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, "unicode") + "\n"


def add_case(suite: xml.Element, result: CheckResult, verdict: Verdict, seen: Counter[str]) -> None:
    """CI systems show two cases of one name as one, so the second is numbered."""
    budget = result.budget_of(verdict)
    name = f"{verdict.label} {verdict.metric} {verdict.kind}".strip()
    classname = f"{result.name}.{budget.path.stem}.{budget.place}"
    seen[f"{classname} {name}"] += 1
    number = seen[f"{classname} {name}"]
    facts = {
        "classname": classname,
        "name": name if number == 1 else f"{name} ({number})",
        "file": str(budget.path),
    }
    if budget.line is not None:
        facts["line"] = str(budget.line)
    case = xml.SubElement(suite, "testcase", clean(facts))
    if not verdict.passes:
        tag = "failure" if verdict.outcome is BudgetOutcome.FAIL else "error"
        facts = {"message": verdict.message, "type": verdict.kind}
        below = xml.SubElement(case, tag, clean(facts))
        below.text = clean_text("\n".join([verdict.message, *verdict.notes]))


def clean(facts: dict[str, str]) -> dict[str, str]:
    return {name: clean_text(text) for name, text in facts.items()}


def clean_text(text: str) -> str:
    """Without characters that XML cannot represent; the writer escapes the others."""
    return FORBIDDEN.sub("\ufffd", text)


def make_parent(path: Path) -> None:
    """Make the folder of the file before any work; raises `UsageError` where that fails."""
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder; {OTHER_FILE}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error, OTHER_FILE) from error


def write_junit(result: CheckResult, path: Path) -> None:
    """Raises `UsageError` where the file cannot be written."""
    try:
        write_file(path, junit_text(result))
    except OSError as error:
        raise cannot_write(path, error, OTHER_FILE) from error
