"""Sizes and recipes that the closed forms are counted at, and counts as one number of FLOP."""

from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.text_spec import Text
from vbench_mem.probes.torch_count import Counts
from vbench_mem.probes.walk import Work

TINY = Tower(width=24, depth=2, heads=2, mlp=40)
TEXT = Text(tower=Tower(width=16, depth=1, heads=2, mlp=24), vocab=32)
RECIPES = {
    "full": Recipe(),
    "mask50": Recipe(mask=0.5),
    "mask50_frame": Recipe(mask=0.5, mask_kind="frame"),
    "adapter": Recipe(train="adapter", adapter_width=5),
    "lora": Recipe(train="lora", lora_rank=3),
    "mask50_lora": Recipe(mask=0.5, train="lora", lora_rank=3, train_text=True),
    "temporal_only": Recipe(train="temporal_only"),
    "last1": Recipe(train="last_k", blocks=1),
    "frozen_text": Recipe(train_text=False),
}


def flop(counts: Counts | Work) -> int:
    if isinstance(counts, Work):
        return 2 * (counts.products + counts.attention)
    return sum(counts.values())
