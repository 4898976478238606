"""`data`: how a file of annotations is read. Trains and measures nothing."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vbench_mem.cli.arguments import Json

if TYPE_CHECKING:
    from vbench_mem.data.annotations.facts import AnnotationFacts

MOST_SHOWN = 10


def data(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of annotations.")],
    form: Annotated[
        str | None,
        typer.Option(metavar="F", help="The format of FILE; default: guessed."),
    ] = None,
    videos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder of the videos; default: the paths in FILE, if it has any.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="S", help="train, val, test, or a file with a list of ids in FILE's folder."
        ),
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Leave out videos that are missing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show how FILE is read: format, protocol, clips, captions, and what is left out and why.

    \b
    vbench-mem data MSRVTT_JSFUSION_test.csv
    vbench-mem data validation_youcook.csv --videos youcook2/
    vbench-mem data captions.json --form msvd --split test --videos YouTubeClips/
    """
    from vbench_mem.data.annotations.facts import facts_of
    from vbench_mem.data.annotations.forms import find_form
    from vbench_mem.data.annotations.read import find_videos, read_annotations

    known = find_form(form, file)
    found = read_annotations(known, file, split)
    if videos is not None or found.paths:
        facts = facts_of(find_videos(found, file, videos, allow_missing=allow_missing))
    else:
        facts = facts_of(found)
    if as_json:
        about = {"file": str(file), "form": known, "gallery_size": facts.clips}
        print(json.dumps(about | asdict(facts), indent=1))
        return
    guessed = "" if form else " (guessed)"
    rows = {"form": f"{known}{guessed}"} | described(facts)
    for name, value in rows.items():
        print(f"{name:<13}{value}")
    for each in facts.dropped[:MOST_SHOWN]:
        print(f"  {each.id}: {each.reason}")
    if len(facts.dropped) > MOST_SHOWN:
        print(f"  and {len(facts.dropped) - MOST_SHOWN:,} more; --json lists all")


def described(facts: "AnnotationFacts") -> dict[str, str]:
    """The facts as text, by name."""
    fewest, average, most = facts.per_clip
    per_clip = f"{fewest} to {most} a clip, {average:.3g} on average" if most > fewest else ""
    shortest, middle, longest = facts.words
    return {
        "name": facts.name,
        "split": facts.split,
        "protocol": facts.protocol,
        "clips": f"{facts.clips:,}{also(facts.shared_clip, 'are a clip twice')}",
        "captions": f"{facts.captions:,}, {per_clip or f'{fewest} a clip'}"
        f"{also(facts.many_right, 'have several right clips')}",
        "length": f"{shortest} to {longest} words, median {middle:g}",
        "same text": f"{facts.shared_text:,} captions",
        "hash": facts.sha256 or "none, since it includes the videos; add --videos DIR",
        "left out": f"{len(facts.dropped):,}",
    }


def also(count: int, what: str) -> str:
    return f"; {count:,} {what}" if count else ""
