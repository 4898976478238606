"""Commands that read records: `report` draws them, `check` judges them. Neither measures."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vbench_mem.cli.arguments import RUNS, Json, Matrix, StoreFolder, command, find_matrix

if TYPE_CHECKING:
    from vbench_mem.join import Joined
    from vbench_mem.matrix.load import Matrix as Loaded
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
HELD, BROKEN, NOTHING = 0, 1, 3


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

    from vbench_mem.report.build import build_report
    from vbench_mem.report.terminal import draw_overview

    run, joined = read(matrix, store, machine, scores or [], foreign=True)
    result = build_report(joined, out or run.folder / "report")
    if as_json:
        print(json.dumps(result, indent=1))
        return
    draw_overview(joined, Console(highlight=False))
    for name, reason in result["figures_skipped"].items():
        print(f"no figure {name}: {reason}")
    if joined.unmatched:
        print(f"{len(joined.unmatched)} scores fit no row; report.html lists them")
    for name in result["files"]:
        print(Path(result["folder"]) / name)


def check(
    matrix: Matrix,
    store: StoreFolder = RUNS,
    machine: Machine = None,
    scores: Scores = None,
    as_json: Json = False,
) -> None:
    """Do the budgets of MATRIX hold? Exits with 0 when they do and 1 when one is broken.

    A number that is missing never passes. Exits with 2 for bad input, and with 3 when there is
    nothing to judge or only records of other machines.

    \b
    vbench-mem check quick
    vbench-mem check quick --json
    """
    from vbench_mem.budgets.verdict import judge
    from vbench_mem.machine.runs import NoRun, UnlikeMachines

    try:
        run, joined = read(matrix, store, machine, scores or [], foreign=False)
        if not run.files():
            raise NoRun(
                f"{run.folder}: no records; measure with `{command('run', matrix, store)}` first"
            )
    except (NoRun, UnlikeMachines) as error:
        print(f"error: {error}", file=sys.stderr)
        if as_json:
            said = {"exit_code": NOTHING, "verdicts": [], "reason": str(error)}
            print(json.dumps(said, indent=1))
        raise typer.Exit(NOTHING) from error
    verdicts = judge(joined.matrix.budgets, joined)
    outcomes = {verdict.outcome for verdict in verdicts}
    code = BROKEN if "fail" in outcomes else NOTHING if outcomes != {"pass"} else HELD
    if as_json:
        from dataclasses import asdict

        print(json.dumps({"exit_code": code, "verdicts": [asdict(v) for v in verdicts]}, indent=1))
        raise typer.Exit(code)
    for verdict in verdicts:
        print(verdict.line)
    if not verdicts:
        print(f"{joined.matrix.path}: states no budgets", file=sys.stderr)
    raise typer.Exit(code)


def read(
    matrix: str, root: Path, machine: str | None, scores: list[str], *, foreign: bool
) -> "tuple[Store, Joined]":
    """The run chosen and its rows; what is unusable or unusual is said on stderr."""
    from vbench_mem.join import join
    from vbench_mem.machine.runs import choose_run
    from vbench_mem.machine.site import Site
    from vbench_mem.matrix.load import load_matrix
    from vbench_mem.scores.files import load_scores

    loaded = load_matrix(find_matrix(matrix))
    own = Site.of(loaded.cells).main.fingerprint
    measure = command("run", matrix, root)
    run = choose_run(root, loaded.name, own, machine, foreign=foreign, measure=measure)
    if run.fingerprint != own:
        print(f"records of another machine than this: {run.fingerprint}", file=sys.stderr)
    problems = run.problems()
    for problem in problems:
        print(problem, file=sys.stderr)
    known = load_scores([*loaded.scores, *scores], Path())
    check_datasets(loaded, {score.dataset for score in known})
    return run, join(loaded, run.records(), known, problems)


def check_datasets(matrix: "Loaded", scored: set[str]) -> None:
    """Refuse a budget on a dataset that nobody knows, where its name is near one that is known."""
    from vbench_mem.errors import UsageError, nearest
    from vbench_mem.scores.score import DATASETS

    known = [*scored, *DATASETS]
    for number, budget in enumerate(matrix.budgets):
        name = budget.dataset
        if name is None or name in known:
            continue
        hint = nearest(name, known)
        if "did you mean" in hint:
            raise UsageError(f"{matrix.path}: budgets[{number}].dataset: no score of {name}{hint}")
