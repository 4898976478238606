"""`compare`: differences between two runs, reports or baselines. Measures and predicts nothing."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.cli.arguments import Json

if TYPE_CHECKING:
    from vbench_mem.analysis.compare.result import FailOn

ENDINGS = (".html", ".pdf", ".md")
WORDS: "tuple[FailOn, ...]" = ("never", "worse", "slower", "changed")


def compare(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="The folder of a run or of a report, or a baseline; REVISION:PATH reads it from "
            "git.",
            show_default=False,
        ),
    ],
    after: Annotated[
        str,
        typer.Argument(metavar="B", help="The same, for the later one.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a page; FILE ends in .html, .pdf or .md."),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="Exit with 1 if something is `worse` (memory, FLOPs, status, recall), `slower` "
            "(the same or times) or `changed` (also improvements, and rows of only one of them).",
        ),
    ] = "never",
    unlike_machines: Annotated[
        bool,
        typer.Option(
            "--unlike-machines", help="Also compare runs of different machines, except their times."
        ),
    ] = False,
    any_protocol: Annotated[
        bool,
        typer.Option(
            "--any-protocol",
            help="Also compare rows that differ only in warm-up, steps, seed or limits.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what changed from A to B, row by row, the worst first.

    Bytes, FLOPs and parameters are exact. A time is slower or faster only if the ranges of the
    timed steps of A and B do not overlap. Exits with 2 for bad input, and with 3 if A and B have
    no row in common.

    \b
    vbench-mem compare reports/quick_cpu_2026-11 runs/quick
    vbench-mem compare HEAD~1:reports/quick reports/quick --out changes.html
    vbench-mem compare main:gate_baseline.json gate_baseline.json --fail-on worse
    """
    what = next((word for word in WORDS if word == fail_on), None)
    if what is None:
        raise UsageError(f"--fail-on: '{fail_on}' is not a choice{nearest(fail_on, WORDS)}")
    if out is not None and out.suffix not in ENDINGS:
        raise UsageError(f"--out {out}: the name must end in {', '.join(ENDINGS)}")
    from vbench_mem.analysis.compare.reading import read_side
    from vbench_mem.analysis.compare.result import compare as compare_sides

    sides = read_side(before), read_side(after)
    for problem in dict.fromkeys([*sides[0].problems, *sides[1].problems]):
        print(problem, file=sys.stderr)
    comparison = compare_sides(*sides, unlike_machines=unlike_machines, any_protocol=any_protocol)
    files: list[Path] = []
    if out is not None and comparison.rows:
        from vbench_mem.report.comparison.page import write_page

        files = write_page(comparison, out)
    elif out is not None:
        print(f"{out}: not written, since A and B have no row in common", file=sys.stderr)
    if as_json:
        from vbench_mem.report.comparison.dump import dump

        print(json.dumps(dump(comparison), indent=1))
    else:
        from vbench_mem.cli.terminal import new_console
        from vbench_mem.report.comparison.terminal import draw

        draw(comparison, new_console())
        for file in files:
            print(file)
    raise typer.Exit(comparison.exit_code(what))
