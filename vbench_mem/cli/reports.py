"""`report`, and the reading of records that `check` does too. Neither measures."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vbench_mem.cli.arguments import RUNS, Json, Matrix, StoreFolder, command, find_matrix

if TYPE_CHECKING:
    from vbench_mem.budgets.file import Asked, Stated
    from vbench_mem.join import Joined
    from vbench_mem.store import Store

Machine = Annotated[
    str | None,
    typer.Option(metavar="FP", help="First digits of a machine's fingerprint; default this one."),
]
Scores = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE", help="More scores (CSV or JSON; `reference` for the published); repeatable."
    ),
]


def report(
    matrix: Matrix,
    store: StoreFolder = RUNS,
    machine: Machine = None,
    scores: Scores = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write; default beside the records.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write report.html, table.csv and figures of MATRIX, and print the table.

    \b
    vbench-mem report quick
    vbench-mem report quick --scores my_scores.csv --out reports/quick
    """
    from rich.console import Console

    from vbench_mem.budgets.file import ask
    from vbench_mem.report.build import build_report
    from vbench_mem.report.terminal import draw_overview

    asked = ask(matrix, None, find_matrix)
    run, joined = read(asked, matrix, store, machine, scores or [], foreign=True)
    result = build_report(joined, out or run.folder / "report")
    if as_json:
        print(json.dumps(result, indent=1))
        return
    draw_overview(joined, Console(highlight=False, emoji=False))
    for name, reason in result["figures_skipped"].items():
        print(f"no figure {name}: {reason}")
    if joined.unmatched:
        print(f"{len(joined.unmatched)} scores fit no row; report.html lists them")
    for name in result["files"]:
        print(Path(result["folder"]) / name)


def read(
    asked: "Asked", typed: str, root: Path, machine: str | None, scores: list[str], *, foreign: bool
) -> "tuple[Store, Joined]":
    """The run chosen and its rows; what is unusable or unusual is said on stderr."""
    from vbench_mem.join import join
    from vbench_mem.machine.runs import choose_run
    from vbench_mem.machine.site import Site
    from vbench_mem.scores.files import load_scores

    loaded = asked.matrix
    own = Site.of(loaded.cells).main.fingerprint
    measure = command("run", typed, root)
    run = choose_run(root, loaded.name, own, machine, foreign=foreign, measure=measure)
    if run.fingerprint != own:
        print(f"records of another machine than this: {run.fingerprint}", file=sys.stderr)
    problems = run.problems()
    for problem in problems:
        print(problem, file=sys.stderr)
    known = load_scores([*loaded.scores, *scores], Path())
    check_datasets(asked.stated, {score.dataset for score in known})
    return run, join(loaded, run.records(), known, problems)


def check_datasets(stated: Iterable["Stated"], scored: set[str]) -> None:
    """Refuse a budget on a dataset that nobody knows, where its name is near one that is known."""
    from vbench_mem.errors import UsageError, nearest
    from vbench_mem.scores.score import DATASETS

    known = [*scored, *DATASETS]
    for each in stated:
        name = each.budget.dataset
        if name is None or name in known:
            continue
        hint = nearest(name, known)
        if "did you mean" in hint:
            raise UsageError(f"{each.path}: {each.place}.dataset: no score of {name}{hint}")
