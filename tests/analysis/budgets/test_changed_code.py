"""`check` where the code of an encoder was changed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.analysis.budgets.checking import invoke
from tests.analysis.budgets.made import MIB
from vbench_mem.encoders.table import ENCODERS

ROOT = Path(__file__).parents[3]
CHANGED = ("return x * torch.sigmoid(1.702 * x)", "return x.sin() * torch.sigmoid(1.702 * x)")
BOTH = """\
about: does it grow?
axes: {encoder: joint_test, activation: [gelu, quick_gelu], frames: 16, batch: 8, device: cpu}
baseline: base.json
budgets: [{metric: predicted_backward_peak_bytes, max_growth: 0.01}]
"""


def test_a_layer_that_keeps_one_more_activation_is_named_and_an_untouched_encoder_holds(
    tmp_path: Path,
) -> None:
    """The code itself is edited, in a copy of the package; nothing is stood in for."""
    (tmp_path / "both.yaml").write_text(BOTH)
    done = invoke(tmp_path / "both.yaml", "--update-baseline")
    assert done.exit_code == 0, done.output
    package = tmp_path / "vbench_mem"
    # what another process is just compiling is gone before it is copied
    shutil.copytree(ROOT / "vbench_mem", package, ignore=shutil.ignore_patterns("*.pyc.*"))
    layers = package / "encoders" / "layers.py"
    before = layers.read_text()
    layers.write_text(before.replace(*CHANGED))
    assert layers.read_text() != before
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "GITHUB_ACTIONS": ""}
    command = [sys.executable, "-m", "vbench_mem", "check", "both.yaml", "--json"]
    broken = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert broken.returncode == 1, broken.stderr
    untouched, touched = json.loads(broken.stdout)["verdicts"]
    assert (untouched["label"], untouched["outcome"]) == ("joint_test", "pass")
    assert untouched["changes"] == [] and untouched["actual"] == untouched["baseline"]
    assert touched["label"] == "joint_test,activation=quick_gelu"
    assert touched["outcome"] == "fail"
    assert touched["notes"] == ["at the peak grew: video.blocks.*.mlp.act activation +8.0 MiB"]
    spec = ENCODERS["joint_test"].spec
    tokens = 16 // spec.tubelet_frames * (spec.resolution_px // spec.patch_px) ** 2
    kept = 8 * tokens * spec.tower.mlp * spec.tower.depth * 4  # in every layer, float32
    assert touched["actual"] - touched["baseline"] == kept == 8 * MIB
