"""The files of weights at a path, and the hash of their bytes. No torch.

Reads the local disk only: nothing is downloaded.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vbench_mem.base.errors import UsageError
from vbench_mem.base.files import files_sha256
from vbench_mem.base.strict_json import parse_json
from vbench_mem.weights.header import own_header, read_header

SAFE = ".safetensors"
PICKLED = (".bin", ".pt", ".pth")
INDEX = ".index.json"
# The first that exists is used: weights without code before pickled ones.
KNOWN = (
    "model.safetensors",
    "model.safetensors.index.json",
    "open_clip_model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "open_clip_pytorch_model.bin",
)
CONFIGS = ("config.json", "open_clip_config.json", "preprocessor_config.json")


@dataclass(frozen=True)
class Files:
    """The files at a path: weights, and the configs beside them.

    weights  one file, or the shards of an index
    configs  parsed, by name; empty for our checkpoints
    read     all files that are read, with an index and the configs
    """

    path: Path
    weights: tuple[Path, ...]
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    read: tuple[Path, ...] = ()
    is_own: bool = False


@contextmanager
def understood(files: Files, what: str) -> Iterator[None]:
    """Raises `UsageError` where `what` of the configs has a value of another type."""
    try:
        yield
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise UsageError(
            f"{files.path}: {what} cannot be understood: {error}; use the config as published"
        ) from error


def find(path: Path) -> Files:
    """The files at a local path; raises `UsageError` where there are none or too many."""
    if not path.exists():
        raise UsageError(
            f"{path}: no such file or folder; weights are read from the local disk, so fetch them"
        )
    main = main_of(path) if path.is_dir() else path
    if main.name.endswith(INDEX):
        weights = shards(main)
    elif main.suffix in (SAFE, *PICKLED):
        weights = (main,)
    else:
        raise UsageError(
            f"{path}: '{main.name}' is not a file of weights; write a folder, or a file that "
            f"ends in {', '.join((SAFE, *PICKLED, INDEX))}"
        )
    if main.suffix == SAFE and own_header(read_header(main)) is not None:
        return Files(path, weights, read=weights, is_own=True)
    beside = [main.parent / name for name in CONFIGS if (main.parent / name).is_file()]
    index = [main] if main.name.endswith(INDEX) else []
    configs = {file.name: read_json(file) for file in beside}
    return Files(path, weights, configs, (*weights, *index, *beside))


def main_of(folder: Path) -> Path:
    """The file of weights in a folder, or the index of several."""
    for name in KNOWN:
        if (folder / name).is_file():
            return folder / name
    others = sorted(each for each in folder.iterdir() if each.suffix in (SAFE, *PICKLED))
    if not others:
        raise UsageError(
            f"{folder}: no weights in this folder; known names are {' or '.join(KNOWN)}"
        )
    if len(others) > 1:
        names = ", ".join(each.name for each in others[:4])
        raise UsageError(f"{folder}: several files of weights ({names}); write the path of one")
    return others[0]


def shards(index: Path) -> tuple[Path, ...]:
    """The files of an index, each once; raises `UsageError` where one is missing."""
    found = read_json(index).get("weight_map")
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise UsageError(f"{index}: not an index of weights: it has no weight_map; copy it again")
    names = sorted(set(found.values()))
    for name in names:
        if Path(name).name != name:
            raise UsageError(f"{index}: '{name}' is outside its folder; use the files as published")
        if not (index.parent / name).is_file():
            raise UsageError(f"{index}: {name} is missing beside it; copy all {len(names)} files")
    return tuple(index.parent / name for name in names)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises `UsageError` for anything else."""
    try:
        data = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise UsageError(f"{path}: not a JSON object; copy it again")
    return data


def weights_sha256(path: Path) -> str:
    """Hash of the bytes of all files that loading this path reads.

    Of a single file, such as our checkpoint, its own SHA-256; of several that of their names and
    hashes, so that an edited config changes it. Raises `UsageError` as `find` does.
    """
    return files_sha256(find(path).read)
