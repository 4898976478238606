"""JSON as others write it, refused where Python would read what it cannot write again."""

import json
import re
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any

SOME_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# every escape, in order, so that `\\ud800` is a backslash and text; the group is a lone surrogate
ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)",
    re.DOTALL,
)


def parse_json(
    text: str | bytes, pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None
) -> Any:
    """What `json.loads` reads of a text or of UTF-8.

    Raises `JSONDecodeError` with the place for what is no JSON, nested too deeply, a number too
    long, or half of a surrogate pair, which no file and no tokenizer takes; `UnicodeDecodeError`
    for other bytes. Both are a `ValueError`.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        found = json.loads(text, object_pairs_hook=pairs_hook)
    except JSONDecodeError:
        raise
    except RecursionError as error:
        raise JSONDecodeError("nested too deeply", text, 0) from error
    except ValueError as error:
        raise JSONDecodeError("a number of too many digits", text, 0) from error
    if SOME_SURROGATE.search(text):
        for escape in ESCAPE.finditer(text):
            if escape[1]:
                half = f"\\{escape[1]} is half of a character"
                raise JSONDecodeError(half, text, escape.start())
    return found
