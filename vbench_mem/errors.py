"""The user's mistake (`UsageError`), told apart from ours (anything else keeps its traceback)."""

import difflib
from collections.abc import Iterable


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
