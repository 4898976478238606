"""One colour for each family, one marker for each recipe and size, in every figure. No matplotlib.

Colours are Okabe and Ito's, which stay apart for colour-blind readers; their yellow is too pale for
thin lines on white and is replaced with a grey. Encoders of one's own share a brown.
"""

from collections.abc import Iterable

from vbench_mem.analysis.join import Row
from vbench_mem.report.series import Place

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
MARKERS = ("o", "s", "^", "D", "v", "P", "p", "<", ">", "h", "*", "d", "8", "H", "1", "2", "3", "4")
LIMIT_COLOUR = "#B00020"
BUDGET_COLOUR = "#555555"
LEVEL_COLOUR = "#6A5ACD"
NEUTRAL = "#444444"  # of what several families share
CHANGED_COLOUR = "#7A4FA3"  # neither better nor worse


# Of memory at the peak: dark is what the weights cost, sand what the clips cost. Each has a hatch
# too, and none is a family's colour; they are Tol's muted ones.
CATEGORIES = {
    "parameter": ("parameters", "#332288", ""),
    "gradient": ("gradients", "#882255", "\\\\\\\\"),
    "optimizer": ("optimiser state", "#CC6677", "////"),
    "input": ("the batch", "#999933", "||||"),
    "activation": ("activations", "#DDCC77", ""),
    "temporary": ("temporaries", "#BBBBBB", "xxx"),
    "rest": ("rounding and workspaces", "#EEEEEE", ""),
}
# Cards by size, small to large: fill, and the text that is read on it. None is a pure grey: a page
# turns greys over in the dark, and would leave the fills.
CARD_COLOURS = (
    ("#FFFFCC", "#101012"),
    ("#C7E9B4", "#101012"),
    ("#7FCDBB", "#101012"),
    ("#41B6C4", "#101012"),
    ("#1D91C0", "#101012"),
    ("#225EA8", "#FCFCFA"),
    ("#0C2C84", "#FCFCFA"),
)
NO_CARD = ("#E4E4E0", "#101012")  # a field without a number


def colour(row: Row) -> str:
    return COLOURS[row.facts["family"]]


def look(place: Place) -> str:
    """What a marker stands for: everything but the family, so recipe, size, twist and load."""
    return place.series.removeprefix(place.row.facts["family"])


def groups(place: Place) -> tuple[str, str]:
    """The family and the look as a legend names them that has no room for every series."""
    return place.row.facts["family"], look(place).lstrip("_")


def markers(points: Iterable[Place]) -> dict[str, str]:
    """A marker for each look, in the order met; they repeat after the last."""
    looks = dict.fromkeys(look(point) for point in points)
    return {name: MARKERS[number % len(MARKERS)] for number, name in enumerate(looks)}
