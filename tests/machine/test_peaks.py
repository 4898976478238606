"""The table of dense peaks: consistent, exact about names, and strict about shares above 1."""

import pytest

from vbench_mem.machine.cards import PEAKS, dense_peak
from vbench_mem.machine.peaks import share_of_peak


@pytest.mark.parametrize("name", PEAKS)
def test_every_peak_has_a_source_and_grows_with_narrower_numbers(name: str) -> None:
    peak = PEAKS[name]
    assert peak is not None
    assert peak.source.startswith("NVIDIA ")
    assert 0 < peak.float32 < peak.float16
    assert peak.bfloat16 in (None, peak.float16)


def test_peaks_are_dense_and_without_tf32() -> None:
    """Twice as high would be with sparsity; 156 and 494.7 would be TF32."""
    assert dense_peak("NVIDIA A100-SXM4-80GB", "bfloat16")[0] == 312
    assert dense_peak("NVIDIA A100-SXM4-80GB", "float32")[0] == 19.5
    assert dense_peak("NVIDIA H100 80GB HBM3", "bfloat16")[0] == pytest.approx(989, abs=1)
    assert dense_peak("NVIDIA H100 80GB HBM3", "float32")[0] == 67
    assert dense_peak("NVIDIA H100 PCIe", "bfloat16")[0] == 756


@pytest.mark.parametrize(
    "name",
    [
        "cpu",
        "NVIDIA A100-SXM4-80GB MIG 1g.10gb",
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA GeForce RTX 4090 D",
        "NVIDIA H100",
        "nvidia l4",
        "NVIDIA L40S-48Q",
    ],
)
def test_an_unknown_device_has_no_peak_and_a_reason(name: str) -> None:
    value, reason = dense_peak(name, "bfloat16")
    assert value is None
    assert name in reason


def test_near_names_keep_their_own_peaks() -> None:
    names = ("NVIDIA A10", "NVIDIA A100-SXM4-40GB", "NVIDIA L4", "NVIDIA L40", "NVIDIA L40S")
    assert len({dense_peak(name, "bfloat16")[0] for name in names}) == len(names)
    assert dense_peak("NVIDIA H200 NVL", "bfloat16") != dense_peak("NVIDIA H200", "bfloat16")


def test_a_card_without_bfloat16_says_so() -> None:
    value, reason = dense_peak("Tesla V100-SXM2-32GB", "bfloat16")
    assert value is None and "bfloat16" in reason
    assert dense_peak("Tesla V100-SXM2-32GB", "float16")[0] == 125


def test_a_share_above_the_peak_is_an_error() -> None:
    assert share_of_peak(156, 312) == 0.5
    assert share_of_peak(312, 312) == 1
    with pytest.raises(ArithmeticError, match="more than the device's dense peak"):
        share_of_peak(313, 312)
