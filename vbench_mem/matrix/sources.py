"""What `accuracy.train` and `accuracy.evaluate` name, as written -> complete sources. No torch.

Refuses what would otherwise be read and change nothing: a key of the other kind of source, or the
same source twice.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated

from pydantic import Discriminator, Tag

from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.open_sources import resolve_source
from vbench_mem.matrix.training import Source

# The brackets tell `explain` that this is no key of the file.
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
    """The sources with their hashes; `size` and `noise` are of tasks that do not say their own.

    Raises `UsageError` with the place.
    """
    found: dict[Source, int] = {}
    for number, each in enumerate(written):
        source = unnamed(each)
        try:
            check_keys(source, key)
            source = complete_one(source, key, folder, size, noise)
        except (UsageError, ValueError) as error:
            raise UsageError(f"accuracy.{key}[{number}]: {error}") from error
        if source in found:
            raise UsageError(
                f"accuracy.{key}[{number}]: is what {key}[{found[source]}] is; write each once"
            )
        found[source] = number
    return tuple(found)


def unnamed(written: str | Source) -> Source:
    """A task's name alone stands for what the section says of all."""
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
    """Raises `ValueError` for what this kind of source does not have."""
    is_task = source.file is None
    kind = "a file of annotations" if is_task else "a generated task"
    defaults = {each.name: each.default for each in fields(Source)}
    for name in OF_FILES if is_task else OF_TASKS:
        if getattr(source, name) != defaults[name]:
            raise ValueError(f"{name}: is for {kind}, and {source.name} is none; leave it out")
    if source.sha256 is not None:
        raise ValueError("sha256: is computed from the data; leave it out")
    if source.noise and key != "train":
        raise ValueError(f"noise: {source.noise} is for training alone; leave it out")


def held_out(trained: Sequence[str | Source]) -> tuple[Source, ...]:
    """What is asked where a matrix does not say: of each task that is trained on, the pairs that
    are kept back; raises `UsageError` where those are not known."""
    found = [replace(unnamed(each), noise=None) for each in trained]
    if any(each.split or each.file for each in found):
        raise UsageError(
            "accuracy.evaluate: is missing; train names a split or a file, so name this too"
        )
    return tuple(dict.fromkeys(found))  # noisy pairs may stand beside clean ones
