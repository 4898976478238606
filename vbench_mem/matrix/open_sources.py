"""The hash of a source of pairs, and its clips and captions. No torch.

`Source.file` is None for tasks of the generated benchmark.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vbench_mem.base.errors import UsageError, placed
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.data.paragraphs import paragraphs
from vbench_mem.matrix.training import Source

if TYPE_CHECKING:
    from vbench_mem.data.benchmark import TaskCeiling


def resolve_source(source: Source, folder: Path) -> Source:
    """The source with full paths and the hash of its content; generates nothing.

    Raises `UsageError` for an unknown task or size, and for files that are missing or wrong.
    """
    if source.file is None:
        from vbench_mem.data.synthetic.tasks import check_size, check_split, definition_sha256

        assert source.size is not None and source.split is not None
        check_size(source.size)
        check_split(source.split)
        return replace(source, sha256=definition_sha256(source.name, source.size))
    file = (folder / source.file).resolve()
    videos = (folder / source.videos).resolve() if source.videos else None
    found = replace(source, file=str(file), videos=str(videos) if videos else None)
    return replace(found, sha256=open_source(found).sha256)


def open_source(source: Source) -> Benchmark:
    """The clips and captions; a generated task is made if it does not exist yet.

    Raises `UsageError` for files that cannot be used or have changed since they were hashed.
    """
    if source.file is None:
        from vbench_mem.data.synthetic.benchmark import benchmark

        assert source.size is not None and source.split is not None
        return benchmark(source.name, source.size, source.split, noise=source.noise or 0.0)
    from vbench_mem.data.annotations.read import read_benchmark

    found = read_benchmark(
        source.name,
        Path(source.file),
        Path(source.videos) if source.videos else None,
        split=source.split,
        allow_missing=source.allow_missing,
    )
    found = paragraphs(found) if source.paragraphs else found
    if source.sha256 not in (None, found.sha256):
        raise UsageError(
            f"{source.file}: captions or videos have changed since the matrix was read; "
            "run the command again"
        )
    return found


def ceilings_of(source: Source, frames: int) -> tuple["TaskCeiling", ...]:
    """Scores that a kind of encoder cannot exceed with so many frames; none for real data."""
    from vbench_mem.data.synthetic.ceilings import ceilings

    if source.file is not None:
        return ()
    assert source.size is not None and source.split is not None
    return ceilings(source.name, source.size, source.split, frames)


def resolve_init(init: str | None, folder: Path) -> dict[str, Any]:
    """`init` with its full path and the hash of its files, as fields of a training."""
    if init is None:
        return {}
    from vbench_mem.weights.find import weights_sha256

    path = (folder / init).resolve()
    if not path.exists():
        raise UsageError(
            f"accuracy.init: no file or folder {path}; write a path relative to the matrix"
        )
    with placed("accuracy.init: "):
        return {"init": str(path), "init_sha256": weights_sha256(path)}
