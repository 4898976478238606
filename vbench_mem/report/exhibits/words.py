"""What captions and tables of the paper's exhibits say alike. No matplotlib."""

from collections.abc import Iterable, Sequence

from vbench_mem.base.units import significant
from vbench_mem.matrix.exhibits import EXHIBITS, Name
from vbench_mem.report.panels import is_ours
from vbench_mem.report.series import Point, memory_word

NO_RECALL = "no recall is joined"
MOST = 60  # rows of a figure that has a lane or a label for each
NO_MEMORY = "no row has a measured or predicted peak"


def listed(words: Sequence[str], most: int = 6) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b and 7 more`."""
    if len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1} more"]
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def times(more: float, less: float) -> str:
    """`2.2`, the one over the other."""
    return significant(more / less, 2)


def crowded(count: int) -> str | None:
    """Why so many rows are not drawn, where they are too many."""
    if count <= MOST:
        return None
    return f"{count} rows are more than this figure can show; let the matrix have one load"


def loads(points: Iterable[Point]) -> str:
    """` (batch 8, bfloat16)`: what a peak hangs on and the paper does not state."""
    cells = [point.row.cell for point in points]
    said = {f"batch {c.load.batch}, {c.runtime.dtype}" for c in cells}
    return f" ({said.pop()})" if len(said) == 1 else ""


def paper(name: Name) -> str:
    """What the paper finds there, where it stands, and how sure that is."""
    exhibit = EXHIBITS[name]
    return f"The paper states that {exhibit.states} ({exhibit.source}; {exhibit.sure})."


def whose(points: Sequence[Point]) -> str:
    """Which marks are ours, and which are not."""
    scored = [point for point in points if point.score is not None]
    said = [f"The memory is ours: {memory_word(points)}{loads(points)}."]
    if any(is_ours(point) for point in scored):
        said.append("Filled and half-filled marks have a recall that was measured or handed in.")
    sources = dict.fromkeys(p.score.source for p in scored if p.score and not is_ours(p))
    if sources:
        said.append(
            f"Hollow marks have a published recall ({listed(list(sources))}) at our memory; no "
            "line is drawn through them."
        )
    return " ".join(said)
