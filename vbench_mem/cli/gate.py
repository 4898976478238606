"""`check`: do the budgets hold? Judges records, and predictions that it computes itself."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vbench_mem.base.errors import UsageError
from vbench_mem.cli.arguments import (
    RUNS,
    Json,
    Machine,
    OptionalMatrix,
    Scores,
    StoreFolder,
    command,
    find_matrix,
)
from vbench_mem.cli.reading import Source, read

if TYPE_CHECKING:
    from vbench_mem.analysis.budgets.baseline import BaselineIndex
    from vbench_mem.analysis.budgets.file import CheckRequest
    from vbench_mem.analysis.budgets.result import CheckResult

BUDGETS = Path("budgets.yaml")


def check(
    matrix: OptionalMatrix = None,
    budgets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file of more budgets; without MATRIX: budgets.yaml."),
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Rewrite the baseline instead of judging.")
    ] = False,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the verdicts as JUnit XML.")
    ] = None,
    store: StoreFolder = RUNS,
    machine: Machine = None,
    scores: Scores = None,
    as_json: Json = False,
) -> None:
    """Check the budgets of MATRIX. Exits with 0 if all hold and with 1 if one is broken.

    Without MATRIX, that of the file of budgets is checked.

    Predicted metrics are computed now, without a device or a run; all others are read from the
    records. A missing number never passes. Exits with 2 for bad input, and with 3 if a budget could
    not be judged: there are no records, or only those of other machines.

    \b
    vbench-mem check quick
    vbench-mem check gate --junit gate.xml
    vbench-mem check gate --update-baseline
    vbench-mem check --budgets budgets.yaml --json
    """
    from vbench_mem.analysis.budgets.file import read_request
    from vbench_mem.analysis.budgets.junit import make_parent, write_junit

    typed = ["vbench-mem", "check", *([matrix] if matrix is not None else [])]
    typed += ["--budgets", str(budgets)] if budgets is not None else []
    if matrix is None and budgets is None:
        if not BUDGETS.is_file():
            raise UsageError(f"nothing to check; name a MATRIX, or write a file {BUDGETS}")
        budgets = BUDGETS
    request = read_request(matrix, budgets, find_matrix)
    renew = shlex.join([*typed, "--update-baseline"])
    if update_baseline:
        if junit is not None or as_json:
            raise UsageError("--update-baseline judges nothing; leave out --junit and --json")
        write_baseline(request, renew)
        return
    if junit is not None:
        make_parent(junit)
    indexed = baseline_for(request, renew)
    typed_matrix = matrix or str(request.matrix.path)
    result = judge_all(request, indexed, typed_matrix, Source(store, machine, scores or []))
    if junit is not None:
        write_junit(result, junit)
    show_result(result, as_json)
    raise typer.Exit(result.exit_code)


def judge_all(
    request: "CheckRequest", indexed: "BaselineIndex | None", typed: str, source: Source
) -> "CheckResult":
    """Reads records only if a budget needs them, and predicts only if one needs that."""
    from vbench_mem.analysis.budgets.judge import judge
    from vbench_mem.analysis.budgets.predict import predict_missing
    from vbench_mem.analysis.budgets.result import CheckResult
    from vbench_mem.analysis.join import join
    from vbench_mem.cli.predicting import predict_shown
    from vbench_mem.running.runs import NoRun, UnlikeMachines

    stated, reason, joined = request.placed, None, join(request.matrix, {})
    if not all(each.budget.is_predicted for each in stated):
        try:
            run, joined = read(request, typed, source, foreign=False)
            if not run.files():
                measure = command("run", typed, source.store)
                reason = f"{run.folder}: no records; measure with `{measure}` first"
        except (NoRun, UnlikeMachines) as error:
            reason = str(error)
    if reason is not None:
        stated = tuple(each for each in stated if each.budget.is_predicted)
    budgets = [each.budget for each in stated]
    joined = predict_missing(budgets, joined, indexed, predict_shown)
    return CheckResult(
        name=request.matrix.name,
        placed=stated,
        verdicts=tuple(judge(budgets, joined, indexed)),
        reason=reason,
        stale=tuple(indexed.stale) if indexed is not None else (),
    )


def baseline_for(request: "CheckRequest", renew: str) -> "BaselineIndex | None":
    """The baseline, if a budget has max_growth; raises `UsageError` if there is none."""
    from vbench_mem.analysis.budgets.baseline import index_baseline

    grown = [each for each in request.placed if each.budget.kind == "max_growth"]
    if not grown:
        return None
    if request.matrix.baseline is None:
        raise UsageError(
            f"{grown[0].path}: {grown[0].place}: max_growth needs a baseline; write "
            f"baseline: {request.matrix.name}_baseline.json beside budgets"
        )
    return index_baseline(request.matrix.baseline, request.matrix.wanted, renew)


def write_baseline(request: "CheckRequest", renew: str) -> None:
    """Predict every cell and write the file; differences go to stdout. A cell that cannot be
    predicted keeps its old entry."""
    from vbench_mem.analysis.budgets.baseline import keys_of, read_baseline, torch_version
    from vbench_mem.analysis.budgets.predict import differences, new_baseline
    from vbench_mem.cli.predicting import predict_shown

    path = request.matrix.baseline
    if path is None:
        raise UsageError(
            f"{request.matrix.path}: no baseline to write; write "
            f"baseline: {request.matrix.name}_baseline.json into it"
        )
    old = read_baseline(path, renew) if path.exists() else None  # overwrites only baselines
    cells = request.matrix.wanted
    new, reasons = new_baseline(cells, keys_of(cells), torch_version(), predict_shown, old)
    new.write(path)
    for line in differences(old, new):
        print(line)
    for key, reason in reasons.items():
        what = "its old entry is kept" if key in new.cells else "left out"
        print(f"{key}: cannot be predicted, {what}: {reason}", file=sys.stderr)
    same = old is not None and old.text() == new.text()
    print(f"{path}: {'unchanged' if same else 'written'}, cells: {len(new.cells)}")


def show_result(result: "CheckResult", as_json: bool) -> None:
    """Text or JSON on stdout; on GitHub also annotations and the job's summary."""
    from vbench_mem.analysis.budgets import github
    from vbench_mem.analysis.budgets.result import lines_of

    if as_json:
        print(json.dumps(result.dump(), indent=1))
    else:
        for line in lines_of(result):
            print(line)
    for name in result.stale:
        print(github.stale_text(name), file=sys.stderr)
    if result.reason is not None:
        print(f"error: {result.reason}", file=sys.stderr)
    elif not result.verdicts:
        print(f"{result.name} has no budgets", file=sys.stderr)
    if not os.environ.get("GITHUB_ACTIONS"):
        return
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or ".")
    for line in github.annotations(result, workspace):
        print(line, file=sys.stderr if as_json else sys.stdout)  # the runner reads both
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(github.summary(result))
        except OSError as error:  # the verdict does not depend on it
            print(f"{summary}: no summary: {error.strerror or error}", file=sys.stderr)
