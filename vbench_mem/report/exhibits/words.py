"""What captions and tables of the paper's exhibits have in common. No matplotlib."""

from collections.abc import Sequence

from vbench_mem.base.units import significant
from vbench_mem.matrix.exhibits import EXHIBITS, Name
from vbench_mem.report.exhibits.plot import ExhibitFigure
from vbench_mem.report.panels import is_ours
from vbench_mem.report.plan import Plan, sentences
from vbench_mem.report.series import PlotPoint, memory_word

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


def skipped(name: Name, why: str) -> Plan:
    return Plan(name=f"exhibit_{name}", title=EXHIBITS[name].title, skipped=why)


def exhibit(
    name: Name, figure: ExhibitFigure, count: int, *texts: str, missing: Sequence[str] = ()
) -> Plan:
    """The plan of a figure of `count` rows. Its caption: ours first, then the paper's, then what is
    missing."""
    if count > MOST:
        why = f"{count} rows are more than this figure can show; let the matrix have one load"
        return skipped(name, why)
    gaps = "; ".join(filter(None, missing))
    return Plan(
        name=f"exhibit_{name}",
        title=EXHIBITS[name].title,
        caption=sentences(*texts, paper(name), f"Missing: {gaps}." if gaps else ""),
        drawer="exhibit",
        data=(figure,),
    )


def paper(name: Name) -> str:
    """What the paper finds there, where it stands, and how sure that is."""
    exhibit = EXHIBITS[name]
    return f"The paper states that {exhibit.states} ({exhibit.source}; {exhibit.sure})."


def whose(points: Sequence[PlotPoint]) -> str:
    """Which marks are ours, and which are published."""
    scored = [point for point in points if point.score is not None]
    cells = [point.row.cell for point in points]
    loads = {f" (batch {c.load.batch}, {c.runtime.dtype})" for c in cells}
    load = loads.pop() if len(loads) == 1 else ""  # the paper does not state it
    texts = [f"The memory is ours: {memory_word(points)}{load}."]
    if any(is_ours(point) for point in scored):
        texts.append("Filled and half-filled marks have a recall that was measured or imported.")
    sources = dict.fromkeys(p.score.source for p in scored if p.score and not is_ours(p))
    if sources:
        texts.append(
            f"Hollow marks have a published recall ({listed(list(sources))}) at our memory; no "
            "line is drawn through them."
        )
    return " ".join(texts)
