"""The peak of each row as a stacked bar, a colour and a hatch for each category."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from vbench_mem.base.units import format_bytes, significant
from vbench_mem.report.draw.canvas import Sheet, set_tips, styled
from vbench_mem.report.draw.many import BAR, bar_page, bar_text
from vbench_mem.report.marks import mark_of
from vbench_mem.report.pictures.categories import CategoryStack
from vbench_mem.report.style import CATEGORIES

PALE = 0.5
DARK = ("parameter", "gradient")  # fills on which a hatch is light


@styled
def draw_categories(stacks: Sequence[CategoryStack]) -> Sheet:
    """Horizontal bars, the first row on top; pale where they are predicted."""
    unit = stacks[0].scheme.unit
    bases = {stack.basis for stack in stacks}
    mixed = len(bases) > 1
    used = [name for name in CATEGORIES if any(stack.parts.get(name) for stack in stacks)]
    alphas = {"predicted": PALE, "measured": 1.0}
    pale = max(alphas[basis] for basis in bases)
    handles = [Patch(label=CATEGORIES[name][0], **paint(name, pale)) for name in used]

    def draw(axes: Axes, place: int) -> None:
        stack, left = stacks[place], 0.0
        for name, size in ((name, stack.parts.get(name, 0)) for name in used):
            if size:
                how = paint(name, alphas[stack.basis])
                (bar,) = axes.barh(place, size / unit.bytes, left=left, height=BAR, **how)
                share = f"{100 * size / stack.bytes:.1f} % of the {stack.basis} peak"
                facts = [(CATEGORIES[name][0], f"{format_bytes(size)}, {share}")]
                set_tips(bar, mark_of(stack.row, facts))
                left += size / unit.bytes
        bar_text(axes, left, place, significant(stack.size))

    ends = {"predicted": " (predicted)" if mixed else "", "measured": ""}
    names = [stack.series + ends[stack.basis] for stack in stacks]
    basis = "memory" if mixed else f"{stacks[0].basis} memory"
    return bar_page(names, handles, draw, f"{basis} at the peak, {unit.name}")


def paint(name: str, alpha: float) -> dict[str, Any]:
    _, fill, hatch = CATEGORIES[name]
    edge = "#FFFFFF" if name in DARK else "#555555"
    return {"facecolor": fill, "edgecolor": edge, "hatch": hatch, "linewidth": 0, "alpha": alpha}
