"""One combination of checked values -> one `Cell` with every field filled in."""

import hashlib
from collections import defaultdict
from dataclasses import replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from vbench_mem.base.errors import UsageError, cannot_read
from vbench_mem.base.load import Load, Runtime
from vbench_mem.data.annotations.content import head_of
from vbench_mem.data.captions import read_captions
from vbench_mem.data.scenes import scenes_sha256
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.source import check_reference, find_custom, is_reference
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.variants import mask_kind
from vbench_mem.matrix.axes import SETTINGS, TABLES, Setting, facts, shown, unknown_row
from vbench_mem.matrix.captions import lacks_tokenizer, named_tokenizer
from vbench_mem.matrix.cell import Cell, Protocol

Combination = dict[str, Any]
AnySpec = Spec | Custom
T = TypeVar("T")


def resolve(combination: Combination, protocol: Protocol, folder: Path) -> Cell:
    """The cell of values by full path; paths of files are relative to `folder`.

    Raises `UsageError` or `ValueError` for what the spec, recipe or load refuses. Whether they make
    sense together is checked by `variants.check_variant`, not here.
    """
    encoder, recipe_name = variant_of(combination)
    base = base_spec(encoder, folder)
    spec = named_tokenizer(resolve_spec(base, combination), folder)
    recipe = with_kind(spec, changed(RECIPES[recipe_name], section(combination, "recipe")))
    load = {keys[0]: value for keys, value in section(combination, "load").items()}
    runtime = changed(Runtime(), section(combination, "runtime"))
    if load.get("mode") == "embed":  # no backward and no weight is moved: equal runs get one id
        runtime = replace(runtime, checkpoint=Runtime.checkpoint, optimizer=Runtime.optimizer)
    return Cell(
        encoder=encoder + changes_of(base, combination, "spec"),
        recipe_name=name_of_recipe(spec, recipe, recipe_name, combination),
        spec=spec,
        recipe=recipe,
        load=resolve_load(load, spec, folder),
        runtime=runtime,
        protocol=protocol,
    )


def variant_of(combination: Combination) -> tuple[str, str]:
    """Encoder and recipe by name; raises `UsageError` for an unknown half of a variant."""
    if "variant" not in combination:
        return combination["encoder"], combination.get("recipe", "full")
    encoder, plus, recipe = combination["variant"].partition("+")
    for path, name in (("encoder", encoder), ("recipe", recipe if plus else "full")):
        if path == "encoder" and is_reference(name):
            check_reference(name)
        elif name not in TABLES[path]:
            raise UsageError(unknown_row(path, name))
    return encoder, recipe or "full"


def base_spec(encoder: str, folder: Path) -> AnySpec:
    """The spec in the table, or that of a user's own encoder; raises `UsageError` where its code is
    not found."""
    return find_custom(encoder, folder) if is_reference(encoder) else ENCODERS[encoder].spec


def section(combination: Combination, name: str) -> dict[tuple[str, ...], Any]:
    """The values that the combination sets in one part of a cell, by the keys of the field."""
    return {
        SETTINGS[path].keys: field_value(path, value)
        for path, value in combination.items()
        if SETTINGS[path].section == name
    }


def field_value(path: str, value: Any) -> Any:
    """The value in the field; the name of a size stands for a tower."""
    return TABLES[path][value] if path in ("size", "text_size") else value


def changed(part: T, changes: dict[tuple[str, ...], Any]) -> T:
    """A copy of a dataclass with all fields set at once, nested ones too, so that its checks only
    see the final values."""
    direct = {keys[0]: value for keys, value in changes.items() if len(keys) == 1}
    nested: dict[str, dict[tuple[str, ...], Any]] = defaultdict(dict)
    for keys, value in changes.items():
        if len(keys) > 1:
            nested[keys[0]][keys[1:]] = value
    for name, inner in nested.items():
        direct[name] = changed(direct.get(name, getattr(part, name)), inner)
    return replace(part, **direct)  # type: ignore[type-var]  # every part is a dataclass


def resolve_spec(base: AnySpec, combination: Combination) -> AnySpec:
    """The spec with the combination's settings; `UsageError` for one that the layout lacks."""
    changes = section(combination, "spec")
    for path in combination:
        setting = SETTINGS[path]
        if setting.section == "spec" and not has(base, setting):
            raise UsageError(
                f"{base.layout} encoders have no setting {path}; "
                "put the encoders that have it into a block of axes of their own"
            )
    return changed(base, changes)


def has(base: AnySpec, setting: Setting) -> bool:
    """Does the spec have the setting's field, with the setting's type?"""
    part: Any = base
    for key in setting.keys:
        if not hasattr(part, key):
            return False
        part = getattr(part, key)
    return setting.type not in (Tower, Text) or isinstance(part, setting.type)


def changes_of(base: AnySpec | Recipe, combination: Combination, name: str) -> str:
    """`,patch_px=32`: the changes to the table's row in one part of a cell, so that names stay
    unambiguous."""
    paths = [path for path in sorted(combination) if SETTINGS[path].section == name]
    return "".join(
        "," + shown(path, short(combination[path]))
        for path in paths
        if attrgetter(".".join(SETTINGS[path].keys))(base) != field_value(path, combination[path])
    )


def short(value: Any) -> Any:
    """The value, or for a list or a mapping 8 hex digits of its hash."""
    if isinstance(value, str | int | float | None):
        return value
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]


def with_kind(spec: AnySpec, recipe: Recipe) -> Recipe:
    """A masking recipe without a kind gets the layout's default, so that equal runs share an id."""
    if recipe.mask and recipe.mask_kind is None and not isinstance(spec, Custom):
        return replace(recipe, mask_kind=mask_kind(spec, recipe))
    return recipe


def name_of_recipe(spec: AnySpec, recipe: Recipe, base: str, combination: Combination) -> str:
    """The name of an equal row of the table (first the one written), else `base` with changes."""
    for name in (base, *RECIPES):
        if with_kind(spec, RECIPES[name]) == recipe:
            return name
    return base + changes_of(with_kind(spec, RECIPES[base]), combination, "recipe")


def resolve_load(load: dict[str, Any], spec: AnySpec, folder: Path) -> Load:
    """The load with its resolution (by default the encoder's) and the path of its caption file.

    With a published tokenizer, `caption_tokens` is by default that of the published model.
    """
    own: dict[str, Any] = {"resolution_px": spec.resolution_px}
    if not isinstance(spec, Custom) and spec.text.tokenizer == "file":
        own["caption_tokens"] = spec.text.max_tokens
    values = own | load
    if values.get("clips") is not None:
        values.setdefault("input", "clips")
        if values["input"] == "noise":  # `input: [noise, clips]` with one caption file for both
            values["clips"] = None
        elif values["clips"] == "generated":
            values["clips_sha256"] = scenes_sha256()
        else:
            path = (folder / values["clips"]).resolve()
            values |= {"clips": str(path), "clips_sha256": sha256_of(path)}
        if values["clips"] is not None and lacks_tokenizer(spec):
            raise UsageError(
                "clips: this encoder needs a tokenizer to read captions; write "
                "text.tokenizer_file: the path of a tokenizer.json"
            )
    return Load(**values)


@cache  # for the cells of one matrix; `load_matrix` empties it
def sha256_of(captions: Path) -> str:
    """Hash of a caption file and its videos, so that a changed file makes another cell.

    Of a video only the size and first bytes are hashed: fast, and enough to see another encoding.
    Raises `UsageError` where a file is missing or is no caption file.
    """
    if not captions.is_file():
        raise UsageError(
            f"clips: no file {captions}; write a path relative to the matrix, or generated"
        )
    found = hashlib.sha256(captions.read_bytes())
    for path in dict.fromkeys(pair.path for pair in read_captions(captions)):
        try:
            found.update(head_of(path))
        except OSError as error:
            raise cannot_read(f"clips: {path}", error, "replace it") from error
    return found.hexdigest()


def facts_of(combination: Combination, folder: Path) -> dict[str, Any]:
    """Facts of a combination that is no cell: those of its variant, and the values written."""
    encoder, recipe = variant_of(combination)
    spec = base_spec(encoder, folder)
    load = Load(frames=1, batch=1, resolution_px=spec.resolution_px)
    stand_in = Cell(
        encoder=encoder, recipe_name=recipe, spec=spec, recipe=RECIPES[recipe], load=load
    )
    return facts(stand_in) | combination
