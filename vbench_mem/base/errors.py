"""The user's mistake (`UsageError`), told apart from ours (anything else keeps its traceback).

And how any error is told in one sentence.
"""

import difflib
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
STANDARD = Path(sysconfig.get_paths()["stdlib"])
INSTALLED = {"site-packages", "dist-packages"}


class UsageError(Exception):
    """Something the user wrote cannot be used: one sentence with what, where, and what to write.

    The command line prints it without a traceback and exits with 2.
    """


class Unsupported(Exception):
    """This device or build of torch cannot do what the cell asks; known before any work is done."""


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` when a known word is close, else the known words; for error messages.

    Args are the word that was written and every word that could have been; the answer starts with
    a semicolon so that it can be appended to a sentence.
    """
    words = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known: {', '.join(words)}"


def error_summary(error: BaseException) -> str:
    """`ValueError: the first line of what it says (own.py:21 in forward)`; the place is the last
    one in the user's own code, and left out where only ours or a library's was at work."""
    first = (str(error).strip().splitlines() or [""])[0]
    reason = f"{type(error).__name__}: {first}".removesuffix(": ")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if is_users(frame.filename):
            return f"{reason} ({Path(frame.filename).name}:{frame.lineno} in {frame.name})"
    return reason


def is_users(file: str) -> bool:
    """Is it neither ours nor installed, nor made up as `<string>` is?"""
    path = Path(file)
    if file.startswith("<") or INSTALLED & set(path.parts):
        return False
    return not (path.is_relative_to(PACKAGE) or path.is_relative_to(STANDARD))


def cannot_write(path: Path, error: OSError, fix: str) -> UsageError:
    """The error for a path that the file system refuses, ending with what to do."""
    return UsageError(
        f"{path}: cannot be written to: {(error.strerror or str(error)).lower()}; {fix}"
    )
