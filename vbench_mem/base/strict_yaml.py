"""Reads YAML and refuses values that YAML 1.1 reads differently from what they look like.

In PyYAML `on` is true, `1:30` is 90, `010` is 8 and `1e-3` is text.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from vbench_mem.base.errors import UsageError, cannot_read

LOOKS_LIKE_A_FLOAT = re.compile(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+")


def read_yaml(path: Path) -> tuple[Any, str]:
    """The file's data and its text; raises `UsageError` as `file: key.path: what is wrong`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise cannot_read(path, error) from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return (None if node is None else plain(node, (), ())), text
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}: " if mark else ""
        hint = "; quote a pattern, like '*_b16'" if "alias" in str(error.problem) else ""
        raise UsageError(f"{path}: {where}not YAML: {error.problem}{hint}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    except Refused as error:
        raise UsageError(f"{path}: {error}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: is nested too deeply to be read") from error


class Refused(Exception):
    """`key.path: what is wrong`, without the file's name."""

    def __init__(self, keys: tuple[str | int, ...], line: int, what: str) -> None:
        super().__init__(f"{key_path(keys) or f'line {line}'}: {what}")


def key_path(keys: tuple[str | int, ...]) -> str:
    """`budgets[0].max`."""
    path = ""
    for key in keys:
        path += f"[{key}]" if isinstance(key, int) else f".{key}" if path else key
    return path


def written(value: Any) -> str:
    """A value as in the file, for messages: `true`, `16`, `'text'`, `[16, 32]`."""
    if isinstance(value, str):
        return f"'{value}'"
    return json.dumps(value, default=str)


def plain(node: yaml.Node, keys: tuple[str | int, ...], above: tuple[yaml.Node, ...]) -> Any:
    """The node as dicts, lists and scalars; raises `Refused`."""
    line = node.start_mark.line + 1
    if node in above:
        raise Refused(keys, line, "an anchor that contains itself")
    inside = (*above, node)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_of(key_node, keys)
            if key in found:
                raise Refused((*keys, key), line, "written twice; keep one")
            found[key] = plain(value_node, (*keys, key), inside)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [plain(item, (*keys, i), inside) for i, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    return scalar(node, keys)


def key_of(node: yaml.Node, keys: tuple[str | int, ...]) -> str:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
        text = node.value if isinstance(node, yaml.ScalarNode) else "a list or a mapping"
        raise Refused(keys, line, f"{text} is not a text key; quote it: '{text}'")
    return whole(node.value, keys, line)


def whole(text: str, keys: tuple[str | int, ...], line: int) -> str:
    """The text; refused where an escape in it is half of a surrogate pair, which no file takes."""
    half = next((each for each in text if "\ud800" <= each <= "\udfff"), None)
    if half is not None:
        raise Refused(keys, line, f"\\u{ord(half):04x} is half of a character; write it whole")
    return text


def scalar(node: yaml.ScalarNode, keys: tuple[str | int, ...]) -> Any:
    """Text, whole number, number, true, false or null; raises `Refused` where it looks like
    something else."""
    text, line, kind = node.value, node.start_mark.line + 1, node.tag.rpartition(":")[2]
    if kind == "str":
        if node.style is None and LOOKS_LIKE_A_FLOAT.fullmatch(text):
            better = text if "." in text else re.sub(r"^([-+]?\d+)", r"\1.0", text)
            better = re.sub(r"([eE])(\d)", r"\1+\2", better)
            raise Refused(keys, line, f"{text} is text in YAML, not a number; write {better}")
        return whole(text, keys, line)
    if kind not in ("int", "float", "bool", "null"):
        raise Refused(keys, line, f"{text} reads as a {kind} in YAML; quote it: '{text}'")
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except ValueError as error:
        raise Refused(keys, line, f"{text[:20]} is no {kind} that can be read") from error
    if kind == "bool" and text.lower() not in ("true", "false"):
        word = "true" if value else "false"
        raise Refused(keys, line, f"{text} reads as {word} in YAML; write {word}, or quote it")
    if kind in ("int", "float") and ":" in text:
        raise Refused(keys, line, f"{text} reads as {value} in YAML; write {value}, or quote it")
    if kind == "int" and re.fullmatch(r"[-+]?0\d+", text):
        raise Refused(keys, line, f"{text} reads as {value} (octal) in YAML; write {value}")
    if kind == "float" and value - value != 0:
        raise Refused(keys, line, f"{text} is not a finite number")
    return value


def line_of(text: str, keys: tuple[str | int, ...]) -> int | None:
    """The line, from 1, on which the value at `keys` begins; None where there is none."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key] if key < len(node.value) else None
        elif isinstance(node, yaml.MappingNode):
            node = next((value for name, value in node.value if name.value == key), None)
        else:
            return None
    return None if node is None else node.start_mark.line + 1
