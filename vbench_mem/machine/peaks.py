"""The table of dense peaks by device and dtype, for model FLOPs utilisation. No torch.

Names are matched exactly, as the driver reports them: MIG slices, laptop chips and smaller editions
have longer names, and a wrong peak is worse than none. Figures that a datasheet gives with sparsity
are halved. float32 is without TF32, which a burst switches off. float16 is with accumulation in
float32, as in torch's matrix products.
"""

from dataclasses import dataclass

from vbench_mem.base.load import Dtype


@dataclass(frozen=True, kw_only=True)
class Peak:
    """TFLOP/s; bfloat16 is None where the tensor cores do not have it."""

    float32: float
    float16: float
    bfloat16: float | None
    source: str

    def of(self, dtype: Dtype) -> float | None:
        value: float | None = getattr(self, dtype)
        return value


A100 = Peak(
    float32=19.5, float16=312, bfloat16=312, source="NVIDIA A100 Tensor Core GPU datasheet, 2022"
)
A10 = Peak(float32=31.2, float16=125, bfloat16=125, source="NVIDIA A10 datasheet, 2021")
A30 = Peak(float32=10.3, float16=165, bfloat16=165, source="NVIDIA A30 datasheet, 2021")
A40 = Peak(float32=37.4, float16=149.7, bfloat16=149.7, source="NVIDIA A40 datasheet, 2021")
H100_SXM = Peak(
    float32=67, float16=989.4, bfloat16=989.4, source="NVIDIA H100 datasheet, 2024: SXM"
)
H100_PCIE = Peak(
    float32=51, float16=756, bfloat16=756, source="NVIDIA H100 PCIe datasheet, 2022: 1,513 sparse"
)
H100_NVL = Peak(
    float32=60, float16=835, bfloat16=835, source="NVIDIA H100 datasheet, 2024: NVL, 1,671 sparse"
)
H200 = Peak(float32=67, float16=989.4, bfloat16=989.4, source="NVIDIA H200 datasheet, 2024: SXM")
H200_NVL = Peak(
    float32=60, float16=835, bfloat16=835, source="NVIDIA H200 datasheet, 2024: NVL, 1,671 sparse"
)
L4 = Peak(float32=30.3, float16=121, bfloat16=121, source="NVIDIA L4 datasheet, 2023: 242 sparse")
L40 = Peak(float32=90.5, float16=181, bfloat16=181, source="NVIDIA L40 datasheet, 2023")
L40S = Peak(float32=91.6, float16=362, bfloat16=362, source="NVIDIA L40S datasheet, 2023")
RTX_A6000 = Peak(
    float32=38.7, float16=154.8, bfloat16=154.8, source="NVIDIA RTX A6000 datasheet: 309.7 sparse"
)
V100_SXM = Peak(float32=15.7, float16=125, bfloat16=None, source="NVIDIA V100 datasheet, 2020")
V100_PCIE = Peak(float32=14.0, float16=112, bfloat16=None, source="NVIDIA V100 datasheet, 2020")
V100S = Peak(float32=16.4, float16=130, bfloat16=None, source="NVIDIA V100 datasheet, 2020")
T4 = Peak(float32=8.1, float16=65, bfloat16=None, source="NVIDIA T4 datasheet, 2019")
RTX_3090 = Peak(
    float32=35.6, float16=71, bfloat16=71, source="NVIDIA GA102 white paper, appendix A"
)
RTX_4090 = Peak(
    float32=82.6, float16=165.2, bfloat16=165.2, source="NVIDIA Ada GPU white paper, appendix A"
)

PEAKS: dict[str, Peak] = {
    "NVIDIA A100-SXM4-40GB": A100,
    "NVIDIA A100-SXM4-80GB": A100,
    "NVIDIA A100-PCIE-40GB": A100,
    "NVIDIA A100 80GB PCIe": A100,
    "NVIDIA A10": A10,
    "NVIDIA A30": A30,
    "NVIDIA A40": A40,
    "NVIDIA RTX A6000": RTX_A6000,
    "NVIDIA H100 80GB HBM3": H100_SXM,
    "NVIDIA H100 PCIe": H100_PCIE,
    "NVIDIA H100 NVL": H100_NVL,
    "NVIDIA H200": H200,
    "NVIDIA H200 NVL": H200_NVL,
    "NVIDIA GH200 480GB": H100_SXM,
    "NVIDIA L4": L4,
    "NVIDIA L40": L40,
    "NVIDIA L40S": L40S,
    "Tesla V100-SXM2-16GB": V100_SXM,
    "Tesla V100-SXM2-32GB": V100_SXM,
    "Tesla V100-PCIE-16GB": V100_PCIE,
    "Tesla V100-PCIE-32GB": V100_PCIE,
    "Tesla V100S-PCIE-32GB": V100S,
    "Tesla T4": T4,
    "NVIDIA GeForce RTX 3090": RTX_3090,
    "NVIDIA GeForce RTX 4090": RTX_4090,
}


def dense_peak(name: str, dtype: Dtype) -> tuple[float | None, str]:
    """TFLOP/s and its source, or None and the reason."""
    peak = PEAKS.get(name)
    if peak is None:
        return None, f"no dense peak is known for '{name}'"
    value = peak.of(dtype)
    if value is None:
        return None, f"the tensor cores of '{name}' do not have {dtype}"
    return value, peak.source


def share_of_peak(achieved_tflop_per_s: float, peak_tflop_per_s: float) -> float:
    """Raises `ArithmeticError` above 1: then the count, the clock or the table is wrong."""
    share = achieved_tflop_per_s / peak_tflop_per_s
    if share > 1:
        raise ArithmeticError(
            f"{achieved_tflop_per_s:.4g} TFLOP/s is more than the device's dense peak of "
            f"{peak_tflop_per_s:.4g}: the FLOP count, the clock or the table of peaks is wrong"
        )
    return share
