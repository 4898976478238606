"""Which rows a budget judges, and with which row a relative budget compares each of them: one that
is equal in everything except the facts in `to` or `from`."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from vbench_mem.analysis.join import Row
from vbench_mem.encoders.custom import Custom
from vbench_mem.matrix.axes import SETTINGS
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.cell import dump
from vbench_mem.matrix.conditions import check_when, matches

ADAPTATION = ("adapter_width", "lora_rank", "lora_alpha", "blocks", "train_text")
# Fields that depend on another one: naming that one leaves them free too.
FOLLOWS = {
    "recipe.mask": ("recipe.mask_kind",),
    "recipe.train": tuple(f"recipe.{name}" for name in ADAPTATION),
    "load.input": ("load.clips", "load.clips_sha256", "load.fps"),
    "load.clips": ("load.input", "load.clips_sha256"),
}
SIZES = ("spec.tower", "spec.text", "spec.embed_dim", "spec.patch_px")  # the same across families


def judged_rows(budget: Budget, rows: Sequence[Row]) -> list[Row]:
    """The rows that match `where`, without skipped ones and those that match `reference`."""
    where = check_when(budget.where)
    found = [row for row in rows if matches(row.facts, where) and not row.by_rule]
    if budget.reference is None:
        return found
    target = check_when(budget.reference)
    return [row for row in found if not matches(row.facts, target)]


class Partners:
    """The rows that match `reference`, indexed by all their other fields."""

    def __init__(self, reference: dict[str, Any], rows: Iterable[Row]) -> None:
        self.wanted = ", ".join(f"{name}: {value}" for name, value in reference.items())
        self.when = check_when(reference)
        self.found: dict[tuple[bool, bool, str], list[Row]] = {}
        for row in rows:
            if matches(row.facts, self.when):
                for sized in (True, False):
                    key = (is_custom(row), sized, _rest(row, self.when, sized=sized))
                    self.found.setdefault(key, []).append(row)

    def of(self, row: Row) -> tuple[Row | None, str]:
        """The one row that is otherwise equal to `row`, or the reason why none is found."""
        found = []
        for custom in (False, True):
            # a custom encoder has no size to compare with that of another family
            sized = not (custom or is_custom(row))
            found += self.found.get((custom, sized, _rest(row, self.when, sized=sized)), [])
        if not found:
            return None, f"no otherwise equal row has {self.wanted}"
        if len(found) > 1:
            names = " and ".join(other.label for other in found[:2])
            why = f"several rows have {self.wanted}: {names}; add facts to name one of them"
            return None, why
        return found[0], ""


def partners_of(budget: Budget, rows: Iterable[Row]) -> Partners | None:
    """The rows that a relative limit compares with; None for other limits."""
    return None if budget.reference is None else Partners(budget.reference, rows)


def is_custom(row: Row) -> bool:
    return isinstance(row.cell.spec, Custom)


def _rest(row: Row, when: dict[str, Any], *, sized: bool) -> str:
    """The cell's fields without its names and without all that `when` sets."""
    free = [prefix for name in when for prefix in _sets(name)]
    flat = _flat(dump(row.cell))
    rest = {
        path: value
        for path, value in flat.items()
        if (sized and _keeps(path, when))
        or (
            path not in ("encoder", "recipe_name")
            and not any(path == prefix or path.startswith(f"{prefix}.") for prefix in free)
        )
    }
    return json.dumps(rest, sort_keys=True, default=str)


def _keeps(path: str, when: dict[str, Any]) -> bool:
    """Another family is compared at the same size, unless `when` names the encoder."""
    if "encoder" in when or "variant" in when or not when.keys() & {"family", "layout"}:
        return False
    return any(path.startswith(prefix) for prefix in SIZES)


def _sets(name: str) -> tuple[str, ...]:
    """Paths of the fields of a cell that a fact sets."""
    if name in ("encoder", "family", "layout"):
        return ("spec", "recipe.mask_kind")  # kinds of masks depend on the layout
    if name in ("recipe", "recipe_name"):
        return ("recipe",)
    if name == "variant":
        return ("spec", "recipe")
    if name not in SETTINGS:
        return (f"protocol.{name}",)
    setting = SETTINGS[name]
    path = ".".join((setting.section, *setting.keys))
    return (path, *FOLLOWS.get(path, ()))


def _flat(data: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found
