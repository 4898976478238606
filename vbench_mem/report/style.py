"""The palette, the markers and the fixed colours of all figures. No matplotlib.

Which row has which of them is up to the `Scheme` of its matrix (`scheme.py`).
"""

# Okabe and Ito's colours without their yellow, which is too pale for lines on white, and five that
# stay apart from these and from each other under protanopia, deuteranopia and tritanopia, and when
# a page lightens them for dark mode.
PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"),
    *("#8800EE", "#88CC66", "#880066", "#330088", "#8888EE"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "p", "<", ">", "h", "*", "d", "8", "H", "1", "2", "3", "4")
LIMIT_COLOUR = "#B00020"
BUDGET_COLOUR = "#555555"
LEVEL_COLOUR = "#6A5ACD"
NEUTRAL = "#444444"  # of what several encoders share
CHANGED_COLOUR = "#7A4FA3"  # neither better nor worse


# Of memory at the peak: dark is what the weights cost, sand what the clips cost. Each has a hatch
# too, and none is in the palette; they are Tol's muted ones.
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
# inverts greys in dark mode, and would leave the fills.
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
