"""One place of a page divided into axes of unequal size."""

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes

from vbench_mem.report.draw.labels import shortened

LETTER = 0.0085  # inches wide of a letter, by its size in points
TICKS = 0.3  # inches beside the names of lanes
WIDEST = 4.5  # inches for names: longer ones are cut


def stacked(axes: Axes, heights: Sequence[float], gap: float) -> list[Axes]:
    """In place of the axes, one above the other with these heights; all in inches. They share
    the horizontal axis with the first."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    box, total = axes.get_position(), figure.get_size_inches()[1]
    axes.remove()
    found: list[Axes] = []
    top = box.y1
    for height in heights:
        low = top - height / total
        place = (box.x0, low, box.width, height / total)
        found.append(figure.add_axes(place, sharex=found[0] if found else None))
        top = low - gap / total
    return found


def beside(axes: Axes, shares: Sequence[float], gap: float) -> list[Axes]:
    """In place of the axes, beside each other with these shares of the width that the gaps (in
    inches) leave. They share the vertical axis with the first."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    box, total = axes.get_position(), figure.get_size_inches()[0]
    axes.remove()
    free = box.width - (len(shares) - 1) * gap / total
    found: list[Axes] = []
    left = box.x0
    for share in shares:
        width = free * share / sum(shares)
        place = (left, box.y0, width, box.height)
        found.append(figure.add_axes(place, sharey=found[0] if found else None))
        left += width + gap / total
    for each in found[1:]:
        each.tick_params(labelleft=False)
    return found


def room(names: Iterable[str], size: float = 9) -> float:
    """Inches to the left of the axes that names of lanes take, with the ticks."""
    longest = max((len(name) for name in names), default=0)
    return min(TICKS + LETTER * size * longest, WIDEST)


def lanes(axes: Axes, names: Sequence[str], size: float = 8, left: float = WIDEST) -> None:
    """A lane for each name, the first one on top; `left`: inches beside the axes."""
    fitting = [shortened(name, size, 72 * (left - TICKS / 2)) for name in names]
    axes.set_yticks(range(len(names)), fitting, size=size)
    axes.set_ylim(len(names) - 0.4, -0.6)
