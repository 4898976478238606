"""The command line: list, plan, fit, run, show, data, synthetic, weights, schema, report,
check, compare.

Options say where things are and never change a number: what can is in the matrix.
Exit codes: 0 done, 2 bad input, 70 an error of ours, 130 stopped with Ctrl-C; `check` and `compare`
have their own beside these.
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
    reports,
    synthetic,
    weights,
)
from vbench_mem.cli import planning as planning


class Commands(TyperGroup):
    """Prints a user's mistake in one line where every other error keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except UsageError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(2) from error
        except BrokenPipeError as gone:  # its reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(141) from gone  # as a shell tells of SIGPIPE; click would exit with 1
        except KeyboardInterrupt as stopped:
            print("stopped; what was done is kept, run again to go on", file=sys.stderr)
            raise typer.Exit(130) from stopped


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""What training a video-text encoder costs in memory, FLOPs and time, and the recall it
    buys.

    \b
    vbench-mem list encoders              what there is to measure
    vbench-mem plan quick --card 16GiB    what fits, and how long it would take
    vbench-mem run matrices/quick.yaml    measure, or go on where it stopped
    vbench-mem report matrices/quick.yaml tables and figures
    vbench-mem check matrices/quick.yaml  do the budgets hold?
    vbench-mem compare A B                what changed between two of them?
    """,
)


def show_version(asked: bool) -> None:
    if asked:
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
    """What every command has; the text that is shown is the application's own."""


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
    """The console script. An error of ours never exits with 1: that is a broken budget's."""
    try:
        app()
    except Exception as error:
        traceback.print_exception(error)
        sys.exit(70)
