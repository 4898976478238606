"""`UsageError` for a user's mistake (any other error keeps its traceback), and texts of errors."""

import difflib
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
STANDARD = Path(sysconfig.get_paths()["stdlib"])
INSTALLED = {"site-packages", "dist-packages"}


class UsageError(Exception):
    """The user's mistake: one sentence with what is wrong, where, and what to write instead.

    The command line prints it without a traceback and exits with 2.
    """


class Unsupported(Exception):
    """This device or build of torch cannot run the cell; known before any work is done."""


@contextmanager
def placed(place: str, *kinds: type[Exception]) -> Iterator[None]:
    """Raises a `UsageError` that begins with the place, for errors of `kinds` or a `UsageError`."""
    caught: tuple[type[Exception], ...] = (UsageError, *kinds)
    try:
        yield
    except caught as error:
        raise UsageError(f"{place}{error}") from error


def nearest(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """The end of an error message: `; did you mean X?` where a known word is close to the word that
    was written, else `otherwise`, or all of them: `; known: ...`."""
    words = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known: {', '.join(words)}" if otherwise is None else otherwise


def error_summary(error: BaseException) -> str:
    """`ValueError: first line of its message (own.py:21 in forward)`: the last place in the user's
    own code, left out if there is none."""
    first = (str(error).strip().splitlines() or [""])[0]
    reason = f"{type(error).__name__}: {first}".removesuffix(": ")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if is_users(frame.filename):
            return f"{reason} ({Path(frame.filename).name}:{frame.lineno} in {frame.name})"
    return reason


def is_users(file: str) -> bool:
    """Is the file neither ours, nor installed, nor made up like `<string>`?"""
    path = Path(file)
    if file.startswith("<") or INSTALLED & set(path.parts):
        return False
    return not (path.is_relative_to(PACKAGE) or path.is_relative_to(STANDARD))


def reason_of(error: Exception) -> str:
    """`no such file or directory`, without number and path."""
    return str(getattr(error, "strerror", None) or error).lower()


def cannot_read(path: Path | str, error: Exception, fix: str = "") -> UsageError:
    """The error for a file that cannot be read, ending with the `fix`."""
    return UsageError(f"{path}: cannot be read: {reason_of(error)}{'; ' if fix else ''}{fix}")


def cannot_write(path: Path, error: OSError, fix: str) -> UsageError:
    """The error for a path that cannot be written, ending with the `fix`."""
    return UsageError(f"{path}: cannot be written to: {reason_of(error)}; {fix}")
