"""`synthetic`: generates a task of the built-in benchmark and prints its ceilings."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

Size = Literal["tiny", "small", "large"]
Split = Literal["train", "held-out"]


def complete_task(incomplete: str) -> list[str]:
    from vbench_mem.data.synthetic.tasks import TASKS

    return [name for name in TASKS if name.startswith(incomplete)]


def synthetic(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            help="spatial, temporal or long; in long-16 a clip waits for 16 frames before it shows "
            "what its caption describes.",
            autocompletion=complete_task,
            show_default=False,
        ),
    ],
    size: Annotated[Size, typer.Option(help="small suits a CPU, large a GPU, tiny a test.")] = (
        "small"
    ),
    split: Annotated[Split, typer.Option(help="The split to describe.")] = "held-out",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder for the files; default: the cache folder."),
    ] = None,
    strip: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also draw some clips with captions, as a PNG."),
    ] = None,
) -> None:
    """Generate a task of clips with captions, and print its ceilings.

    A ceiling is the recall that no encoder of a kind can exceed. Both splits are made, each with
    a caption file; existing files are kept.

    \b
    vbench-mem synthetic temporal
    vbench-mem synthetic spatial --size large --out clips
    vbench-mem synthetic long --strip long.png
    """
    from vbench_mem.data.synthetic.benchmark import benchmark
    from vbench_mem.data.synthetic.ceilings import ceilings
    from vbench_mem.data.synthetic.making import ensure
    from vbench_mem.data.synthetic.tasks import known_task

    about = known_task(task).about
    folder = ensure(task, size, root=out, progress=show_progress)
    found = benchmark(task, size, split, root=out)
    print(f"{'name':<10}{found.name}: {about}")
    print(f"{'protocol':<10}{found.protocol}")
    print(f"{'captions':<10}{len(found.captions):,} distinct, the first {found.captions[0].text!r}")
    print(f"{'hash':<10}{found.sha256}")
    print(f"{'folder':<10}{folder}")
    print("\nceilings of T2V and V2T R@1 by kind of encoder (in brackets: T2V with ties as wrong):")
    limits = ceilings(task, size, split)
    for t2v, v2t in zip(limits[::2], limits[1::2], strict=True):
        reached = f"{t2v.random_ties_value:.3f} ({t2v.value:.3f})  {v2t.random_ties_value:.3f}"
        print(f"{t2v.kind:<26}{reached}\n  {t2v.reason}")
    if strip is not None:
        from vbench_mem.report.draw.sheet import write_sheet

        write_sheet(found, task, size, strip)
        print(strip)


def show_progress(made: int, count: int) -> None:
    print(f"{made:,} of {count:,} clips", file=sys.stderr)
