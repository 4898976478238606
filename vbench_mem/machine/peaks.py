"""Dense peaks by dtype, for model FLOPs utilisation; `cards.py` says which card has which.

Figures that a datasheet gives with sparsity are halved. float32 is without TF32, which a burst
switches off. float16 is with accumulation in float32, as in torch's matrix products.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peak:
    """TFLOP/s; bfloat16 is None where the tensor cores do not have it."""

    float32: float
    float16: float
    bfloat16: float | None
    source: str


A100 = Peak(19.5, 312, 312, "NVIDIA A100 Tensor Core GPU datasheet, 2022")
A10 = Peak(31.2, 125, 125, "NVIDIA A10 datasheet, 2021")
A30 = Peak(10.3, 165, 165, "NVIDIA A30 datasheet, 2021")
A40 = Peak(37.4, 149.7, 149.7, "NVIDIA A40 datasheet, 2021")
H100_SXM = Peak(67, 989.4, 989.4, "NVIDIA H100 datasheet, 2024: SXM")
H100_PCIE = Peak(51, 756, 756, "NVIDIA H100 PCIe datasheet, 2022: 1,513 sparse")
H100_NVL = Peak(60, 835, 835, "NVIDIA H100 datasheet, 2024: NVL, 1,671 sparse")
H200 = Peak(67, 989.4, 989.4, "NVIDIA H200 datasheet, 2024: SXM")
H200_NVL = Peak(60, 835, 835, "NVIDIA H200 datasheet, 2024: NVL, 1,671 sparse")
L4 = Peak(30.3, 121, 121, "NVIDIA L4 datasheet, 2023: 242 sparse")
L40 = Peak(90.5, 181, 181, "NVIDIA L40 datasheet, 2023")
L40S = Peak(91.6, 362, 362, "NVIDIA L40S datasheet, 2023")
RTX_A6000 = Peak(38.7, 154.8, 154.8, "NVIDIA RTX A6000 datasheet: 309.7 sparse")
V100_SXM = Peak(15.7, 125, None, "NVIDIA V100 datasheet, 2020")
V100_PCIE = Peak(14.0, 112, None, "NVIDIA V100 datasheet, 2020")
V100S = Peak(16.4, 130, None, "NVIDIA V100 datasheet, 2020")
T4 = Peak(8.1, 65, None, "NVIDIA T4 datasheet, 2019")
RTX_3090 = Peak(35.6, 71, 71, "NVIDIA GA102 white paper, appendix A")
RTX_4090 = Peak(82.6, 165.2, 165.2, "NVIDIA Ada GPU white paper, appendix A")


def share_of_peak(achieved_tflop_per_s: float, peak_tflop_per_s: float) -> float:
    """Raises `ArithmeticError` above 1: then the count, the clock or the table is wrong."""
    share = achieved_tflop_per_s / peak_tflop_per_s
    if share > 1:
        raise ArithmeticError(
            f"{achieved_tflop_per_s:.4g} TFLOP/s is more than the device's dense peak of "
            f"{peak_tflop_per_s:.4g}: the FLOP count, the clock or the table of peaks is wrong"
        )
    return share
