"""A check as JUnit XML, the form that CI systems show as tests: one case for each verdict.

No times and no names of machines, so that equal checks write equal files.
Source: the schema of Jenkins' xunit plugin, junit-10.xsd, as other CI systems read it too.
"""

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as xml

from vbench_mem.analysis.budgets.result import Result
from vbench_mem.analysis.budgets.verdict import Verdict
from vbench_mem.base.errors import UsageError, cannot_write
from vbench_mem.base.files import write_file

# XML 1.0 has no way to write these, not even escaped
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
OTHER_FILE = "choose another file with --junit"


def junit_text(result: Result) -> str:
    """A broken budget is a failure; what could not be judged is an error, never a pass."""
    outcomes = Counter(verdict.outcome for verdict in result.verdicts)
    errors = outcomes["nothing"] + (result.reason is not None)
    counts = {
        "tests": len(result.verdicts) + (result.reason is not None),
        "failures": outcomes["fail"],
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


def add_case(suite: xml.Element, result: Result, verdict: Verdict, seen: Counter[str]) -> None:
    """Two cases of one name would be shown as one, so the second is numbered."""
    stated = result.place(verdict)
    name = f"{verdict.label} {verdict.metric} {verdict.kind}".strip()
    classname = f"{result.name}.{stated.path.stem}.{stated.place}"
    seen[f"{classname} {name}"] += 1
    number = seen[f"{classname} {name}"]
    facts = {
        "classname": classname,
        "name": name if number == 1 else f"{name} ({number})",
        "file": str(stated.path),
    }
    if stated.line is not None:
        facts["line"] = str(stated.line)
    case = xml.SubElement(suite, "testcase", clean(facts))
    if verdict.outcome != "pass":
        tag = "failure" if verdict.outcome == "fail" else "error"
        said = {"message": verdict.message, "type": verdict.kind}
        below = xml.SubElement(case, tag, clean(said))
        below.text = clean_text("\n".join([verdict.message, *verdict.notes]))


def clean(facts: dict[str, str]) -> dict[str, str]:
    return {name: clean_text(text) for name, text in facts.items()}


def clean_text(text: str) -> str:
    """Without what XML cannot hold; the writer itself escapes the rest."""
    return FORBIDDEN.sub("\ufffd", text)


def make_room(path: Path) -> None:
    """The folder of the file, before any work; raises `UsageError` where it cannot be."""
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; {OTHER_FILE}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error, OTHER_FILE) from error


def write_junit(result: Result, path: Path) -> None:
    """Raises `UsageError` where the file cannot be written."""
    try:
        write_file(path, junit_text(result))
    except OSError as error:
        raise cannot_write(path, error, OTHER_FILE) from error
