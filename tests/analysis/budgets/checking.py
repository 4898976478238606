"""`check` from the command line, in this process, on a small matrix with a limit on growth."""

from typer.testing import CliRunner, Result

from tests.analysis.budgets.made import MIB, MODULES
from vbench_mem.cli import app
from vbench_mem.probes.prediction import Prediction, Unpredicted

HEAD = """\
about: does it grow?
axes: {encoder: joint_test, resolution_px: 32, frames: [4, 8], batch: 2, device: cpu}
"""
GROWTH = HEAD + (
    "baseline: base.json\nbudgets:\n  - {metric: predicted_peak_bytes, max_growth: 0.01}\n"
)
LARGER = MODULES | {"video.blocks.*.mlp.act": {"activation": 192 * MIB}}
Made = dict[int, Prediction | Unpredicted]


def invoke(*arguments: object, **environ: str) -> Result:
    settings = {"COLUMNS": "80", "GITHUB_ACTIONS": "", **environ}
    return CliRunner(env=settings).invoke(app, ["check", *(str(item) for item in arguments)])
