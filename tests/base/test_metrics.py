"""The table of metrics: names end in their unit, and table.csv has them all, in its order."""

import re

import pytest

from vbench_mem.base.metrics import METRICS, show
from vbench_mem.report.columns import metric_kind, ordered_metrics

ENDINGS = {
    "bytes": r"_bytes",
    "GFLOP": r"_gflop(_per_frame)?",
    "GMAC": r"_gmac",
    "TFLOP/s": r"_tflop_per_s",
    "ms": r"_ms",
    "s": r"_s",
    "W": r"_w",
    "J": r"_j_per_clip",
    "clips/s": r"clips_per_s",
    "frames/s": r"frames_per_s",
    "tokens/s": r"tokens_per_s",
    "tokens": r"^tokens_.*per_clip|^tokens_per_clip",
    "parameters": r"^params.*",
    "clips": r"^clips_.*",
    "captions": r"^captions_.*",
    "nats": r"^loss_.*",
    "share": r"^mfu",
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_ends_in_its_unit(name: str) -> None:
    assert re.search(rf"(?:{ENDINGS[METRICS[name].unit]})$", name)
    assert METRICS[name].name == name
    assert METRICS[name].meaning


def test_every_metric_has_one_column_and_sizes_come_last() -> None:
    columns = [metric.name for metric in ordered_metrics()]
    assert sorted(columns) == sorted(METRICS)
    assert columns[0] == "predicted_peak_bytes"
    assert columns.index("peak_alloc_bytes") < columns.index("step_gflop")
    assert columns.index("step_gflop") < columns.index("step_ms") < columns.index("params")
    assert columns[-1] == "tokens_trained_per_clip"


def test_whole_things_are_whole_columns() -> None:
    whole = {name for name, metric in METRICS.items() if metric_kind(metric) == "Int64"}
    assert {"params", "peak_alloc_bytes", "tokens_per_clip", "clips_padded"} <= whole
    assert not {"step_ms", "mfu", "step_gflop"} & whole


def test_numbers_are_shown_with_what_people_read() -> None:
    assert show("peak_alloc_bytes", 3 * 2**30) == "3.00 GiB"
    assert show("mfu", 0.381) == "38.1 %"
    assert show("params", 1234567) == "1,234,567"
    assert show("step_ms", None) == ""
