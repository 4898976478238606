"""The settings of a matrix by name, the values that each takes, and the facts of a cell by name.

The names are the fields of the spec, recipe, load and runtime. `encoder` also takes patterns as in
a shell, `"*_b16"`, alone or in a list: the matching encoders of the table, in its order.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.base.explain import explain
from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.families import FAMILIES
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.sizes import TEXT_SIZES, VIDEO_SIZES, Tower, size_name
from vbench_mem.encoders.source import EXAMPLE, REFERENCE, check_reference, is_reference
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.tube import Tube
from vbench_mem.matrix.cell import Cell, Protocol

Section = Literal["name", "spec", "recipe", "load", "runtime"]
TABLES: dict[str, Mapping[str, Any]] = {
    "encoder": ENCODERS,
    "recipe": RECIPES,
    "size": VIDEO_SIZES,
    "text_size": TEXT_SIZES,
}
EXAMPLE_ENCODER = next(iter(ENCODERS))  # for help texts and messages
PATTERN = r"[*?\[]"  # what makes a name a pattern
SEE_SCHEMA = "; `vbench-mem schema` lists the names"  # the list itself is too long to help
INTERNAL = {"layout", "clips_sha256", "tokenizer_sha256"}  # computed from the encoder or a file
TRAINED = ("frames", "resolution_px", "fps", "caption_tokens")  # a training has these of its row


@dataclass(frozen=True)
class Setting:
    """One name in a matrix: `path` as it is written, `keys` lead to the field that it sets."""

    path: str
    section: Section
    keys: tuple[str, ...]
    type: Any


def settings_of(kind: type, section: Section, above: tuple[str, ...] = ()) -> list[Setting]:
    """A dataclass's fields, those of nested ones by dotted path."""
    found = []
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        keys = (*above, field.name)
        if field.name not in INTERNAL:
            found.append(Setting(".".join(keys), section, keys, hints[field.name]))
        if hints[field.name] in (Tower, Text):
            found += settings_of(hints[field.name], section, keys)
    return found


def choice(path: str) -> Any:
    return Literal[tuple(TABLES[path])]


def all_settings() -> dict[str, Setting]:
    """All settings by path. `resolution_px` is the load's; the spec's is `spec.resolution_px`."""
    own = Annotated[str, Field(pattern=REFERENCE, description=EXAMPLE)]
    found = {
        "encoder": Setting("encoder", "name", (), choice("encoder") | own),
        "recipe": Setting("recipe", "name", (), choice("recipe")),
        "variant": Setting("variant", "name", (), str),
        "size": Setting("size", "spec", ("tower",), choice("size")),
        "text_size": Setting("text_size", "spec", ("text", "tower"), choice("text_size")),
    }
    kinds: list[tuple[type, Section]] = [(Load, "load"), (Runtime, "runtime"), (Recipe, "recipe")]
    kinds += [(family.spec, "spec") for family in FAMILIES]
    for setting in (each for kind, section in kinds for each in settings_of(kind, section)):
        known = found.setdefault(setting.path, setting)
        if known.section != setting.section:
            path = f"{setting.section}.{setting.path}"
            found[path] = Setting(path, setting.section, setting.keys, setting.type)
    return found


SETTINGS = all_settings()
PROTOCOL = tuple(field.name for field in fields(Protocol))


# the paths by the last word of a dotted path, such as `vocab` of `text.vocab`
LAST_WORDS: dict[str, list[str]] = {}
for known_path in SETTINGS:
    if (leaf := known_path.rpartition(".")[2]) not in SETTINGS:
        LAST_WORDS.setdefault(leaf, []).append(known_path)


def names() -> list[str]:
    """Every name that may stand under `axes`."""
    return [*SETTINGS, *(leaf for leaf, paths in LAST_WORDS.items() if len(paths) == 1)]


def canonical(name: str) -> str:
    """The full path of a settable name; raises `UsageError` for an unknown or ambiguous one."""
    if name in SETTINGS:
        return name
    paths = LAST_WORDS.get(name, [])
    if len(paths) == 1:
        return paths[0]
    if paths:
        raise UsageError(f"{name} could be {' or '.join(paths)}; write one of them in full")
    if name in PROTOCOL:
        raise UsageError(f"{name} is the same for all cells; write it under protocol")
    hint = nearest(name, [*SETTINGS, *LAST_WORDS], SEE_SCHEMA)
    raise UsageError(f"no axis called '{name}'{hint}")


@cache
def adapter(path: str) -> TypeAdapter[Any]:
    return TypeAdapter(SETTINGS[path].type)


def check_value(path: str, value: Any) -> Any:
    """The value in the setting's type (0 becomes 0.0 for a share); raises `UsageError`."""
    setting = SETTINGS[path]
    if path == "encoder" and isinstance(value, str) and is_reference(value):
        return check_reference(value)
    if path in TABLES and isinstance(value, str) and value not in TABLES[path]:
        raise UsageError(unknown_row(path, value))
    if setting.type in (Tower, Text):
        words = {(): names_of(setting.type), ("tower",): names_of(Tower)}
    else:
        words = {("*",): names_of(Tube)}
    try:
        return adapter(path).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        raise UsageError(explain(error, words)) from error


def encoders_of(name: Any) -> list[Any]:
    """The encoders that a pattern matches, in the table's order; anything else alone, unchecked.

    Raises `UsageError` for a pattern that matches none.
    """
    if not isinstance(name, str) or is_reference(name) or not re.search(PATTERN, name):
        return [name]
    found = [known for known in ENCODERS if fnmatchcase(known, name)]
    if not found:
        raise UsageError(f"no encoder matches '{name}'; `vbench-mem list encoders` lists them")
    return found


def unknown_row(path: str, value: str) -> str:
    """`no recipe called 'mask57'; did you mean mask75?`"""
    if path in ("encoder", "recipe") and "+" in value:
        return f"'{value}' is an encoder and a recipe; write it under variant"
    if path == "encoder" and "." in value:
        return f"no encoder called '{value}'; an encoder of your own is written {EXAMPLE}"
    listed = f"; `vbench-mem list {path}s` lists them" if path in ("encoder", "recipe") else None
    return f"no {path} called '{value}'{nearest(value, TABLES[path], listed)}"


def names_of(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def facts(cell: Cell) -> dict[str, Any]:
    """The settings of a cell by every name that a matrix can use for them.

    `encoder` is the table's name, also of a changed encoder; `variant` includes the change.
    """
    spec = cell.spec
    known: dict[str, Any] = {
        "encoder": cell.encoder.partition(",")[0],
        "recipe": cell.recipe_name,
        "recipe_name": cell.recipe_name,
        "variant": cell.variant,
        "probe": cell.probe,
    }
    if isinstance(spec, Custom):
        known["family"] = spec.layout
    else:
        known |= {
            "family": spec.family,
            "size": size_name(spec.tower, VIDEO_SIZES),
            "text_size": size_name(spec.text.tower, TEXT_SIZES),
        }
    for part in (cell.load, cell.runtime, cell.recipe, cell.protocol, spec):
        for path, value in flat(part):
            known[f"spec.{path}" if path in known else path] = value
    for leaf, paths in LAST_WORDS.items():
        if len(paths) == 1 and paths[0] in known:
            known[leaf] = known[paths[0]]
    return known


def flat(part: Any, above: str = "") -> list[tuple[str, Any]]:
    """Fields with their values, those of nested dataclasses by dotted path."""
    found: list[tuple[str, Any]] = []
    for field in fields(part):
        value = getattr(part, field.name)
        if is_dataclass(value):
            found += flat(value, f"{above}{field.name}.")
        else:
            found.append((f"{above}{field.name}", value))
    return found


def shown(name: str, value: Any) -> str:
    """`frames=16`, for titles and messages."""
    if value is None or isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{name}={value}"


def label(cell: Cell, varying: tuple[str, ...]) -> str:
    """`<encoder>+mask75 frames=16 batch=8`: the variant and the settings that vary. Of a training
    those it shares with its row and its seed, with the stage's name unless it is the last."""
    known, training = facts(cell), cell.training
    names = [name for name in varying if SETTINGS[name].section in ("load", "runtime")]
    if training is not None:
        names = [name for name in names if name in TRAINED]
    words = [cell.variant, *(shown(name, known.get(name)) for name in names)]
    if training is not None:
        stage = [f"stage {training.stages[-1].name}"] if cell.probe == "stage" else []
        words += [*stage, shown("seed", training.seed)]
    return " ".join(words)
