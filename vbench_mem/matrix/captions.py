"""The tokenizer of a cell's captions: one that the axes name, or the one beside given weights.

No torch. Finds and hashes a tokenizer, never opens it.
"""

from pathlib import Path

from vbench_mem.base.errors import UsageError
from vbench_mem.data.tokenizer_file import with_tokenizer
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.families import Spec
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.training import Training


def lacks_tokenizer(spec: Spec | Custom) -> bool:
    """Does it need a tokenizer's file without naming one?"""
    return spec.text.tokenizer == "file" and spec.text.tokenizer_file is None


def named_tokenizer(spec: Spec | Custom, folder: Path) -> Spec | Custom:
    """The spec with the full path and hash of the tokenizer that it names, relative to the folder;
    unchanged if it names none."""
    written = spec.text.tokenizer_file
    return spec if written is None else with_tokenizer(spec, (folder / written).resolve())


def tokenizer_of_init(row: Cell, training: Training) -> Spec:
    """The spec of a trained row with its tokenizer, else the one beside the weights of `init`.

    Raises `UsageError` where it needs one and there is none.
    """
    spec = row.table_spec
    if not lacks_tokenizer(spec):
        return spec
    if training.init is None:
        raise UsageError(
            f"accuracy.init: is missing, but {row.variant} reads captions with the tokenizer "
            "beside its weights; write init, or text.tokenizer_file under axes"
        )
    path = Path(training.init)
    try:
        return with_tokenizer(spec, path if path.is_dir() else path.parent)
    except UsageError as error:
        raise UsageError(
            f"accuracy.init: {error}, or write text.tokenizer_file under axes"
        ) from error
