"""Differences between machines and software of two sides."""

from collections.abc import Mapping
from dataclasses import dataclass

from vbench_mem.analysis.compare.side import Side

Values = tuple[str, ...]
MACHINE = (
    "device",
    "torch",
    "torch_cuda",
    "python",
    "gpu_name",
    "gpu_memory_bytes",
    "driver",
    "cpu_model",
    "cpu_cores",
    "torch_threads",
)
FIRST = (*MACHINE, "git_revision", "git_dirty")
MOMENTARY = {  # they change from minute to minute, or from boot to boot
    "clock_sm_mhz",
    "clock_memory_mhz",
    "gpu_temperature_c",
    "gpu_used_before_bytes",
    "gpu_other_processes",
    "host_memory_bytes",  # less what the kernel keeps for itself
}
SHORT = 10  # digits of a revision
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class MachineFact:
    """`before` and `after`: all values in records of the side, in order of appearance."""

    name: str
    before: Values
    after: Values

    @property
    def differs(self) -> bool:
        return set(self.before) != set(self.after)

    @property
    def is_machine(self) -> bool:
        """Is it part of the fingerprint, or of the same machine?"""
        return self.name in MACHINE

    @property
    def text(self) -> str:
        """`torch 2.11.0 -> 2.13.0`."""
        return f"{self.name} {' and '.join(self.before)} -> {' and '.join(self.after)}"


def facts_of(before: Side, after: Side) -> tuple[MachineFact, ...]:
    """Facts that both sides have, those of the machine first."""
    old, new = known(before), known(after)
    if before.is_baseline or after.is_baseline:  # a baseline knows the minor version only
        old, new = ({"torch": minor(each.get("torch", ()))} for each in (old, new))
    both = [name for name in old if name in new and old[name] and new[name]]
    order = [name for name in FIRST if name in both]
    order += sorted(name for name in both if name not in FIRST)
    return tuple(MachineFact(name=name, before=old[name], after=new[name]) for name in order)


def known(side: Side) -> Mapping[str, Values]:
    """By name, packages by theirs."""
    if side.torch is not None:
        return {"torch": (side.torch,)}
    found: dict[str, dict[str, None]] = {}
    for environment in side.environments():
        facts = environment.packages | {"device": environment.device} | environment.facts
        for name in facts.keys() - MOMENTARY:
            found.setdefault(name, {})[written(name, facts[name])] = None
    return {name: tuple(values) for name, values in found.items()}


def written(name: str, value: object) -> str:
    if value is None:
        return NONE
    return str(value)[:SHORT] if name in ("git_revision", "torch_git") else str(value)


def minor(values: Values) -> Values:
    return tuple(dict.fromkeys(".".join(value.split(".")[:2]) for value in values))
