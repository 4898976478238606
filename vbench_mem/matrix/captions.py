"""Which tokenizer reads a cell's captions: one that the axes name, or that of given weights.

No torch. Never opens a tokenizer: it is found and hashed.
"""

from pathlib import Path

from vbench_mem.base.errors import UsageError
from vbench_mem.data.tokenizer_file import with_tokenizer
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.families import Spec
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.training import Training


def lacks_tokenizer(spec: Spec | Custom) -> bool:
    """Does it read captions by a file that it does not name?"""
    return spec.text.tokenizer == "file" and spec.text.tokenizer_file is None


def named_tokenizer(spec: Spec | Custom, folder: Path) -> Spec | Custom:
    """The spec with its tokenizer's full path and hash, where it names one; paths are relative to
    the folder."""
    written = spec.text.tokenizer_file
    return spec if written is None else with_tokenizer(spec, (folder / written).resolve())


def tokenizer_of_init(row: Cell, training: Training) -> Spec:
    """The spec of a row that is trained, with a tokenizer: its own, or the one beside the weights
    that the training starts from.

    Raises `UsageError` where it needs one and neither has it.
    """
    spec = row.table_spec
    if not lacks_tokenizer(spec):
        return spec
    if training.init is None:
        raise UsageError(
            f"accuracy.init: is missing, and captions of {row.variant} are read by the tokenizer "
            "beside its weights; write init, or text.tokenizer_file under axes"
        )
    path = Path(training.init)
    try:
        return with_tokenizer(spec, path if path.is_dir() else path.parent)
    except UsageError as error:
        raise UsageError(
            f"accuracy.init: {error}, or write text.tokenizer_file under axes"
        ) from error
