"""Conditions on a cell, as skip rules and budgets write them: `{recipe: full, mask: [0, 0.5]}`.

All names must match; a list means any of its values. Names and values are checked as under `axes`,
and `encoder` takes patterns there too: `{encoder: "*_test"}`.
"""

import re
from collections.abc import Collection
from typing import Any

from vbench_mem.base.errors import UsageError, nearest, placed
from vbench_mem.encoders.source import is_reference
from vbench_mem.matrix.axes import (
    EXAMPLE_ENCODER,
    LAST_WORDS,
    PROTOCOL,
    SEE_SCHEMA,
    SETTINGS,
    TABLES,
    canonical,
    check_value,
    encoders_of,
    names,
    unknown_row,
)

CHANGES = r"(?:,[\w.]+=[^,+]+(?:\+\d+)?)*"  # `,patch_px=32`; 1e+16 has a plus of its own
ENCODER = r"\w+(?:(?:\.\w+)*:\w+)?"  # a name of the table, or `my_package.module:build`
VARIANT = re.compile(rf"({ENCODER}){CHANGES}(?:\+(\w+){CHANGES})?")
READ_ONLY = ("family", "layout", "probe", "recipe_name")


def canonical_fact(name: str) -> str:
    """Like `axes.canonical`, for facts of a cell, which include the protocol and derived ones."""
    if name in PROTOCOL or name in READ_ONLY:
        return name
    if name not in names() and name not in LAST_WORDS:
        known = [*names(), *PROTOCOL, *READ_ONLY]
        raise UsageError(f"no fact called '{name}'{nearest(name, known, SEE_SCHEMA)}")
    return canonical(name)


def matches(known: dict[str, Any], when: dict[str, Any]) -> bool:
    """Does each fact have the wanted value, or one of a list?"""
    for name, wanted in when.items():
        options = wanted if isinstance(wanted, list) else [wanted]
        value = known.get(name)
        # 1 == True in Python, and a batch of 1 is not `true`
        same_kind = [x for x in options if isinstance(x, bool) == isinstance(value, bool)]
        if name not in known or value not in same_kind:
            return False
    return True


def check_when(when: dict[str, Any], variants: Collection[str] | None = None) -> dict[str, Any]:
    """A condition with full names and typed values; raises `UsageError` for a mistake in either.

    `variants` are those of all cells, where they are known: a changed variant must be one of them.
    """
    checked: dict[str, Any] = {}
    for name, wanted in when.items():
        options = wanted if isinstance(wanted, list) else [wanted]
        with placed(f"{name}: "):
            path = canonical_fact(name)
            if not options:
                raise UsageError("is an empty list, which matches nothing; write a value")
            if path == "encoder":
                options = [name for option in options for name in encoders_of(option)]
            checked[path] = [check_option(path, option, variants) for option in options]
    return checked


def check_option(path: str, option: Any, variants: Collection[str] | None = None) -> Any:
    """Checks one value. Names of changed encoders and recipes (`full,mask=0.6`) are accepted."""
    if path not in SETTINGS:
        return option
    if path == "variant":
        check_variant(option, variants)
        return option
    derived = r"\d+x\d+" if path in ("size", "text_size") else rf"{ENCODER}(,[\w.]+=[\w.+-]+)+"
    if path in TABLES and isinstance(option, str) and re.fullmatch(derived, option):
        return option
    return check_value(path, option)


def check_variant(option: Any, variants: Collection[str] | None) -> None:
    """Refuse what is neither a variant of a cell nor an encoder and a recipe of the tables."""
    parts = VARIANT.fullmatch(option) if isinstance(option, str) else None
    if parts and variants is not None and option in variants:
        return
    if parts is None:
        raise UsageError(f"'{option}' is not a variant; write it like {EXAMPLE_ENCODER}+mask75")
    encoder, recipe = parts[1], parts[2] or "full"
    for path, name in (("encoder", encoder), ("recipe", recipe)):
        if name not in TABLES[path] and not is_reference(name):
            raise UsageError(unknown_row(path, name))
    # changed or a user's own, and not that of any cell
    if variants is not None and ("," in option or is_reference(option)):
        raise UsageError(f"no cell is called '{option}'{nearest(option, sorted(variants))}")
