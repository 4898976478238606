"""Names of the data sets of scores, each with one spelling. No torch."""

import re

DATASET = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
# Known spellings; another spelling of one of them would silently make a second column.
DATASETS = (
    *("msr-vtt", "vatex", "youcook2", "activitynet", "didemo", "msvd", "lsmdc"),
    *("egoschema", "egoschema-subset", "perception-test", "next-qa", "howto100m"),
)


def check_dataset(dataset: str) -> None:
    """Raise `ValueError` for another spelling of a known dataset and for an invalid name."""
    squeezed = {re.sub(r"[^a-z0-9]", "", name): name for name in DATASETS}
    known = squeezed.get(re.sub(r"[^a-z0-9]", "", dataset.lower()))
    if known is not None and dataset != known:
        raise ValueError(f"dataset: '{dataset}' is written {known} here")
    if not DATASET.fullmatch(dataset):
        raise ValueError(
            f"dataset: '{dataset}' is not a name; use lower-case letters, digits and dashes"
        )
