"""Which folder of records a report or a check reads. Records of unlike machines never meet."""

from pathlib import Path

from vbench_mem.base.errors import UsageError
from vbench_mem.running.store import Store, find_stores


class NoRun(UsageError):
    """There are no records to judge."""


class UnlikeMachines(UsageError):
    """There are records, but of other machines than the one asked for."""


def choose_run(
    root: Path,
    name: str,
    own: str,
    machine: str | None,
    *,
    foreign: bool,
    measure: str = "vbench-mem run",
) -> Store:
    """The run of `machine` (its first digits do), else of this one, whose fingerprint is `own`.

    With `foreign`, the only run there is will do wherever it was made. Raises `NoRun` without any
    run and `UnlikeMachines`, listing what there is, without the one asked for. `measure` is the
    command that would make records.
    """
    stores = {store.fingerprint: store for store in find_stores(root, name)}
    if not stores:
        raise NoRun(f"{root / name}: no records; measure with `{measure}` first")
    there = ", ".join(stores)
    if machine is not None:
        found = [stores[key] for key in stores if key.startswith(machine)]
        if machine and len(found) == 1:
            return found[0]
        many = "more than one machine" if found else "no machine"
        raise UnlikeMachines(f"{root / name}: {many} called '{machine}'; records are of {there}")
    if own in stores:
        return stores[own]
    if foreign and len(stores) == 1:
        return next(iter(stores.values()))
    raise UnlikeMachines(
        f"{root / name}: no records of this machine ({own}), only of {there}; "
        "choose one with --machine"
    )
