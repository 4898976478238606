"""How wide text is at most, in units of its size, and where words too long for a line may break.

The widths are those of DejaVu Sans, rounded up in a few classes: a column that is laid out by them
is never too narrow.
"""

import unicodedata
from functools import lru_cache

BREAK = "\u200b"  # takes no room and is not seen: a line may end here
BOLD = 1.15  # times as wide as regular, at most
MONO = 0.603
WIDTHS = (
    (0.36, " 'ijlIJ,./:;\\|"),
    (0.47, '!"()-[]rt'),
    (0.64, "*_`sz?cLFkvxyPToYaeEhnuSbdgpq$0123456789{}"),
    (0.79, "KAVXZBRCUNHDG&OQ"),
    (1.0, "w#+<=>^~M%mW@"),
)
KNOWN = {letter: width for width, letters in WIDTHS for letter in letters}
AFTER = set("/\\_.-=,:;|")  # where a long word is best broken


@lru_cache(maxsize=4096)
def letter_width(letter: str) -> float:
    if letter in KNOWN:
        return KNOWN[letter]
    if unicodedata.combining(letter):
        return 0.0
    return 1.0 if letter < "\u0590" or "\u2010" <= letter <= "\u2027" else 1.75


def width_of(text: str, *, is_bold: bool = False) -> float:
    """Of one line, in em."""
    return sum(map(letter_width, text)) * (BOLD if is_bold else 1.0)


def longest_word(text: str, *, is_bold: bool = False) -> float:
    return max((width_of(word, is_bold=is_bold) for word in text.split()), default=0.0)


def broken(text: str, limit: float, *, is_bold: bool = False, is_mono: bool = False) -> str:
    """The text, its words wider than `limit` (in em) made breakable; all others as they were."""
    if len(text) * 1.75 * BOLD <= limit:
        return text
    words = text.split(" ")
    for number, word in enumerate(words):
        wide = len(word) * MONO if is_mono else width_of(word, is_bold=is_bold)
        if wide > limit:
            words[number] = BREAK.join(
                loose(piece) if width_of(piece, is_bold=is_bold) > limit else piece
                for piece in pieces(word)
            )
    return " ".join(words)


def pieces(word: str) -> list[str]:
    """The word cut after its punctuation."""
    found, start = [], 0
    for end, letter in enumerate(word, start=1):
        if letter in AFTER or end == len(word):
            found.append(word[start:end])
            start = end
    return found


def loose(piece: str) -> str:
    """A line may end after every letter, but not between a letter and its accent."""
    return "".join(
        letter if number == 0 or unicodedata.combining(letter) else BREAK + letter
        for number, letter in enumerate(piece)
    )


def shortened(text: str, limit: float) -> str:
    """As much of it as fits `limit` em, with dots where something is left out."""
    if width_of(text) <= limit:
        return text
    while text and width_of(text) > limit - 1:
        text = text[:-1]
    return text.rstrip() + "…"
