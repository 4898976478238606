"""The entries of `accuracy.train` and `accuracy.evaluate` -> complete sources. No torch.

Refuses keys without effect, and the same source twice.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated

from pydantic import Discriminator, Tag

from vbench_mem.base.errors import UsageError, placed
from vbench_mem.matrix.open_sources import resolve_source
from vbench_mem.matrix.training import Source

# By the brackets, `explain` knows that this is not a key of the file.
NAMED, FULL = "source[name]", "source[mapping]"
Written = Annotated[
    Annotated[str, Tag(NAMED)] | Annotated[Source, Tag(FULL)],
    Discriminator(lambda value: FULL if isinstance(value, dict | Source) else NAMED),
]
OF_FILES = ("videos", "allow_missing", "paragraphs")
OF_TASKS = ("size", "noise")


def complete(
    written: Sequence[str | Source], key: str, folder: Path, *, size: str, noise: float = 0.0
) -> tuple[Source, ...]:
    """The sources with their hashes; `size` and `noise` are for tasks without their own.

    Raises `UsageError` with the place.
    """
    found: dict[Source, int] = {}
    for number, each in enumerate(written):
        source = as_source(each)
        with placed(f"accuracy.{key}[{number}]: ", ValueError):
            check_keys(source, key)
            source = complete_one(source, key, folder, size, noise)
        if source in found:
            raise UsageError(
                f"accuracy.{key}[{number}]: is the same as {key}[{found[source]}]; write it once"
            )
        found[source] = number
    return tuple(found)


def as_source(written: str | Source) -> Source:
    """A task's name alone stands for a source of that name."""
    return Source(name=written) if isinstance(written, str) else written


def complete_one(source: Source, key: str, folder: Path, size: str, noise: float) -> Source:
    is_training = key == "train"
    if source.file is None:
        source = replace(
            source,
            size=source.size or size,
            split=source.split or ("train" if is_training else "held-out"),
            noise=noise if source.noise is None and is_training else source.noise,
        )
    return resolve_source(replace(source, noise=source.noise or 0.0), folder)


def check_keys(source: Source, key: str) -> None:
    """Raises `ValueError` for a key that this kind of source does not have."""
    is_task = source.file is None
    kind = "a file of annotations" if is_task else "a generated task"
    defaults = {each.name: each.default for each in fields(Source)}
    for name in OF_FILES if is_task else OF_TASKS:
        if getattr(source, name) != defaults[name]:
            raise ValueError(f"{name}: is for {kind}, which {source.name} is not; leave it out")
    if source.sha256 is not None:
        raise ValueError("sha256: is computed from the data; leave it out")
    if source.noise and key != "train":
        raise ValueError(f"noise: {source.noise} is for training only; leave it out")


def held_out(trained: Sequence[str | Source]) -> tuple[Source, ...]:
    """The default of `evaluate`: the held-out pairs of each task in `train`; raises `UsageError`
    where those are not known."""
    found = [replace(as_source(each), noise=None) for each in trained]
    if any(each.split or each.file for each in found):
        raise UsageError(
            "accuracy.evaluate: is missing; write it, since train names a split or a file"
        )
    return tuple(dict.fromkeys(found))  # `train` may name a family with and without noise
