"""The colours of a page, by day and by night, and what a figure's own colours become at night.

A figure is drawn once, for white paper. Its colours become CSS variables, and here is what they
are on dark paper: greys keep the contrast that they had, colours are lightened where they need it.
"""

import re
from collections.abc import Iterable

from vbench_mem.report.style import (
    BUDGET_COLOUR,
    CATEGORIES,
    CHANGED_COLOUR,
    LEVEL_COLOUR,
    LIMIT_COLOUR,
    NEUTRAL,
    PALETTE,
)

HEX = re.compile(r"#[0-9a-f]{6}\b", re.IGNORECASE)
DAY = {
    "paper": "#ffffff",
    "ink": "#1c1e21",
    "soft": "#5a6068",
    "line": "#d9dce0",
    "band": "#f3f6f9",
    "good": "#00694a",
    "bad": "#b00020",
    "accent": "#0072b2",
    "shade": "#00000038",
    "edge": "#00000038",
}
NIGHT = {
    "paper": "#15181c",
    "ink": "#e6e8ea",
    "soft": "#a2a9b2",
    "line": "#363b42",
    "band": "#1f242a",
    "good": "#4cc79a",
    "bad": "#ff8a8a",
    "accent": "#5cb3e8",
    "shade": "#000000b0",
    "edge": "#ffffff48",
}
SEEN, READ = 3.8, 4.5  # least contrast of a mark, and of colours that words are written in
WORDS = {colour.lower() for colour in (LIMIT_COLOUR, LEVEL_COLOUR, BUDGET_COLOUR)}
PARTS = (fill for _, fill, _ in CATEGORIES.values())
OURS = {colour.lower() for colour in (*PALETTE, *PARTS, NEUTRAL, CHANGED_COLOUR)} | WORDS


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1. Source: WCAG 2.1."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """1 to 21. Source: WCAG 2.1."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def is_known(colour: str) -> bool:
    """One of ours, or a grey: whatever else is drawn stays as it is."""
    return colour in OURS or colour[1:3] == colour[3:5] == colour[5:7]


def at_night(colour: str) -> str:
    """What a known colour of a figure is on dark paper."""
    steps = range(101)
    if colour[1:3] == colour[3:5] == colour[5:7]:
        wanted = min(contrast(colour, DAY["paper"]), contrast(NIGHT["ink"], NIGHT["paper"]))
        shades = (mixed(NIGHT["paper"], NIGHT["ink"], step / 100) for step in steps)
    else:
        wanted = READ if colour in WORDS else SEEN
        shades = (mixed(colour, "#ffffff", step / 100) for step in steps)
    return next((it for it in shades if contrast(it, NIGHT["paper"]) >= wanted), NIGHT["ink"])


def mixed(one: str, other: str, share: float) -> str:
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def variable(colour: str) -> str:
    """The CSS variable that stands for a colour of a figure."""
    return f"--c{colour[1:].lower()}"


def recoloured(style: str) -> str:
    """CSS of a figure with variables for the colours that are known."""
    return HEX.sub(
        lambda found: f"var({variable(found[0])})" if is_known(found[0].lower()) else found[0],
        style,
    )


def palette(drawn: Iterable[str]) -> str:
    """The CSS that says what each colour is: by day, by night, and on paper always by day.

    drawn  the colours met in figures
    """
    known = sorted({colour.lower() for colour in drawn if is_known(colour.lower())})
    day = rules(DAY | {variable(colour)[2:]: colour for colour in known})
    night = rules(NIGHT | {variable(colour)[2:]: at_night(colour) for colour in known})
    return (
        f":root{{color-scheme:light;{day}}}\n"
        "@media screen and (prefers-color-scheme:dark)"
        f'{{:root:not([data-theme="light"]){{color-scheme:dark;{night}}}}}\n'
        f'@media screen{{:root[data-theme="dark"]{{color-scheme:dark;{night}}}}}'
    )


def rules(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
