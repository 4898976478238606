"""Long words made breakable: Typst breaks lines between words and at zero-width spaces."""

import re
import unicodedata

BREAK = "\u200b"  # zero-width space
PIECE = re.compile(r"[^/\\_.=,:;|+-]*[/\\_.=,:;|+-]|.+")


def breakable(text: str, most: int) -> str:
    """Words longer than `most` characters may break after punctuation, and where a piece is still
    longer, after any letter but not before its accent."""
    if len(text) <= most:
        return text
    return re.sub(rf"\S{{{most + 1},}}", lambda found: in_pieces(found[0], most), text)


def in_pieces(word: str, most: int) -> str:
    pieces = PIECE.findall(word)
    return BREAK.join(piece if len(piece) <= most else letters(piece) for piece in pieces)


def letters(piece: str) -> str:
    breaks = (each if unicodedata.combining(each) else BREAK + each for each in piece)
    return "".join(breaks).removeprefix(BREAK)
