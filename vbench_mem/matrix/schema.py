"""The JSON Schema of a matrix file, so that an editor completes names and values."""

from typing import Annotated, Any, Union

from pydantic import ConfigDict, Field, TypeAdapter, create_model

from vbench_mem.matrix.axes import PATTERN, SETTINGS, canonical, names
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.load import MatrixFile, SkipRule


def matrix_schema() -> dict[str, Any]:
    """The schema of what `load_matrix` accepts, except for what a schema cannot express: which
    combinations make sense, and whether a file exists."""
    block = create_model(
        "Axes",
        __config__=ConfigDict(extra="forbid"),
        **{f"axis_{i}": field_of(name) for i, name in enumerate(names())},  # type: ignore[call-overload]
    )
    whole = create_model(
        "Matrix",
        __base__=MatrixFile,
        axes=(Union[block, list[block]], ...),  # type: ignore[valid-type]  # noqa: UP007
        skip=(list[SkipRule], []),
        budgets=(list[Budget], []),
    )
    schema: dict[str, Any] = TypeAdapter(whole).json_schema()
    limit = schema["$defs"]["Protocol"]["properties"]["memory_limit_bytes"]
    limit["anyOf"].append({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(B|[KMGT]iB)\s*$"})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def field_of(name: str) -> tuple[Any, Any]:
    """One axis: a value or a list of values. Dots cannot be in a field's name."""
    kind: Any = SETTINGS[canonical(name)].type
    if name == "encoder":
        about = 'a pattern of names, like "*_b16"'
        kind = kind | Annotated[str, Field(pattern=PATTERN, description=about)]
    return (kind | list[kind], Field(default=None, alias=name))
