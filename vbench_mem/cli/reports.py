"""`report`: tables and figures of one matrix or several. Measures nothing."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbench_mem.base.errors import UsageError
from vbench_mem.cli.arguments import (
    RUNS,
    CardName,
    Json,
    Machine,
    Scores,
    StoreFolder,
    command,
    complete_matrix,
    find_matrix,
)
from vbench_mem.cli.reading import Source, read

if TYPE_CHECKING:
    from vbench_mem.analysis.join import Joined
    from vbench_mem.report.build import Subject
    from vbench_mem.running.store import Store


def report(
    matrices: Annotated[
        list[str],
        typer.Argument(
            metavar="MATRIX...",
            help="Matrix files, or names of files in matrices/; each is a chapter of the report.",
            autocompletion=complete_matrix,
            show_default=False,
        ),
    ],
    predicted: Annotated[
        bool,
        typer.Option("--predicted", help="Use only predictions: needs no run and no device."),
    ] = False,
    card: CardName = None,
    store: StoreFolder = RUNS,
    machine: Machine = None,
    scores: Scores = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder to write; default: beside the records."),
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Default: the matrix's name.")
    ] = None,
    page_only: Annotated[
        bool,
        typer.Option(
            "--page-only",
            help="Write report.html, CSV tables, matrices and records, and no other forms.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a report of MATRIX (HTML, PDF, Markdown, tables, figures) and print the table.

    \b
    vbench-mem report quick
    vbench-mem report quick --scores my_scores.csv --out reports/quick
    vbench-mem report paper_long paper_scale --predicted --card 16GiB --out r
    """
    from vbench_mem.report.build import build_report

    if len(matrices) > 1 and out is None:
        raise UsageError("a report of several matrices needs --out DIR")
    check_places([find_matrix(name) for name in matrices], store, out)
    if predicted:
        if machine is not None:
            raise UsageError("--machine chooses records, but --predicted reads none; leave one out")
        folder = out or store / Path(matrices[0]).stem / "predicted" / "report"
        subjects = predicted_subjects(matrices, card, scores or [], folder)
    elif card is not None:
        raise UsageError("--card is for predictions; add --predicted, or leave it out")
    else:
        runs, subjects = measured_subjects(matrices, Source(store, machine, scores or []))
        folder = out or runs[0].folder / "report"
    result = build_report(subjects, folder, title, page_only=page_only)
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        show_report(result, subjects)


def show_report(result: dict[str, Any], subjects: "list[Subject]") -> None:
    """Print the table of each matrix, what is missing or broken, and the files."""
    from vbench_mem.cli.terminal import new_console
    from vbench_mem.report.terminal import draw_overview

    for subject, chapter in zip(subjects, result.get("chapters", [result]), strict=True):
        joined = subject.joined
        if len(subjects) > 1:
            print(f"\n{joined.matrix.name}")
        draw_overview(joined, new_console())
        for name, reason in chapter["figures_skipped"].items():
            print(f"no figure {name}: {reason}")
        if broken := sum(verdict["outcome"] == "fail" for verdict in chapter["verdicts"]):
            print(f"Failed budgets: {broken} of {len(chapter['verdicts'])}")
        if joined.unmatched:
            print(f"Scores that match no row: {len(joined.unmatched)}; report.html lists them")
    folder = Path(result["folder"])
    whole = [name for name in result["files"] if "/" not in name]
    for name in whole:
        print(folder / name)
    print(f"{folder / 'figures'}: {len(result['files']) - len(whole)} files")


def check_places(matrices: list[Path], store: Path, out: Path | None) -> None:
    """Refuse, before any work, matrices of the same name and a folder with records of a run."""
    from vbench_mem.report.build import prefixes_of

    prefixes_of([path.stem for path in matrices])
    runs = {(store / path.stem).resolve() for path in matrices}
    if out is not None and (out.resolve().parent in runs or (out / "environment.json").is_file()):
        raise UsageError(f"{out}: has the records of a run; choose another folder with --out")


def predicted_subjects(
    matrices: list[str], card: str | None, scores: list[str], folder: Path
) -> "list[Subject]":
    """Chapters of predictions, each with the command that makes the report."""
    from vbench_mem.analysis.predicted_rows import predict_rows
    from vbench_mem.analysis.scores.files import load_scores
    from vbench_mem.cli.predicting import predict_shown
    from vbench_mem.machine.cards import parse_card
    from vbench_mem.matrix.load import load_matrix
    from vbench_mem.report.build import Subject

    named = None if card is None else parse_card(card)
    loaded = [load_matrix(find_matrix(name)) for name in matrices]
    more = [word for file in scores for word in ("--scores", file)]
    options = ["--predicted", *(("--card", card) if card else ()), *more]
    again = shlex.join(["vbench-mem", "report", *matrices, *options, "--out", str(folder)])
    known = [load_scores([*matrix.scores, *scores], Path()) for matrix in loaded]
    found = predict_rows(list(zip(loaded, known, strict=True)), named, predict_shown)
    return [Subject(joined=each.joined, predicted=each, again=again) for each in found]


def measured_subjects(matrices: list[str], source: Source) -> "tuple[list[Store], list[Subject]]":
    """The run of each matrix, all of one machine; raises `UsageError` where they are not."""
    from vbench_mem.analysis.budgets.file import read_request
    from vbench_mem.report.build import Subject

    root, runs, subjects = source.store, [], []
    more = "".join(f" --scores {shlex.quote(file)}" for file in source.scores)
    for name in matrices:
        request = read_request(name, None, find_matrix)
        run, joined = read(request, name, source, foreign=True)
        check_is_of_matrix(run, joined, name, root)
        runs.append(run)
        judging = (f"{command(verb, name, root)}{more}" for verb in ("report", "check"))
        again = "\n".join((command("run", name, root), *judging))
        subjects.append(Subject(joined=joined, again=again))
    prints = {run.fingerprint for run in runs}
    if len(prints) > 1:
        raise UsageError(
            f"{root}: these runs are of different machines ({', '.join(sorted(prints))}); "
            "choose one with --machine, or report them one by one"
        )
    return runs, subjects


def check_is_of_matrix(run: "Store", joined: "Joined", typed: str, root: Path) -> None:
    """Refuse a run whose records are all of other cells: of another matrix of the same name, or of
    this one before it was edited. Its report must not be overwritten."""
    if not joined.records and joined.rows and run.records():
        raise UsageError(
            f"{run.folder}: no record is of a cell of {joined.matrix.path}; measure with "
            f"`{command('run', typed, root)}`, or choose another folder with --store"
        )
