"""How the rows of one matrix look in all its figures: colour, marker, unit. No matplotlib.

The colour stands for the family where the rows are of several; else for what differs first of
recipe, encoder and load. The marker stands for the rest of a series' name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.metrics import MEMORY, PREDICTED_MEMORY
from vbench_mem.base.units import BINARY, significant
from vbench_mem.matrix.axes import SETTINGS, shown
from vbench_mem.report.style import MARKERS, PALETTE

INSIDE = ("name", "spec", "recipe")  # sections that a variant's name covers
ColourBy = Literal["family", "recipe", "encoder", "load"]


@dataclass(frozen=True)
class MemoryUnit:
    """The binary unit of all axes of memory in one report."""

    name: str
    bytes: int

    @classmethod
    def of(cls, largest: float) -> "MemoryUnit":
        """For numbers up to so many bytes."""
        name = "GiB" if largest >= BINARY["GiB"] else "MiB"
        return cls(name, BINARY[name])

    def text(self, size: float) -> str:
        """`6.4 GiB`."""
        return f"{significant(size / self.bytes)} {self.name}"


@dataclass(frozen=True)
class Scheme:
    """`series` below is what a figure calls a row's line: its variant, then some of its settings.

    varying    settings that differ among the rows, in the matrix's order
    colour_by  what a colour stands for; `colours` has it for each value of that
    markers    by what is left of a series, and how often the palette was used up before its colour;
               by the whole series where the colour covers all that differs (`marks_series`)
    """

    unit: MemoryUnit
    varying: tuple[str, ...]
    colour_by: ColourBy
    colours: Mapping[str, str] = field(default_factory=dict)
    markers: Mapping[tuple[str, int], str] = field(default_factory=dict)
    marks_series: bool = False

    def group(self, row: Row, series: str) -> str:
        """What the colour stands for: `joint`, `mask75`, `l16`, `batch=8`."""
        if self.colour_by == "family":
            return str(row.facts["family"])
        if self.colour_by == "recipe":
            return recipe_part(row).lstrip("+,") or row.cell.recipe_name
        if self.colour_by == "encoder":
            return encoder_part(row)
        return load_part(row, series)

    def rest(self, row: Row, series: str) -> str:
        """All of the series but what the colour stands for."""
        if self.colour_by == "family":
            return series.removeprefix(row.facts["family"]).lstrip("_")
        parts = {
            "recipe": (encoder_part(row), load_part(row, series)),
            "encoder": (recipe_part(row), load_part(row, series)),
            "load": (),
        }[self.colour_by]
        return " ".join(filter(None, parts))

    def colour(self, row: Row, series: str) -> str:
        return self.colours.get(self.group(row, series), PALETTE[0])

    def marker(self, row: Row, series: str) -> str:
        """A series that no label of the matrix has shares the first marker."""
        return self.markers.get(self.marker_key(row, series), MARKERS[0])

    def marker_key(self, row: Row, series: str) -> tuple[str, int]:
        if self.marks_series:
            return series, 0
        group = self.group(row, series)
        places = list(self.colours)
        used_up = places.index(group) // len(PALETTE) if group in self.colours else 0
        return self.rest(row, series), used_up


def scheme_of(joined: Joined) -> Scheme:
    """One for the whole matrix, also where a figure shows few of its rows."""
    largest = max((size for row in joined.rows for size in sizes(row)), default=0.0)
    return scheme_of_rows(joined.rows, joined.matrix.varying, largest)


def scheme_of_rows(rows: Sequence[Row], varying: tuple[str, ...], largest: float) -> Scheme:
    """`largest`: bytes of the largest number that an axis shows."""
    scheme = Scheme(MemoryUnit.of(largest), varying, colour_by(rows))
    parts = {(scheme.group(r, r.cell.variant), scheme.rest(r, r.cell.variant)) for r in rows}
    named = [[(row, name) for name in names_of(row, varying)] for row in rows]
    kinds = list(zip(*named, strict=True))  # names of one kind are in one figure
    groups = dict.fromkeys(scheme.group(row, series) for kind in kinds for row, series in kind)
    if len(groups) > 1:
        groups.pop("", None)  # a bare variant is in no figure with those that name their load
    scheme = replace(
        scheme,
        colours={name: PALETTE[place % len(PALETTE)] for place, name in enumerate(groups)},
        marks_series=len(parts) == len({group for group, _ in parts}),
    )
    markers: dict[tuple[str, int], str] = {}
    for kind in kinds:
        keys = dict.fromkeys(scheme.marker_key(row, series) for row, series in kind)
        for place, key in enumerate(keys):
            markers.setdefault(key, MARKERS[place % len(MARKERS)])
    return replace(scheme, markers=markers)


def colour_by(rows: Sequence[Row]) -> ColourBy:
    if len({row.facts["family"] for row in rows}) > 1:
        return "family"
    if len({recipe_part(row) for row in rows}) > 1:
        return "recipe"
    return "encoder" if len({row.cell.encoder for row in rows}) > 1 else "load"


def names_of(row: Row, varying: Iterable[str]) -> Iterator[str]:
    """What figures call the row: its variant, with its settings, without those of the load; its
    label."""
    known = [name for name in varying if SETTINGS[name].section not in INSIDE and name != "frames"]
    ways = [name for name in known if SETTINGS[name].section != "load" and name != "device"]
    for names in ([], known, ways):
        yield series_name(row, names)
    yield row.label


def series_name(row: Row, names: Iterable[str]) -> str:
    """`joint_b16+mask75 batch=8`: the variant with the settings named."""
    return " ".join([row.cell.variant, *(shown(name, row.facts.get(name)) for name in names)])


def sizes(row: Row) -> Iterator[float]:
    """Bytes that an axis of memory may have to show of the row."""
    if row.is_out_of_memory:
        yield row.limit_bytes or 0
    for name in (MEMORY, PREDICTED_MEMORY):
        yield row.metric(name) or 0


def encoder_part(row: Row) -> str:
    """The encoder without its family: `b16_coarse_time`, `test,embed_dim=32`."""
    return row.cell.encoder.removeprefix(row.facts["family"]).lstrip("_")


def recipe_part(row: Row) -> str:
    """What a variant adds to its encoder: `+mask75`, or nothing."""
    return row.cell.variant.removeprefix(row.cell.encoder)


def load_part(row: Row, series: str) -> str:
    return series.removeprefix(row.cell.variant).strip()
