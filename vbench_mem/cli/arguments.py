"""Arguments that several commands share, with their shell completion."""

import shlex
import sysconfig
from pathlib import Path
from typing import Annotated

import typer

from vbench_mem.base.errors import UsageError, nearest

RUNS = Path("runs")


def matrix_folder() -> Path:
    """The folder of matrices: `matrices/` here, else in the checkout, else as installed by pip."""
    here = Path("matrices")
    checkout = Path(__file__).parents[2] / "matrices"
    installed = Path(sysconfig.get_path("data"), "share", "vbench_mem", "matrices")
    return next((folder for folder in (here, checkout, installed) if folder.is_dir()), here)


def complete_matrix(incomplete: str) -> list[str]:
    """Paths of matrix files, else names of matrices, that begin with what is typed."""
    folder = Path(incomplete).parent if "/" in incomplete else matrix_folder()
    return [str(path) for path in matrix_files(folder) if str(path).startswith(incomplete)] or [
        path.stem for path in matrix_files(matrix_folder()) if path.stem.startswith(incomplete)
    ]


def complete_label(incomplete: str) -> list[str]:
    """Names of encoders and recipes."""
    from vbench_mem.encoders.recipes import RECIPES
    from vbench_mem.encoders.table import ENCODERS

    return [name for name in (*ENCODERS, *RECIPES) if name.startswith(incomplete)]


def matrix_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def find_matrix(text: str) -> Path:
    """A file, or the name of one in `matrices/`; raises `UsageError` naming the nearest one."""
    path = Path(text)
    if path.is_file():
        return path
    named = matrix_folder() / f"{text}.yaml"
    if path.parent == Path() and not path.suffix and named.is_file():
        return named
    shipped = [file.stem for file in matrix_files(matrix_folder())]
    here = [str(file) for file in matrix_files(path.parent)]
    by_form = [name for name in here if "/" in text or path.suffix] or shipped
    near = nearest(text, [*by_form, *here, *shipped])
    hint = (
        near
        if "did you mean" in near
        else "; `vbench-mem list matrices` lists those of the package"
    )
    raise UsageError(f"no file {text}, and no matrix of that name{hint}")


def command(verb: str, matrix: str, store: Path) -> str:
    """The command line for this matrix, as the user wrote it, and this store."""
    words = ["vbench-mem", verb, matrix]
    return shlex.join(words if store == RUNS else [*words, "--store", str(store)])


ONE_MATRIX = typer.Argument(
    metavar="MATRIX",
    help="A matrix file, or the name of one in matrices/.",
    autocompletion=complete_matrix,
    show_default=False,
)
Matrix = Annotated[str, ONE_MATRIX]
OptionalMatrix = Annotated[str | None, ONE_MATRIX]
StoreFolder = Annotated[
    Path, typer.Option("--store", metavar="DIR", help="The folder of the records.")
]
Only = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="Only cells whose line in `show` contains TEXT, or whose id begins with TEXT.",
        autocompletion=complete_label,
    ),
]
Machine = Annotated[
    str | None,
    typer.Option(
        metavar="FP", help="First digits of a machine's fingerprint; default: this machine."
    ),
]
Scores = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE", help="More scores: CSV, JSON or `reference` (published ones); repeatable."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def complete_card(incomplete: str) -> list[str]:
    from vbench_mem.machine.cards import CARDS

    return [name for name in CARDS if name.startswith(incomplete.lower())]


CardName = Annotated[
    str | None,
    typer.Option(
        "--card",
        metavar="CARD",
        help="A card such as a100-40, or a memory size such as 16GiB; "
        "default: the devices of this machine.",
        autocompletion=complete_card,
    ),
]
