"""Pairs rows of two sides: by cell id, and with a baseline by name."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vbench_mem.analysis.budgets.baseline import keys_of
from vbench_mem.analysis.compare.differences import Matched
from vbench_mem.analysis.compare.machines import MachineFact
from vbench_mem.analysis.compare.side import Item, Side
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.axes import SETTINGS, facts, label
from vbench_mem.matrix.cell import Cell

ID_DIGITS = 8
NEAR = "differs only in"


@dataclass(frozen=True, kw_only=True)
class Unmatched:
    """A row of one side. `note`: how the most similar row of the other side differs."""

    label: str
    item: Item
    note: str | None = None


def pair(
    before: Side, after: Side, *, any_protocol: bool = False
) -> tuple[list[Matched], list[Unmatched], list[Unmatched]]:
    """The pairs, then the rows that only `before` has, then those that only `after` has, in the
    order of each side. `any_protocol` also pairs rows that differ only in warm-up, steps, seed and
    limits, if the partner is unique."""
    old, new = dict(before.items), dict(after.items)
    if before.is_baseline != after.is_baseline:
        old, new = by_name(before), by_name(after)
    labels = labels_of(old, new)
    partners = {key: key for key in old if key in new}
    if any_protocol:
        partners |= alike(old, new)
    found = set(partners.values())
    left = {key: item for key, item in old.items() if key not in partners}
    right = {key: item for key, item in new.items() if key not in found}
    pairs = [
        Matched(label=labels[key], before=item, after=new[partners[key]])
        for key, item in old.items()
        if key in partners
    ]
    return pairs, list(unmatched(left, right, labels)), list(unmatched(right, left, labels))


def alike(old: Mapping[str, Item], new: Mapping[str, Item]) -> dict[str, str]:
    """Keys of unpaired bursts that differ only in their protocol, if unique on both sides."""
    left, right = unpaired(old, new), unpaired(new, old)
    return {
        keys[0]: right[same][0]
        for same, keys in left.items()
        if len(keys) == 1 and len(right.get(same, ())) == 1
    }


def unpaired(here: Mapping[str, Item], there: Mapping[str, Item]) -> dict[str, list[str]]:
    """Keys by what their cells share, of bursts that the other side lacks."""
    found: dict[str, list[str]] = {}
    for key, item in here.items():
        if key not in there and item.cell is not None and item.cell.probe == "burst":
            found.setdefault(core(item.cell), []).append(key)
    return found


def protocol_facts(pairs: Iterable[Matched]) -> Iterator[MachineFact]:
    """Protocol settings that differ in some pair, with the values of both sides."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for each in pairs:
        if each.before.cell is None or each.after.cell is None:
            continue
        old, new = settings(each.before.cell), settings(each.after.cell)
        for name in (name for name in old if old[name] != new.get(name)):
            values = found.setdefault(name, ({}, {}))
            values[0][shown(old[name])] = None
            values[1][shown(new.get(name))] = None
    for name, (before, after) in found.items():
        yield MachineFact(name=f"protocol.{name}", before=tuple(before), after=tuple(after))


def by_name(side: Side) -> dict[str, Item]:
    """By the names that baselines use; trainings have none."""
    if side.is_baseline:
        return dict(side.items)
    found = {item.cell.id: item.cell for item in side.items.values() if item.cell is not None}
    names = keys_of(cell for cell in found.values() if cell.probe == "burst")
    return {
        name: replace(side.items[cell_id], key=name)
        for cell_id, name in names.items()
        if cell_id in side.items
    }


def labels_of(*sides: Mapping[str, Item]) -> dict[str, str]:
    """By key: the variant and the settings of load and runtime that vary; equal labels of one side
    get the first digits of their ids too."""
    items = {key: item for side in sides for key, item in side.items()}
    found = {key: item.cell for key, item in items.items() if item.cell is not None}
    names = {
        probe: varying(cell for cell in found.values() if cell.probe == probe)
        for probe in {cell.probe for cell in found.values()}
    }
    own = {key: label(cell, names[cell.probe]) for key, cell in found.items() if cell.id == key}
    labels = {key: key for key in items} | own
    for side in sides:
        often = Counter(labels[key] for key in side)
        for key in side:
            if often[labels[key]] > 1:
                labels[key] = f"{labels[key]} ({key[:ID_DIGITS]})"
    return labels


def varying(some: Iterable[Cell]) -> tuple[str, ...]:
    """Settings of load and runtime in which the cells differ."""
    known = [facts(cell) for cell in some]
    return tuple(
        name
        for name, setting in SETTINGS.items()
        if setting.section in ("load", "runtime")
        and any(each[name] != known[0][name] for each in known)
    )


def unmatched(
    here: Mapping[str, Item], there: Mapping[str, Item], labels: Mapping[str, str]
) -> Iterator[Unmatched]:
    nearby: dict[str, list[Cell]] = {}
    for item in there.values():
        if item.cell is not None:
            nearby.setdefault(core(item.cell), []).append(item.cell)
    for key, item in here.items():
        note = near_name(key, there)
        if item.cell is not None and (others := nearby.get(core(item.cell))):
            note = near_cell(item.cell, others)
        yield Unmatched(label=labels[key], item=item, note=note)


def core(cell: Cell) -> str:
    """Everything in the cell except protocol and seed, as text."""
    data = cells.dump(cell)
    del data["encoder"], data["recipe_name"], data["protocol"]
    if data["training"] is not None:
        del data["training"]["seed"]
    return json.dumps(data, sort_keys=True)


def settings(cell: Cell) -> dict[str, Any]:
    """The protocol and the training seed, which `core` leaves out."""
    seed = {} if cell.training is None else {"training seed": cell.training.seed}
    return cells.dump(cell)["protocol"] | seed


def near_cell(cell: Cell, others: Iterable[Cell]) -> str:
    """`differs only in steps: 3 here, 5 there`, of the one that differs least."""
    own = settings(cell)
    gaps = [[name for name in own if own[name] != settings(other)[name]] for other in others]
    other, names = min(zip(others, gaps, strict=True), key=lambda each: len(each[1]))
    parts = [
        f"{name}: {shown(own[name])} here, {shown(settings(other)[name])} there" for name in names
    ]
    return f"{NEAR} {'; '.join(parts)}"


def shown(value: Any) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def near_name(name: str, others: Iterable[str]) -> str | None:
    """`the other side has NAME`: a name that differs in one word."""
    words = set(name.split())
    for other in others:
        if 0 < len(words ^ set(other.split())) <= 2 and other.split()[0] == name.split()[0]:
            return f"the other side has {other}"
    return None
