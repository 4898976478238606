"""The committed predictions of tests, with which `memory_budget(max_growth=...)` compares."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from vbench_mem.analysis.budgets.baseline import SCHEMA, Entry, entry_of, parse_as, torch_version
from vbench_mem.base.errors import UsageError, cannot_read
from vbench_mem.base.files import written_aside
from vbench_mem.base.strict import STRICT
from vbench_mem.probes.prediction import Prediction

UPDATE = "--update-memory-baseline"
COMMAND = f"pytest {UPDATE}"


class StepEntry(Entry):
    """`torch` is the major and minor version that predicted; `card` is as in `Prediction`."""

    torch: str
    card: str | None


class StepBaseline(BaseModel):
    """The predictions of each test in their order, by node id."""

    model_config = STRICT

    about: str = f"Predicted memory, in bytes. Rewritten by `{COMMAND}`."
    schema_version: int = SCHEMA
    tests: dict[str, list[StepEntry]] = {}


def step_entry(prediction: Prediction) -> StepEntry:
    found = entry_of(prediction).model_dump()
    return StepEntry(**found, torch=torch_version(), card=prediction.card)


def read_step_baseline(path: Path) -> StepBaseline:
    """Without tests where there is no file; raises `UsageError` for one that cannot be used."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return StepBaseline()
    except OSError as error:
        raise cannot_read(path, error) from error
    return parse_as(StepBaseline, text, str(path), COMMAND)


def update_step_baseline(path: Path, fresh: Mapping[str, Any]) -> None:
    """Write the entries of these tests and keep those of all others; raises `UsageError`.

    `fresh` has what `StepEntry.model_dump` gives, in lists by node id.
    """
    tests = read_step_baseline(path).tests
    if not fresh:  # only whether it could be done
        return
    tests |= StepBaseline.model_validate({"tests": fresh}).tests
    text = json.dumps(StepBaseline(tests=tests).model_dump(mode="json"), indent=1, sort_keys=True)
    with written_aside(path) as aside:
        aside.write_text(text + "\n", encoding="utf-8")


def entries_for(path: Path, test: str, predictions: Sequence[Prediction]) -> list[StepEntry]:
    """The entries that the predictions are compared with, one for each.

    Raises `UsageError` where the file cannot be used, or has none or another number for the test.
    """
    entries = read_step_baseline(path).tests.get(test)
    write = f"`{COMMAND} {shlex.quote(test)}`"
    if entries is None:
        raise UsageError(f"{path.name} has no entry for {test}; write it with {write}")
    if len(entries) != len(predictions):
        raise UsageError(
            f"{path.name} has {len(entries)} predictions for {test}, which now makes "
            f"{len(predictions)}; write them anew with {write}"
        )
    return entries
