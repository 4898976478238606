"""The table of cards that predictions can be compared with, and the card of this machine. No torch.

The memory that a datasheet states in GB lies between two numbers of bytes. `memory_bytes` is the
least: GB as 10^9 bytes, less the sixteenth that GDDR6 with error correction uses for check bits.
`most_bytes` is the most: GB as 2^30 bytes, as the chips are built.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.base.load import Dtype
from vbench_mem.base.units import BINARY, format_bytes, parse_bytes
from vbench_mem.machine import peaks
from vbench_mem.machine.chips import A100 as A100_CHIP
from vbench_mem.machine.chips import Chip
from vbench_mem.machine.environment import Environment
from vbench_mem.machine.peaks import Peak

GB, GIB = 10**9, BINARY["GiB"]
ECC_SHARE = 16  # one part in so many, where the check bits lie in the memory itself
SIZE = re.compile(r"\d")  # how a size begins, and no name


@dataclass(frozen=True)
class Card:
    """A card to compare predictions with.

    name         as it is typed, or as the driver calls it; none where only a size was given
    drivers      the driver's names for it
    memory_bytes the least memory that it has; `most_bytes` is the most
    source       where the memory is from
    dense        the dense peak of a card of the table; None: not known
    chip         what its kernels depend on; None: unknown, and an A100's stands in
    """

    name: str | None
    drivers: tuple[str, ...]
    memory_bytes: int
    most_bytes: int
    source: str
    dense: Peak | None = None
    chip: Chip | None = None

    @property
    def title(self) -> str:
        return self.name or f"a card of {format_bytes(self.memory_bytes)}"

    @cached_property
    def memory(self) -> str:
        """One size, or the two that its memory lies between."""
        least, most = format_bytes(self.memory_bytes), format_bytes(self.most_bytes)
        return least if least == most else f"{least} to {most}"

    def peak(self, dtype: Dtype) -> tuple[float | None, str]:
        """TFLOP/s and its source, or None and the reason."""
        if not self.drivers:
            return None, f"no dense peak is known for {self.title}"
        return dense_peak(self.drivers[0], dtype)


def full(
    name: str, gigabytes: int, source: str, dense: Peak | None, chip: Chip, *drivers: str
) -> Card:
    """All memory can be used: HBM, whose check bits lie beside it, and GDDR without check bits."""
    source = f"{source}: {gigabytes} GB"
    return Card(name, drivers, gigabytes * GB, gigabytes * GIB, source, dense, chip)


def inline_ecc(
    name: str, gigabytes: int, source: str, dense: Peak, chip: Chip, *drivers: str
) -> Card:
    """GDDR that keeps its check bits in itself while error correction is on, as it is sold."""
    least = gigabytes * GB * (ECC_SHARE - 1) // ECC_SHARE
    source = f"{source}: {gigabytes} GB, with ECC"
    return Card(name, drivers, least, gigabytes * GIB, source, dense, chip)


A100, H100, V100 = (f"NVIDIA {name} datasheet" for name in ("A100", "H100", "V100"))
HOPPER, VOLTA = Chip((9, 0), 132), Chip((7, 0), 80)
ROWS = (
    full(
        "a100-40", 40, A100, peaks.A100, A100_CHIP, "NVIDIA A100-SXM4-40GB", "NVIDIA A100-PCIE-40GB"
    ),
    full(
        "a100-80", 80, A100, peaks.A100, A100_CHIP, "NVIDIA A100-SXM4-80GB", "NVIDIA A100 80GB PCIe"
    ),
    full("h100-80", 80, f"{H100}, SXM", peaks.H100_SXM, HOPPER, "NVIDIA H100 80GB HBM3"),
    full("h100-pcie", 80, f"{H100}, PCIe", peaks.H100_PCIE, Chip((9, 0), 114), "NVIDIA H100 PCIe"),
    full("h100-nvl", 94, f"{H100}, NVL", peaks.H100_NVL, HOPPER, "NVIDIA H100 NVL"),
    full("h200", 141, "NVIDIA H200 datasheet, SXM", peaks.H200, HOPPER, "NVIDIA H200"),
    full("h200-nvl", 141, "NVIDIA H200 datasheet, NVL", peaks.H200_NVL, HOPPER, "NVIDIA H200 NVL"),
    full(
        "gh200-96", 96, "NVIDIA GH200 datasheet, HBM3", peaks.H100_SXM, HOPPER, "NVIDIA GH200 480GB"
    ),
    full("a30", 24, "NVIDIA A30 datasheet", peaks.A30, Chip((8, 0), 56), "NVIDIA A30"),
    inline_ecc("l4", 24, "NVIDIA L4 datasheet", peaks.L4, Chip((8, 9), 58), "NVIDIA L4"),
    inline_ecc("l40", 48, "NVIDIA L40 datasheet", peaks.L40, Chip((8, 9), 142), "NVIDIA L40"),
    inline_ecc("l40s", 48, "NVIDIA L40S datasheet", peaks.L40S, Chip((8, 9), 142), "NVIDIA L40S"),
    inline_ecc("a10", 24, "NVIDIA A10 datasheet", peaks.A10, Chip((8, 6), 72), "NVIDIA A10"),
    inline_ecc("a40", 48, "NVIDIA A40 datasheet", peaks.A40, Chip((8, 6), 84), "NVIDIA A40"),
    inline_ecc(
        "a6000",
        48,
        "NVIDIA RTX A6000 datasheet",
        peaks.RTX_A6000,
        Chip((8, 6), 84),
        "NVIDIA RTX A6000",
    ),
    inline_ecc("t4", 16, "NVIDIA T4 datasheet", peaks.T4, Chip((7, 5), 40), "Tesla T4"),
    full("v100-16", 16, f"{V100}, SXM2", peaks.V100_SXM, VOLTA, "Tesla V100-SXM2-16GB"),
    full("v100-32", 32, f"{V100}, SXM2", peaks.V100_SXM, VOLTA, "Tesla V100-SXM2-32GB"),
    full("v100-pcie-16", 16, f"{V100}, PCIe", peaks.V100_PCIE, VOLTA, "Tesla V100-PCIE-16GB"),
    full("v100-pcie-32", 32, f"{V100}, PCIe", peaks.V100_PCIE, VOLTA, "Tesla V100-PCIE-32GB"),
    full("v100s-32", 32, f"{V100}, PCIe", peaks.V100S, VOLTA, "Tesla V100S-PCIE-32GB"),
    full(
        "rtx3060", 12, "NVIDIA GeForce RTX 3060", None, Chip((8, 6), 28), "NVIDIA GeForce RTX 3060"
    ),
    full(
        "rtx4060", 8, "NVIDIA GeForce RTX 4060", None, Chip((8, 9), 24), "NVIDIA GeForce RTX 4060"
    ),
    full(
        "rtx3090",
        24,
        "NVIDIA GA102 white paper",
        peaks.RTX_3090,
        Chip((8, 6), 82),
        "NVIDIA GeForce RTX 3090",
    ),
    full(
        "rtx4090",
        24,
        "NVIDIA Ada GPU white paper",
        peaks.RTX_4090,
        Chip((8, 9), 128),
        "NVIDIA GeForce RTX 4090",
    ),
)
CARDS: dict[str, Card] = {str(card.name): card for card in ROWS}
PEAKS = {driver: card.dense for card in ROWS if card.dense for driver in card.drivers}


def dense_peak(name: str, dtype: Dtype) -> tuple[float | None, str]:
    """TFLOP/s and its source, or None and the reason.

    The name must be the driver's own: MIG slices, laptop chips and smaller editions have longer
    names, and a wrong peak is worse than none.
    """
    peak = PEAKS.get(name)
    if peak is None:
        return None, f"no dense peak is known for '{name}'"
    value: float | None = getattr(peak, dtype)
    if value is None:
        return None, f"the tensor cores of '{name}' do not have {dtype}"
    return value, peak.source


def plain(name: str) -> str:
    """Lower case, without separators: `RTX 3090`, `rtx-3090` and `rtx3090` are one name."""
    return re.sub(r"[\s_-]", "", name.lower())


BY_PLAIN_NAME = {plain(name): card for card in ROWS for name in (str(card.name), *card.drivers)}


def card_of_driver(name: str) -> Card | None:
    """The card of the table that the driver calls so."""
    return BY_PLAIN_NAME.get(plain(name))


def parse_card(text: str) -> Card:
    """A card by its name here or by the driver's, with any separators, or by its memory's size.

    Raises `UsageError` for a name that nothing has and for what is no size, such as `16 GB`.
    """
    word = text.strip()
    if SIZE.match(word):
        try:
            size = parse_bytes(word)
        except UsageError as error:
            raise UsageError(f"--card: {error}{like(word)}") from error
        if size == 0:
            raise UsageError("--card: a card without memory; write its size like '16 GiB'")
        return Card(None, (), size, size, "as given")
    found = BY_PLAIN_NAME.get(plain(word))
    if found is None:
        hint = like(word) or nearest(word.lower(), CARDS)
        raise UsageError(f"--card: no card called '{text}'{hint} (or a memory size, like '16 GiB')")
    return found


def like(word: str) -> str:
    """`; did you mean A or B?` where names begin with the word, or where it is a number in them."""
    found = [
        name
        for name in CARDS
        if (word and plain(name).startswith(plain(word))) or word in re.findall(r"\d+", name)
    ]
    return f"; did you mean {' or '.join(found)}?" if found else ""


def present_card(environment: Environment) -> Card | None:
    """The card that the driver shows here; None without one, or where its memory is not shown. A
    MIG slice has no known dense peak."""
    facts = environment.facts
    name, size = facts.get("gpu_name"), facts.get("gpu_memory_bytes")
    if not isinstance(name, str) or not isinstance(size, int) or size <= 0:
        return None
    known = card_of_driver(name)
    chip = None if known is None else known.chip
    if facts.get("mig"):
        return Card(f"a part of {name}", (), size, size, "the driver", chip=chip)
    return Card(name, (name,), size, size, "the driver", chip=chip)
