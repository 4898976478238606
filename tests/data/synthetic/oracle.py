"""Reads pixels, not clip definitions: which coloured shapes are in a frame, and where."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vbench_mem.data.synthetic.pictures import COLOURS

Seen = tuple[str, str, float, float]  # colour, shape, centre as shares of the side
LEAST_PX = 30
ALMOST = 60.0  # how far, in RGB, a pixel may be from its colour


def things_in(frame: NDArray[np.uint8], colours: Sequence[str]) -> list[Seen]:
    """Each colour's pixels: their middle, and how they fill the box around them."""
    found = []
    names = list(colours)
    table = np.array([COLOURS[name] for name in names], float)
    away = np.linalg.norm(frame[..., None, :].astype(float) - table, axis=-1)
    nearest = np.where(away.min(-1) < ALMOST, away.argmin(-1), -1)
    for number, name in enumerate(names):
        rows, columns = np.nonzero(nearest == number)
        if len(rows) >= LEAST_PX:
            shape = shape_of(rows, columns)
            x, y = ((a.min() + a.max() + 1) / 2 / len(frame) for a in (columns, rows))
            found.append((name, shape, x, y))
    return found


def shape_of(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> str:
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    filled = len(rows) / (height * width)
    if filled > 0.9:
        return "square"
    if filled > 0.7:
        return "disc"
    return "triangle"


def place_of(x: float, y: float) -> str:
    return f"at the {'top' if y < 0.5 else 'bottom'} {'left' if x < 0.5 else 'right'}"


def layout_of(frame: NDArray[np.uint8], colours: Sequence[str]) -> set[str]:
    """`a red disc at the top left`, for each thing."""
    return {f"{c} {s} {place_of(x, y)}" for c, s, x, y in things_in(frame, colours)}


def story_of(clip: NDArray[np.uint8], colours: Sequence[str]) -> str:
    """Of one thing: where it goes, leg after leg, an empty frame between two legs."""
    legs: list[list[Seen]] = [[]]
    for frame in clip:
        found = things_in(frame, colours)
        if found:
            legs[-1].append(found[0])
        elif legs[-1]:
            legs.append([])
    whole = [leg for leg in legs if leg]
    inside = Counter(thing[:2] for leg in whole for thing in leg[1:-1])  # not cut by the border
    (((colour, shape), _),) = inside.most_common(1)
    return f"{colour} {shape} goes " + ", then ".join(way(leg) for leg in whole)


def way(leg: list[Seen]) -> str:
    across, down = leg[-1][2] - leg[0][2], leg[-1][3] - leg[0][3]
    if abs(across) > abs(down):
        return "right" if across > 0 else "left"
    return "downwards" if down > 0 else "upwards"
