"""Predictions beside memory that others measured on real cards.

The committed table has the sources; a folder adds its own files, as `measured/folder.py` reads
them. Each run is rebuilt from its published description and predicted, with no GPU.
Run:  python -m tests.benchmarks.measured_cards [FOLDER] [--family NAME] [--limit N] [--markdown]
"""

import json
import sys
from argparse import ArgumentParser
from collections import Counter, defaultdict
from pathlib import Path

from rich.console import Console

from tests.benchmarks.measured.facts import Fact, read_table, write_table
from tests.benchmarks.measured.folder import read_folder
from tests.benchmarks.measured.judge import judge
from tests.benchmarks.measured.predicting import Answer, predict_all, run_of
from tests.benchmarks.measured.rebuild import FAMILIES
from tests.benchmarks.measured.show import markdown, print_table, print_worst


def with_folder(facts: list[Fact], folder: Path | None) -> list[Fact]:
    """The table's facts and those of the folder that it has not."""
    known = {(run_of(fact), fact.metric, fact.measured) for fact in facts}
    more = read_folder(folder) if folder else []
    return facts + [f for f in more if (run_of(f), f.metric, f.measured) not in known]


def at_most(facts: list[Fact], limit: int) -> list[Fact]:
    """Of each family so many, taken at even distances."""
    groups = defaultdict[str, list[Fact]](list)
    for fact in facts:
        groups[fact.family].append(fact)
    chosen = []
    for members in groups.values():
        step = max(1, -(-len(members) // limit))
        chosen += members[::step]
    return chosen


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="files that extend the table")
    parser.add_argument("--family", action="append", choices=sorted(FAMILIES), help="these alone")
    parser.add_argument("--model", help="runs whose model's name has this in it")
    parser.add_argument("--limit", type=int, help="at most so many facts of each family")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--worst", type=int, default=0, help="show so many of the largest errors")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    parser.add_argument("--json", type=Path, help="write every run with its numbers")
    parser.add_argument("--write-table", type=Path, help="write the chosen facts and stop")
    given = parser.parse_args()

    facts = with_folder(read_table(), given.folder)
    facts = [fact for fact in facts if not given.family or fact.family in given.family]
    facts = [fact for fact in facts if not given.model or given.model in fact.model]
    if given.limit:
        facts = at_most(facts, given.limit)
    if given.write_table:
        write_table(facts, given.write_table)
        return
    if not facts:
        sys.exit("no fact is left to predict; choose another --family or --model")

    console = Console(width=180, stderr=given.markdown)
    with console.status("predicting") as status:
        done = Counter[str]()

        def came(fact: Fact, answer: Answer) -> None:
            done[fact.family] += 1
            status.update(f"predicted {done.total()}: {fact.name[:100]} ({answer.seconds:.1f} s)")

        answers = predict_all(facts, given.processes, came)
    found = [(fact, answers[run_of(fact)].of(fact)) for fact in facts]
    judged = judge([(fact, number) for fact, number in found if number is not None])
    if judged:
        print_table(judged, console)
        print_worst(judged, console, given.worst)
    missing = Counter(answers[run_of(fact)].why for fact, number in found if number is None)
    for why, count in missing.most_common():
        console.print(f"{count} without a prediction: {why}", highlight=False, markup=False)
    if given.markdown:
        print(markdown(judged), end="")
    if given.json:
        rows = [
            {"run": each.fact.name, "card": each.fact.card, "metric": each.fact.metric}
            | {"measured": each.fact.measured, "predicted": each.predicted}
            | {"constant": each.constant, "errors": dict(each.errors), "use": each.fact.use}
            for each in judged
        ]
        given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
