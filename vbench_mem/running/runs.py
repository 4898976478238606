"""Which folder of records a report or a check reads: that of one kind of machine."""

from pathlib import Path

from vbench_mem.base.errors import UsageError
from vbench_mem.running.store import Store, find_stores


class NoRun(UsageError):
    """No machine has records of the matrix."""


class UnlikeMachines(UsageError):
    """Only other machines have records of the matrix."""


def choose_run(
    root: Path,
    name: str,
    own: str,
    machine: str | None,
    *,
    foreign: bool,
    measure: str = "vbench-mem run",
) -> Store:
    """The run of `machine` (the first digits of its fingerprint), else of this one (`own`).

    With `foreign`, a single run of another machine is accepted too. `measure` is the command that
    makes records. Raises `NoRun` where there is no run, else `UnlikeMachines` with those there are.
    """
    stores = {store.fingerprint: store for store in find_stores(root, name)}
    if not stores:
        raise NoRun(f"{root / name}: no records; measure with `{measure}` first")
    there = ", ".join(stores)
    if machine is not None:
        found = [stores[key] for key in stores if key.startswith(machine)]
        if machine and len(found) == 1:
            return found[0]
        many = "several fingerprints begin" if found else "no fingerprint begins"
        raise UnlikeMachines(
            f"{root / name}: {many} with '{machine}'; there are records of {there}"
        )
    if own in stores:
        return stores[own]
    if foreign and len(stores) == 1:
        return next(iter(stores.values()))
    raise UnlikeMachines(
        f"{root / name}: no records of this machine ({own}), only of {there}; "
        "choose one with --machine"
    )
