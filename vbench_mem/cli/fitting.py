"""`fit`: how many frames and clips fit a card, and the paper's memory claims. No device."""

import itertools
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vbench_mem.base.errors import UsageError, reason_of
from vbench_mem.cli.arguments import CardName, Json, Only, OptionalMatrix, find_matrix

if TYPE_CHECKING:
    from vbench_mem.analysis.fit.solve import FitAnswer
    from vbench_mem.analysis.fit.table import Grid
    from vbench_mem.analysis.fit.variants import FitLine

PROGRESS_STEP = 20  # predictions between two lines of progress
LONGEST_WORD = 24  # longer words are broken where the terminal is narrow


def fit(
    matrix: OptionalMatrix = None,
    card: CardName = None,
    only: Only = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write CSV, Markdown and the figure here."),
    ] = None,
    claims: Annotated[
        bool,
        typer.Option("--claims", help="Check the paper's claims about memory; takes no MATRIX."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Find the most frames and the largest batch of each variant that fit a card.

    Only predicts, without a device: each result fits, and the next larger one does not. Searches
    frames at the batch sizes of MATRIX, and batch sizes at its frame counts, without and with
    activation checkpointing.

    \b
    vbench-mem fit paper_long --card 16GiB
    vbench-mem fit quick --only mask75 --out fits
    vbench-mem fit --claims
    """
    if claims:
        if matrix is not None or card is not None:
            raise UsageError("--claims checks fixed cells and limits; leave out MATRIX and --card")
        check_claims(only, out, as_json)
    elif matrix is None:
        raise UsageError("no MATRIX; name one, such as `vbench-mem fit quick`, or write --claims")
    else:
        fit_matrix(find_matrix(matrix), card, only, out, as_json)


def fit_matrix(
    path: Path, card: str | None, only: str | None, out: Path | None, as_json: bool
) -> None:
    from vbench_mem.analysis.fit.limit import find_limit
    from vbench_mem.analysis.fit.solve import solve_all
    from vbench_mem.analysis.fit.table import grid, reasons, row_of
    from vbench_mem.analysis.fit.variants import lines_of
    from vbench_mem.matrix.load import load_matrix
    from vbench_mem.report.fit.written import write_fit
    from vbench_mem.running.plan import make_plan

    memory_limit = find_limit(card)
    loaded = load_matrix(path)
    cells = [cell for cell in make_plan(loaded, {}, only).cells if cell.id not in loaded.skipped]
    lines = lines_of(cells, loaded.varying)
    if not lines:
        raise UsageError(f"{path}: its skip rules leave no cell; change them")
    make_folder(out)
    if memory_limit.chosen is not None:
        print(memory_limit.chosen, file=sys.stderr)
    done = itertools.count(1)

    def tell(line: "FitLine", answers: "list[FitAnswer]") -> None:
        tried = sum(len(answer.sizes) for answer in answers)
        print(f"[{next(done)}/{len(lines)}] {line.key}: {tried} predictions", file=sys.stderr)

    limits = [(line, memory_limit.bytes) for line in lines]
    answers = solve_all(limits, memory_limit.hardware, tell)
    files = [] if out is None else write_fit(answers, memory_limit, loaded.name, out)
    if as_json:
        facts: dict[str, Any] = {"matrix": loaded.name, "memory_limit": asdict(memory_limit)}
        facts |= {"rows": list(map(row_of, answers)), "files": list(map(str, files))}
        print(json.dumps(facts, indent=1))
        return
    draw_grid(f"{loaded.name}: largest that fits {memory_limit.title}", grid(answers), left=2)
    for line in [*reasons(answers), *map(str, files)]:
        print(line)


def check_claims(only: str | None, out: Path | None, as_json: bool) -> None:
    from vbench_mem.analysis.claims.claim import read_claims
    from vbench_mem.analysis.claims.memory import CONDITIONS, judge_all
    from vbench_mem.analysis.claims.table import claim_grid, disagreements, row_of_finding
    from vbench_mem.report.fit.written import write_claims

    known = read_claims("memory")
    claims = [claim for claim in known if only is None or only in claim.line]
    if not claims:
        raise UsageError(f"--only {only}: no claim contains this; one reads '{known[0].line}'")
    make_folder(out)
    print(f"{len(claims)} claims under {len(CONDITIONS)} conditions", file=sys.stderr)
    done = itertools.count(1)

    def tell(_: str) -> None:
        if (count := next(done)) % PROGRESS_STEP == 0:
            print(f"{count} predictions", file=sys.stderr)

    findings = judge_all(claims, CONDITIONS, tell)
    files = [] if out is None else write_claims(findings, out)
    if as_json:
        rows = list(map(row_of_finding, findings))
        print(json.dumps({"rows": rows, "files": list(map(str, files))}, indent=1))
        return
    draw_grid("the paper's claims about memory", claim_grid(findings), left=2)
    for claim, why in disagreements(findings).items():
        rest = f" ({len(why) - 1} more like it: --out DIR)" if len(why) > 1 and out is None else ""
        print(f"{claim}, {why[0]}{rest}")
    for file in files:
        print(file)


def make_folder(out: Path | None) -> None:
    """Make the folder before any work; raises `UsageError` where that fails."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"cannot be made: {reason_of(error)}; choose another folder"
        raise UsageError(f"--out {out}: {why}") from error


def draw_grid(title: str, table: "Grid", left: int) -> None:
    """Print a table; the first `left` columns are text."""
    from rich.markup import escape

    from vbench_mem.cli.terminal import new_console, new_table

    heads, lines = table
    shown, console = new_table(title=title), new_console()
    widths = column_widths(table, console.width - 2 * len(heads))  # two blanks after each column
    for place, (head, width) in enumerate(zip(heads, widths, strict=True)):
        side: Literal["left", "right"] = "left" if place < left else "right"
        shown.add_column(head, justify=side, overflow="fold", min_width=width, max_width=width)
    for line in lines:
        shown.add_row(*map(escape, line))
    console.print(shown, crop=False)


def column_widths(table: "Grid", total: int) -> list[int]:
    """Each column's width: first its longest word, so that no number is broken; then, up to the
    `total`, one more at a time for the column that lacks most."""
    heads, lines = table
    columns = [[head, *(line[place] for line in lines)] for place, head in enumerate(heads)]
    words = [[len(word) for text in column for word in text.split()] for column in columns]
    widths = [min(max(some, default=1), LONGEST_WORD) for some in words]
    lacking = [max(map(len, column)) - width for column, width in zip(columns, widths, strict=True)]
    for _ in range(total - sum(widths)):
        place = lacking.index(max(lacking))
        if lacking[place] <= 0:
            break
        widths[place], lacking[place] = widths[place] + 1, lacking[place] - 1
    return widths
