"""The same verdicts for people, for JUnit and for GitHub: nothing in them can break the form."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as xml

import pytest

from vbench_mem.analysis.budgets.file import PlacedBudget
from vbench_mem.analysis.budgets.github import annotations, command, markdown, summary
from vbench_mem.analysis.budgets.junit import junit_text, write_junit
from vbench_mem.analysis.budgets.result import CheckResult, lines_of
from vbench_mem.analysis.budgets.verdict import BudgetOutcome, Verdict
from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.budget import Budget

NOTHING_TO_JUDGE = BudgetOutcome.NOTHING_TO_JUDGE
FAIL = Verdict(
    outcome=BudgetOutcome.FAIL,
    metric="predicted_peak_bytes",
    kind="max_growth",
    label="a<b> frames=4",
    message='a<b> frames=4: 50 % above, "quoted" & more, limit 1 %',
    notes=("at the peak grew: video.blocks.*.mlp_x activation +1 B | more",),
)
PASS = Verdict(
    outcome=BudgetOutcome.PASS,
    metric="predicted_peak_bytes",
    kind="max_growth",
    label="good",
    message="good: fine",
    budget=1,
)


def result_of(*verdicts: Verdict, **fields: Any) -> CheckResult:
    budget = Budget.model_validate({"metric": "predicted_peak_bytes", "max_growth": 0.01})
    stated = (
        PlacedBudget(budget, Path("some/gate, x.yaml"), "budgets[0]", 7),
        PlacedBudget(budget, Path("budgets.yaml"), "budgets[3]", None),
    )
    return CheckResult(name="gate", placed=stated, verdicts=verdicts, **fields)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (result_of(PASS), 0),
        (result_of(PASS, FAIL), 1),
        (result_of(FAIL, reason="no records"), 1),
        (result_of(PASS, reason="no records"), 3),
        (result_of(PASS, replace(PASS, outcome=NOTHING_TO_JUDGE)), 3),
        (result_of(), 3),
    ],
)
def test_a_failure_sets_the_exit_code_before_nothing_to_judge(
    result: CheckResult, code: int
) -> None:
    assert result.exit_code == result.dump()["exit_code"] == code


def test_notes_and_hints_stand_below_their_line() -> None:
    assert list(lines_of(result_of(PASS))) == ["PASS good: fine", "verdicts: 1 (1 pass)"]
    two = replace(FAIL, notes=("one", "two\nthree"), hint="four")
    text = "\n".join(lines_of(result_of(two)))
    assert text.splitlines()[1:-1] == ["     one", "     two", "     three", "     four"]


def test_failures_are_printed_last_and_counted() -> None:
    other = replace(FAIL, message="other", notes=(), baseline=5)
    idle = replace(PASS, outcome=NOTHING_TO_JUDGE, message="idle")
    lines = list(lines_of(result_of(FAIL, PASS, other, idle)))
    assert [line.splitlines()[0] for line in lines] == [
        "PASS good: fine",
        f"FAIL {FAIL.message}",
        "FAIL other",
        "NOTHING TO JUDGE idle",
        "verdicts: 4 (1 pass, 2 fail, 1 nothing to judge)",
        "to accept the growth: run this check with --update-baseline",
    ]
    assert list(lines_of(result_of(PASS)))[1:] == ["verdicts: 1 (1 pass)"]
    assert list(lines_of(result_of(FAIL)))[1:] == ["verdicts: 1 (1 fail)"]  # over no baseline
    assert list(lines_of(result_of())) == []


def test_a_note_is_printed_once_for_each_cell_and_kept_in_the_verdicts() -> None:
    grew = FAIL.notes[0]
    cell = replace(FAIL, cell_id="one")
    more = replace(cell, message="more", notes=(grew, "and this"))
    result = result_of(cell, more, replace(cell, cell_id="two"))
    assert [text.splitlines()[1:] for text in list(lines_of(result))[:3]] == [
        [f"     {grew}"], ["     and this"], [f"     {grew}"],
    ]  # fmt: skip
    assert [each["notes"] for each in result.dump()["verdicts"]][1] == (grew, "and this")
    assert junit_text(result).count("at the peak grew") == 3


def test_junit_counts_and_names_every_verdict() -> None:
    idle = replace(PASS, outcome=NOTHING_TO_JUDGE, message="no row to judge", label="")
    root = xml.fromstring(junit_text(result_of(PASS, FAIL, idle, reason="no records")))
    (suite,) = root
    assert suite.tag == "testsuite"
    for counted in (root, suite):
        counts = [counted.get(name) for name in ("tests", "failures", "errors", "skipped")]
        assert counts == ["4", "1", "2", "0"]
    cases = suite.findall("testcase")
    assert int(suite.get("tests", "")) == len(cases)
    assert [[child.tag for child in case] for case in cases] == [
        [], ["failure"], ["error"], ["error"],
    ]  # fmt: skip
    assert cases[0].get("classname") == "gate.budgets.budgets[3]"
    assert cases[1].get("file") == "some/gate, x.yaml" and cases[1].get("line") == "7"
    assert cases[1].get("name") == "a<b> frames=4 predicted_peak_bytes max_growth"


def test_junit_keeps_any_text_and_drops_characters_that_xml_cannot_represent() -> None:
    odd = replace(FAIL, message="]]> <&\"' \x00\x1b[31m\ud800 é \U0001f600\nsecond", notes=())
    (failure,) = xml.fromstring(junit_text(result_of(odd))).iter("failure")
    assert failure.get("message") == "]]> <&\"' \ufffd\ufffd[31m\ufffd é \U0001f600\nsecond"
    (plain,) = xml.fromstring(junit_text(result_of(FAIL))).iter("failure")
    assert plain.get("message") == FAIL.message
    assert plain.text == f"{FAIL.message}\n{FAIL.notes[0]}"


def test_junit_keeps_cases_of_one_name_apart() -> None:
    cases = xml.fromstring(junit_text(result_of(FAIL, FAIL, PASS, PASS))).iter("testcase")
    names = [(case.get("classname"), case.get("name")) for case in cases]
    assert len(set(names)) == 4


def test_equal_checks_write_equal_junit_files(tmp_path: Path) -> None:
    for name in ("one.xml", "other.xml"):
        write_junit(result_of(FAIL, PASS), tmp_path / name)
    assert (tmp_path / "one.xml").read_bytes() == (tmp_path / "other.xml").read_bytes()
    with pytest.raises(UsageError, match="choose another file with --junit"):
        write_junit(result_of(FAIL), tmp_path / "one.xml" / "x.xml")


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """As GitHub's runner reads a command. Source: actions/runner, ActionCommand.cs."""
    assert line.startswith("::") and "\n" not in line and "\r" not in line
    head, message = line[2:].split("::", 1)
    name, _, rest = head.partition(" ")

    def unescape(text: str, more: tuple[tuple[str, str], ...] = ()) -> str:
        escapes = (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%"))
        for written, meant in escapes:
            text = text.replace(written, meant)
        return text

    properties = {}
    for part in rest.split(","):
        key, _, value = part.partition("=")
        properties[key] = unescape(value, (("%3A", ":"), ("%2C", ",")))
    return name, properties, unescape(message)


def test_an_annotation_is_read_back_as_it_was_meant() -> None:
    title, text = "50 %, a: b\nc::d %3A", "100 % of\r\nx::error::y, z: %0A"
    line = command("error", {"file": "a:b,c.yaml", "line": "3", "title": title}, text)
    assert line.startswith("::error file=a%3Ab%2Cc.yaml,line=3,title=50 %25%2C a%3A b%0Ac")
    name, properties, message = parsed(line)
    assert (name, message) == ("error", text)
    assert properties == {"file": "a:b,c.yaml", "line": "3", "title": title}


def test_annotations_point_at_the_budget_and_failures_come_first(tmp_path: Path) -> None:
    less = replace(PASS, hint="needs less")
    result = result_of(less, PASS, FAIL, stale=("gone frames=4",), reason="no records")
    inside = replace(result.placed[0], path=tmp_path / "sub" / "m.yaml")
    result = replace(result, placed=(inside, result.placed[1]))
    lines = [parsed(line) for line in annotations(result, tmp_path)]
    assert [(name, message.splitlines()[0]) for name, _, message in lines] == [
        ("error", FAIL.message),
        ("notice", "needs less"),
        ("error", "no records"),
        (
            "notice",
            "gone frames=4: is in the baseline but not in the matrix; "
            "run this check with --update-baseline to remove it",
        ),
    ]
    assert lines[0][1] == {
        "file": "sub/m.yaml", "line": "7", "title": "FAIL predicted_peak_bytes max_growth",
    }  # fmt: skip
    assert "line" not in lines[1][1]


@pytest.mark.parametrize(
    ("broken", "reason", "places", "more"),
    [(10, None, 10, None), (11, None, 9, "2"), (14, None, 9, "5"), (9, "no records", 9, None),
     (10, "no records", 8, "2")],
)  # fmt: skip
def test_ten_errors_at_most_are_annotated_and_the_others_are_counted(
    broken: int, reason: str | None, places: int, more: str | None, tmp_path: Path
) -> None:
    result = result_of(*[FAIL] * broken, PASS, reason=reason)
    lines = [parsed(line) for line in annotations(result, tmp_path)]
    assert {name for name, _, _ in lines} == {"error"} and len(lines) <= 10
    assert sum("file" in properties for _, properties, _ in lines) == places
    counted = [text.split()[0] for _, _, text in lines if "the summary of the job" in text]
    assert counted == ([more] if more else [])
    assert summary(result).count("**FAIL**") == broken


def test_a_summary_is_one_table_with_the_failures_first() -> None:
    text = summary(result_of(PASS, FAIL, stale=("gone",)))
    lines = text.splitlines()
    assert lines[0] == "### vbench-mem check gate, verdicts: 2 (1 pass, 1 fail)"
    table = [line for line in lines if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in table] == ["verdict", "---", "**FAIL**", "pass"]
    for line in table:  # no text makes a column of its own
        assert line.replace("\\|", "").count("|") == 5
    assert "<br>at the peak grew: video.blocks.\\*.mlp\\_x" in table[2]
    assert "a\\<b\\> frames=4" in table[2] and "gate, x.yaml:7" in table[2]
    assert text.endswith("\n") and lines[-1].startswith("- gone: is in the baseline")


def test_text_in_markdown_is_shown_as_it_is() -> None:
    assert markdown("a*b_c `d` [e](f) | <g>") == "a\\*b\\_c \\`d\\` \\[e\\](f) \\| \\<g\\>"
    assert markdown("one\ntwo") == "one<br>two"
