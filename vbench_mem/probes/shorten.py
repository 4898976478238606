"""A cell with fewer layers whose trace, repeated, is the trace of the cell. No torch.

Layers of a stack are alike but for what is frozen: those in front that nobody trains keep nothing
for backward. Of each stack the longer of the two parts is cut down to its first, one in the middle
and its last.
"""

from dataclasses import replace

from vbench_mem.encoders.custom import Custom
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.repeat import Repeat

KEPT = 3  # first, middle, last


def shorten(cell: Cell) -> tuple[Cell, tuple[Repeat, ...]]:
    """The short cell, and what to repeat in its trace; the cell itself where nothing can be cut."""
    if isinstance(cell.spec, Custom):
        return cell, ()  # its code alone knows its layers
    text, text_repeat = shorten_text(cell)
    short, video_repeat = shorten_video(text)
    return short, (*text_repeat, *video_repeat)


def shorten_text(cell: Cell) -> tuple[Cell, tuple[Repeat, ...]]:
    text = cell.table_spec.text
    cut = text.tower.depth - KEPT
    if cut < 1:
        return cell, ()
    tower = replace(text.tower, depth=KEPT)
    spec = replace(cell.table_spec, text=replace(text, tower=tower))
    return replace(cell, spec=spec), (Repeat(path="text.blocks", layer=1, copies=cut),)


def shorten_video(cell: Cell) -> tuple[Cell, tuple[Repeat, ...]]:
    """Of every stack of the video tower that can be shortened."""
    spec, recipe, repeats = cell.table_spec, cell.recipe, list[Repeat]()
    for number, stack in enumerate(spec.stacks()):
        behind = sum(each.depth for each in spec.stacks()[number + 1 :])
        blocks = spec.layers if recipe.blocks is None else recipe.blocks
        trained = min(stack.depth, max(blocks - behind, 0))
        frozen = stack.depth - trained
        length, first = max((trained, frozen), (frozen, 0))
        cut = length - KEPT
        shorter = spec.with_depth(number, stack.depth - cut) if cut >= 1 else None
        if shorter is None:
            continue
        if length == trained and recipe.blocks is not None:
            recipe = replace(recipe, blocks=recipe.blocks - cut)
        first += shorter.stacks()[number].first
        spec = shorter
        repeats.append(Repeat(path=f"video.{stack.path}", layer=first + 1, copies=cut))
    return replace(cell, spec=spec, recipe=recipe), tuple(repeats)
