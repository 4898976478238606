"""The paper's figures, redrawn from the rows of a matrix that names them under `exhibits`.

Every caption says what is ours, what is published, what the paper found, and what is missing.
"""

from collections.abc import Callable

from vbench_mem.analysis.join import Joined
from vbench_mem.matrix.exhibits import Name
from vbench_mem.report.exhibits import backbones, growth, long_clips, patches
from vbench_mem.report.plan import Plan

PLANNERS: dict[Name, Callable[[Joined], Plan]] = {
    "figure2": backbones.plan,
    "figure3": patches.plan,
    "figure4": growth.plan,
    "figure5": long_clips.plan,
}


def plans(joined: Joined) -> list[Plan]:
    """One for each figure that the matrix names, in its order; tables are `exhibits.tables`."""
    return [PLANNERS[name](joined) for name in joined.matrix.exhibits if name in PLANNERS]
