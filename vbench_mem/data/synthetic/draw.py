"""A picture as pixels, with smooth edges. The same to the bit on every machine.

Only arithmetic that IEEE 754 rounds correctly is used: no sines, no hypotenuse of a library.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vbench_mem.data.synthetic.pictures import COLOURS, GREY, Picture

Plane = NDArray[np.float64]
PIXELS = COLOURS | {GREY: (128, 128, 128)}


def disc(x: Plane, y: Plane, radius: float) -> Plane:
    return np.sqrt(x * x + y * y) - radius


def square(x: Plane, y: Plane, radius: float) -> Plane:
    return np.maximum(abs(x), abs(y)) - 0.88 * radius


def triangle(x: Plane, y: Plane, radius: float) -> Plane:
    """On its base; 2 radii wide and 1.8 high."""
    side = (1.8 * abs(x) - (y + radius)) / 2.0591
    return np.maximum(side, y - 0.8 * radius)


def cross(x: Plane, y: Plane, radius: float) -> Plane:
    across, down, arm = abs(x), abs(y), 0.3 * radius
    lying = np.maximum(across - radius, down - arm)
    standing = np.maximum(across - arm, down - radius)
    return np.minimum(lying, standing)


# pixels from the edge of a shape around (0, 0), below 0 inside of it
SHAPES: dict[str, Callable[[Plane, Plane, float], Plane]] = {
    "disc": disc,
    "square": square,
    "triangle": triangle,
    "cross": cross,
}


@cache
def grid(side_px: int) -> tuple[Plane, Plane]:
    """x and y of each pixel's centre."""
    rows, columns = np.mgrid[:side_px, :side_px].astype(np.float64)
    return columns + 0.5, rows + 0.5


def draw(picture: Picture, side_px: int) -> NDArray[np.uint8]:
    """(side, side, 3)."""
    columns, rows = grid(side_px)
    pixels = np.full((side_px, side_px, 3), float(picture.shade))
    for sprite in picture.sprites:
        x, y, radius = (side_px * part for part in (sprite.x, sprite.y, sprite.radius))
        edge = SHAPES[sprite.thing.shape](columns - x, rows - y, radius)
        covered = np.clip(0.5 - edge, 0, 1)[..., None]
        pixels += covered * (np.array(PIXELS[sprite.thing.colour]) - pixels)
    return (pixels + 0.5).astype(np.uint8)
