"""One colour for each family, one marker for each recipe and size, in every figure. No matplotlib.

Colours are Okabe and Ito's, which stay apart for colour-blind readers; their yellow is too pale for
thin lines on white and is replaced with a grey. Encoders of one's own share a brown.
"""

from collections.abc import Sequence

from vbench_mem.join import Row
from vbench_mem.report.series import Point

COLOURS = {
    "joint": "#0072B2",
    "factorized": "#D55E00",
    "factorized_encoder": "#E69F00",
    "factorized_self_attention": "#CC79A7",
    "factorized_dot_product": "#777777",
    "frame_mean": "#009E73",
    "frame_attpool": "#56B4E9",
    "tubevit": "#000000",
    "custom": "#8C510A",
}
MARKERS = ("o", "s", "^", "D", "v", "P", "p", "<", ">", "h", "*", "d", "8", "H")
LIMIT_COLOUR = "#B00020"
BUDGET_COLOUR = "#555555"
LEVEL_COLOUR = "#6A5ACD"
NEUTRAL = "#444444"  # of what several families share


def colour(row: Row) -> str:
    return COLOURS[row.facts["family"]]


def look(point: Point) -> str:
    """What a marker stands for: everything but the family, so recipe, size, twist and load."""
    return point.series.removeprefix(point.row.facts["family"])


def markers(points: Sequence[Point]) -> dict[str, str]:
    """A marker for each look, in the order met; they repeat after the fourteenth."""
    looks = dict.fromkeys(look(point) for point in points)
    return {name: MARKERS[number % len(MARKERS)] for number, name in enumerate(looks)}
