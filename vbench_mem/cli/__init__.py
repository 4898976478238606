"""The command line: list, plan, fit, run, show, data, synthetic, weights, schema, report,
check, compare.

Options say where things are and never change a measured number; only the matrix does.
Exit codes: 0 done, 2 bad input, 70 an error in this program, 130 stopped with Ctrl-C; `check` and
`compare` have others, too.
"""

import os
import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from vbench_mem.base.errors import UsageError
from vbench_mem.base.version import VERSION
from vbench_mem.cli import (
    catalog,
    comparing,
    data,
    fitting,
    gate,
    measure,
    planning,
    reports,
    synthetic,
    weights,
)


class Commands(TyperGroup):
    """Prints a user's mistake in one line; every other error keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except UsageError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(2) from error
        except BrokenPipeError as closed:  # by its reader, such as `head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(141) from closed  # a shell's code of SIGPIPE; click would exit with 1
        except KeyboardInterrupt as stopped:
            print("stopped; results so far are kept; to continue, run it again", file=sys.stderr)
            raise typer.Exit(130) from stopped


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Measure or predict what training a video-text encoder costs in memory, FLOPs and time,
    and which recall it reaches.

    \b
    vbench-mem list encoders              encoders that can be measured
    vbench-mem plan quick --card a100-40  what fits, and how long it would take
    vbench-mem run matrices/quick.yaml    measure, or continue
    vbench-mem report matrices/quick.yaml tables and figures
    vbench-mem check matrices/quick.yaml  do the budgets hold?
    vbench-mem compare A B                differences between two runs
    """,
)


def show_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"vbench-mem {VERSION}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Options of every command; the help text is the application's."""


app.command("list")(catalog.list_)
app.command()(planning.plan)
app.command()(fitting.fit)
app.command()(measure.run)
app.command()(measure.show)
app.command()(reports.report)
app.command()(gate.check)
app.command()(comparing.compare)
app.command()(data.data)
app.command()(synthetic.synthetic)
app.command()(weights.weights)
app.command()(catalog.schema)


def main() -> None:
    """The console script. An error in this program exits with 70, since 1 means a broken budget."""
    try:
        app()
    except Exception as error:
        traceback.print_exception(error)
        sys.exit(70)
