"""The records of a matrix, as `report` and `check` read them."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.cli.arguments import command

if TYPE_CHECKING:
    from vbench_mem.analysis.budgets.file import CheckRequest, PlacedBudget
    from vbench_mem.analysis.join import Joined
    from vbench_mem.running.store import Store


@dataclass(frozen=True)
class Source:
    """What the options --store, --machine and --scores say."""

    store: Path
    machine: str | None
    scores: Sequence[str]


def read(
    request: "CheckRequest", typed: str, source: Source, *, foreign: bool
) -> "tuple[Store, Joined]":
    """The chosen run and its rows; problems are printed to stderr. `typed`: the matrix as the user
    wrote it; `foreign`: may the run be of another machine?"""
    from vbench_mem.analysis.join import join
    from vbench_mem.analysis.scores.files import load_scores
    from vbench_mem.running.runs import choose_run
    from vbench_mem.running.target import Site

    loaded = request.matrix
    own = Site.of(loaded.cells).main.fingerprint
    measure = command("run", typed, source.store)
    run = choose_run(
        source.store, loaded.name, own, source.machine, foreign=foreign, measure=measure
    )
    if run.fingerprint != own:
        print(f"the records are of another machine, {run.fingerprint}", file=sys.stderr)
    problems = run.problems()
    for problem in problems:
        print(problem, file=sys.stderr)
    known = load_scores([*loaded.scores, *source.scores], Path())
    check_datasets(request.placed, {score.dataset for score in known})
    return run, join(loaded, run.records(), known, problems)


def check_datasets(stated: Iterable["PlacedBudget"], scored: set[str]) -> None:
    """Refuse a budget on an unknown dataset whose name is close to a known one."""
    from vbench_mem.data.annotations.datasets import DATASETS

    known = [*scored, *DATASETS]
    for each in stated:
        name = each.budget.dataset
        if name is None or name in known:
            continue
        hint = nearest(name, known)
        if "did you mean" in hint:
            raise UsageError(f"{each.path}: {each.place}.dataset: no score of {name}{hint}")
