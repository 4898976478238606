"""LSMDC: clips of movies, six tab-separated columns without a header. No torch.

A clip of the training file may have several sentences; the 1,000 of the test file have one each.
The times are those in the movie; the clips on disk are cut already.
Source: the columns from CLIP4Clip, dataloaders/dataloader_lsmdc_retrieval.py; SKIPPED is left out
by readers in the line of X-Pool and kept by others, so that galleries may differ by one.
"""

import re
from pathlib import Path

from vbench_mem.data.annotations.collected import Annotations, Collector
from vbench_mem.data.annotations.splits import choose
from vbench_mem.data.text_files import tab_rows

NAME = "lsmdc"
COLUMNS = (
    *("clip_id", "start_aligned", "end_aligned", "start_extracted", "end_extracted"),
    "sentence",
)
SKIPPED = "1012_Unbreakable_00.05.16.065-00.05.21.941"
TIME = r"\d\d\.\d\d\.\d\d\.\d{3}"
CLIP_ID = re.compile(rf"\d{{4}}_.+_{TIME}-{TIME}")


def read(file: Path, split: str | None) -> Annotations:
    into = Collector(file)
    chosen = choose(file, split)
    known: set[str] = set()
    for line, (clip, *_, sentence) in tab_rows(file, COLUMNS):
        known.add(clip)
        if clip not in chosen or clip == SKIPPED:
            continue
        if clip not in into.items:
            into.item(line, clip)
        into.query(line, sentence, clip)
    if SKIPPED in known and SKIPPED in chosen:
        into.drop(SKIPPED, "left out by published readers")
    left_out = ("without the clip that published readers leave out",) if into.dropped else ()
    return chosen.done(into, NAME, known, "all captions", *left_out)
