"""Validation errors of pydantic as one sentence: where, what, and what to write instead."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vbench_mem.base.errors import nearest
from vbench_mem.base.load import DEVICE
from vbench_mem.base.strict_yaml import key_path, written

WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "dataclass_type": "a mapping",
    "int_from_float": "a whole number",
}


def explain(
    error: ValidationError,
    keys: Mapping[tuple[str, ...], Iterable[str]] | None = None,
    above: str = "",
) -> str:
    """The first mistake as `key.path: what is wrong`, without the path where it is empty.

    `keys` are the known keys of each mapping, by its path; `above` is put before the path.
    """
    details = sorted(error.errors(), key=lambda detail: rank(detail["type"]))[0]
    # without names of a union's branches, which pydantic puts into the path: `list[Foo]`
    place = tuple(key for key in details["loc"] if not re.search(r"[\[(]", str(key)))
    words = (keys or {}).get(tuple("*" if isinstance(key, int) else key for key in place[:-1]), ())
    path = key_path((above, *place) if above else place)
    sentence = explain_one(details, str(place[-1]) if place else "", words)
    return f"{path}: {sentence}" if path else sentence


def rank(kind: str) -> int:
    """Where a value fits none of several types, the most helpful error comes first."""
    return {"extra_forbidden": 0, "missing": 2, "none_required": 3}.get(kind, 1)


def explain_one(details: ErrorDetails, name: str, words: Iterable[str]) -> str:
    """One mistake as a sentence, without its path."""
    kind, value = details["type"], details["input"]
    context: dict[str, Any] = details.get("ctx", {})
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"no key called '{name}' here" + (nearest(name, words) if words else "")
    if kind in ("missing", "missing_keyword_only_argument"):
        return "is missing"
    if kind in ("literal_error", "enum"):
        known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return f"{written(value)} is not a choice{nearest(str(value), known)}"
    if context.get("pattern") == DEVICE:
        return f"{written(value)} is not a device; write auto, cpu, cuda or cuda:0"
    if kind in WANTED:
        hint = ""
        if isinstance(value, str) and kind in ("int_type", "float_type"):
            hint = " but text"
        return f"{written(value)} is not {WANTED[kind]}{hint}"
    if kind == "value_error":
        return str(context.get("error", details["msg"]))
    if kind == "too_short" and not value:
        return f"{written(value)} is empty; write at least {context['min_length']}"
    message = re.sub(r"^(Input |String )?(should )?", "", details["msg"])
    return f"{written(value)} is refused: it should {message[:1].lower()}{message[1:]}"
