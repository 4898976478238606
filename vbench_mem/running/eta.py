"""How long a cell will take, from the times of measured cells. Only shown, never a result."""

import statistics
from collections.abc import Iterable

from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.cell import Cell
from vbench_mem.running.record import Record, Status


def gflop_of(cell: Cell) -> float | None:
    """GFLOP of all steps of a cell in closed form; None where there is no closed form."""
    from vbench_mem.probes.closed_form import closed_form

    try:
        form = closed_form(cell)
    except (UsageError, ValueError):
        return None  # a user's own encoder, or a cell that makes no sense and a rule skips
    towers = (form.video, form.text)
    training = cell.load.mode == "train"
    per_clip = sum((tower.step if training else tower.forward).gflop for tower in towers)
    steps = cell.protocol.warmup + cell.protocol.steps
    if cell.training is not None:
        steps = sum(stage.steps for stage in cell.training.stages[-1:])
    return steps * cell.load.batch * per_clip


def expected_seconds(cells: Iterable[Cell], done: Iterable[Record]) -> dict[str, float | None]:
    """Seconds by cell id: a start-up time plus seconds per GFLOP, fitted to what was measured.

    The mean where a line cannot be fitted; None without measurements.
    """
    good = [record for record in done if record.status is Status.OK]
    took = [(gflop_of(each.cell), each.wall_s) for each in good if each.wall_s is not None]
    if not took:
        return {cell.id: None for cell in cells}
    mean = statistics.fmean(seconds for _, seconds in took)
    points = [(work, seconds) for work, seconds in took if work is not None]
    slope, start = 0.0, mean
    if len({work for work, _ in points}) > 1:
        slope, start = statistics.linear_regression(*zip(*points, strict=True))
        if slope < 0:  # noise: a larger cell is not faster
            slope, start = 0.0, mean
    least = min(seconds for _, seconds in took) / 2  # the line may cross zero left of all points
    expected: dict[str, float | None] = {}
    for cell in cells:
        work = gflop_of(cell)
        expected[cell.id] = mean if work is None else max(start + slope * work, least)
    return expected
