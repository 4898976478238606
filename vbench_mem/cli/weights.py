"""`weights`: how local weights would be loaded into an encoder, by tensor. Trains nothing."""

import json
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbench_mem.base.errors import UsageError
from vbench_mem.cli.arguments import Json

if TYPE_CHECKING:
    from vbench_mem.encoders.dual import DualEncoder
    from vbench_mem.encoders.families import Spec
    from vbench_mem.weights.report import Line, Report

FRAMES = 16
KEPT = ("loaded", "resized")
LEAST_WIDTH = 20
WIDE = 120  # a terminal of so many columns has room for the names in the file


def weights(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="A local folder or file of weights.", show_default=False
        ),
    ],
    encoder: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="A name that `list encoders` prints.", show_default=False
        ),
    ],
    frames: Annotated[int, typer.Option(min=1, help="Frames of a clip.")] = FRAMES,
    resolution: Annotated[
        int | None,
        typer.Option(min=1, metavar="PX", help="Side of a frame in px; default: the encoder's."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Change a field of the encoder, as an axis does."
        ),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Tensors that may be new or unused: new:GLOB or unused:GLOB."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how the tensors of PATH map to an encoder, and which would be new or unused.

    A training with `init: PATH` does the same. Exits with 2 if a tensor is unexpectedly new or
    unused.

    \b
    vbench-mem weights vit-base-patch16 --encoder NAME
    vbench-mem weights vit-base-patch32 --encoder NAME --set patch_px=32
    vbench-mem weights run/short.safetensors --encoder NAME --frames 128
    """
    from vbench_mem.encoders.recipes import RECIPES
    from vbench_mem.weights.find import weights_sha256
    from vbench_mem.weights.initialise import source_weights
    from vbench_mem.weights.place import plan
    from vbench_mem.weights.report import refuse

    spec = spec_of(encoder, settings or [])
    built = on_meta(spec, frames, resolution or spec.resolution_px)
    held = source_weights(path, RECIPES["full"])
    report, _ = plan(held, built, tuple(allow or ()))
    sha256 = weights_sha256(path)
    if as_json:
        print(json.dumps({"sha256": sha256} | report.as_json(), indent=1))
    else:
        draw(report, sha256)
    refuse(report)


def spec_of(encoder: str, settings: list[str]) -> "Spec":
    """The encoder's spec with these fields changed; raises `UsageError` as a matrix would."""
    from vbench_mem.encoders.table import ENCODERS
    from vbench_mem.matrix.axes import SETTINGS, canonical, check_value, unknown_row
    from vbench_mem.matrix.resolve import resolve_spec

    if encoder not in ENCODERS:
        raise UsageError(unknown_row("encoder", encoder))
    combination = {}
    for text in settings:
        name, equals, value = text.partition("=")
        try:
            path = canonical(name)
            if not equals or SETTINGS[path].section != "spec":
                raise UsageError("write a field of the encoder, such as patch_px=32")
            combination[path] = check_value(path, parsed(value))
        except UsageError as error:
            raise UsageError(f"--set {text}: {error}") from error
    try:
        spec: Any = resolve_spec(ENCODERS[encoder].spec, combination)
    except ValueError as error:  # from the spec's own checks
        raise UsageError(f"--set: {error}") from error
    return spec


def parsed(text: str) -> Any:
    """The value as YAML reads it in a matrix."""
    import yaml

    from vbench_mem.base.strict_yaml import Refused, plain

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if node is None else plain(node, (), ())
    except (yaml.YAMLError, Refused) as error:
        raise UsageError(" ".join(str(error).split())) from error


def on_meta(spec: "Spec", frames: int, resolution_px: int) -> "DualEncoder":
    """The encoder on the meta device: shapes without memory."""
    import torch

    from vbench_mem.base.load import Load
    from vbench_mem.encoders.build import build
    from vbench_mem.encoders.recipes import RECIPES

    tokens = spec.text.max_tokens  # the longest caption
    load = Load(frames=frames, batch=1, resolution_px=resolution_px, caption_tokens=tokens)
    with torch.device("meta"):
        return build(spec, RECIPES["full"], load)


def draw(report: "Report", sha256: str) -> None:
    """One row for the same tensor of all layers, and one for tensors that are new or unused for the
    same reason; the JSON lists every tensor."""
    from rich.console import Console

    from vbench_mem.cli.terminal import new_table

    console = Console(markup=False, emoji=False, highlight=False)
    counts = ", ".join(f"{count} {fate}" for fate, count in report.counts.items())
    console.print(f"{report.path}: {report.source}, {counts}")
    console.print(f"sha256 {sha256}")
    table = new_table([("", "word")])
    table.add_column("tensor", overflow="fold", min_width=LEAST_WIDTH)
    table.add_column("shape", overflow="fold")
    wide = console.width >= WIDE
    if wide:
        table.add_column("from", overflow="fold")
    table.add_column("how or why", min_width=LEAST_WIDTH)
    for lines in rows_of(report):
        *first, source, why = fields_of(lines)
        fields = (*first, source, why) if wide else (*first, why)
        table.add_row(*fields, style=None if lines[0].expected else "red")
    console.print(table)
    for note in report.notes:
        console.print(f"note: {note}")


def rows_of(report: "Report") -> "Iterator[list[Line]]":
    """The lines of each row of the table: those that differ only in the number of a layer, or are
    new or unused in one tower for the same reason."""
    for fate in report.counts:
        found: dict[Any, list[Line]] = {}
        for line in report.lines:
            if line.fate != fate:
                continue
            alike: tuple[Any, ...] = (line.name.partition(".")[0],)
            if fate in KEPT:
                alike = (without_number(line.name)[0], line.shape, line.before)
            found.setdefault((*alike, line.why, line.expected), []).append(line)
        yield from found.values()


def fields_of(lines: "list[Line]") -> tuple[str, str, str, str, str]:
    """Fate, name, shape, name in the file, how or why."""
    first = lines[0]
    name = spanned([line.name for line in lines])
    shapes = (each for each in (first.before, first.shape) if each is not None)
    shape = " -> ".join("x".join(map(str, each)) or "1 number" for each in shapes)
    if len(lines) > 1 and first.fate not in KEPT:
        words = zip(*(line.name.split(".") for line in lines), strict=False)
        shared = takewhile(lambda each: len(set(each)) == 1, words)
        name = ".".join([*(each[0] for each in shared), "*"])
        shape = f"{len(lines)} tensors"
    why = first.why if first.expected else f"UNEXPECTED: {first.why}"
    kept = lines if first.fate in KEPT else []
    sources = [spanned(list(each)) for each in zip(*(line.source for line in kept), strict=True)]
    return first.fate, name, shape, ", ".join(sources), why


def without_number(name: str) -> tuple[str, str]:
    """The name without its first number, and the number."""
    parts = re.split(r"(?<=\.)(\d+)(?=\.)", name, maxsplit=1)
    return ("{}".join(parts[::2]), parts[1]) if len(parts) == 3 else (name, "")


def spanned(names: list[str]) -> str:
    """`blocks.0-11.` of names that differ only in their first number."""
    numbers = sorted({int(number) for _, number in map(without_number, names) if number})
    if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        span = f"{numbers[0]}-{numbers[-1]}"
    else:
        span = ",".join(map(str, numbers))
    return without_number(names[0])[0].replace("{}", span)
