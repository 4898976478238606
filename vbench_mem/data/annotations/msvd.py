"""MSVD: one JSON with the captions of all videos, and a list of ids for each split. No torch.

The captions are published as a pickle, which can run any code when it is opened and is refused.
Source: CLIP4Clip, dataloaders/dataloader_msvd_retrieval.py: 1,200, 100 and 670 videos.
"""

from pathlib import Path
from typing import Any

from vbench_mem.base.errors import UsageError
from vbench_mem.data.annotations.collected import Annotations, Collector
from vbench_mem.data.annotations.splits import choose_listed
from vbench_mem.data.text_files import json_document

NAME = "msvd"
CONVERT = (
    "python -c \"import json, pickle; json.dump(pickle.load(open('{0}', 'rb')), open('{1}', 'w'))\""
)


def read(file: Path, split: str | None) -> Annotations:
    """`{id: [caption, ...]}`; a caption is text, or a list of words as in the pickle."""
    refuse_pickle(file)
    into = Collector(file)
    captions = into.table("", json_document(file))
    chosen = choose_listed(file, split)
    for id, found in captions.items():
        if id not in chosen:
            continue
        into.item(id, id)
        for where, caption in into.entries(id, found):
            into.query(where, joined(caption), id)
    return chosen.done(into, NAME, captions, "all captions")


def joined(caption: Any) -> Any:
    """Words with spaces between; anything else as it is."""
    if isinstance(caption, list) and all(isinstance(word, str) for word in caption):
        return " ".join(caption)
    return caption


def refuse_pickle(file: Path) -> None:
    if file.suffix in (".pkl", ".pickle"):
        command = CONVERT.format(file.name, file.with_suffix(".json").name)
        raise UsageError(
            f"{file}: is a pickle, which can run any code when it is opened; if you trust it, "
            f"convert it once with: {command}"
        )
