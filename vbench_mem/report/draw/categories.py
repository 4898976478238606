"""The peak of each row as a stacked bar, a colour and a hatch for each category."""

from collections.abc import Sequence
from typing import Any

from matplotlib.patches import Patch, Rectangle

from vbench_mem.base.units import format_bytes, significant
from vbench_mem.report.draw.canvas import Sheet, styled, track
from vbench_mem.report.draw.many import bar_page, bar_text
from vbench_mem.report.marks import mark_of
from vbench_mem.report.pictures.categories import CategoryStack
from vbench_mem.report.style import CATEGORIES

HEIGHT = 0.7  # of a bar, of its place
PALE = 0.5
DARK = ("parameter", "gradient")  # fills on which a hatch is light


@styled
def draw_categories(stacks: Sequence[CategoryStack]) -> Sheet:
    """Horizontal bars, the first row on top; pale where they are predicted."""
    unit = stacks[0].scheme.unit
    mixed = len({stack.basis for stack in stacks}) > 1
    used = [name for name in CATEGORIES if any(stack.parts.get(name) for stack in stacks)]
    pale = PALE if not mixed and stacks[0].basis == "predicted" else 1.0
    handles = [Patch(label=CATEGORIES[name][0], **paint(name, pale)) for name in used]
    sheet, axes = bar_page([name_of(stack, mixed) for stack in stacks], handles)
    for place, stack in enumerate(stacks):
        left = 0.0
        for name in used:
            size = stack.parts.get(name, 0) / unit.bytes
            if not size:
                continue
            alpha = PALE if stack.basis == "predicted" else 1.0
            bar = Rectangle((left, place - HEIGHT / 2), size, HEIGHT, **paint(name, alpha))
            axes.add_patch(bar)
            track(bar, CATEGORIES[name][0], [mark_of(stack.row, facts(stack, name))])
            left += size
        bar_text(axes, left, place, significant(stack.peak / unit.bytes))
    axes.set_xlim(0, 1.1 * max(stack.peak for stack in stacks) / unit.bytes)
    basis = "memory" if mixed else f"{stacks[0].basis} memory"
    axes.set_xlabel(f"{basis} at the peak, {unit.name} (left is better)")
    return sheet


def paint(name: str, alpha: float) -> dict[str, Any]:
    _, fill, hatch = CATEGORIES[name]
    return {
        "facecolor": fill,
        "edgecolor": "#FFFFFF" if name in DARK else "#555555",
        "hatch": hatch,
        "linewidth": 0,
        "alpha": alpha,
    }


def name_of(stack: CategoryStack, mixed: bool) -> str:
    """The bar's name, with what is predicted where not all bars are."""
    return f"{stack.series} (predicted)" if mixed and stack.basis == "predicted" else stack.series


def facts(stack: CategoryStack, name: str) -> list[tuple[str, str]]:
    size = stack.parts[name]
    share = f"{format_bytes(size)}, {100 * size / stack.peak:.1f} % of the {stack.basis} peak"
    return [(CATEGORIES[name][0], share)]
