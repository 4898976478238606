"""Colours, markers and units: given once for a matrix, by what differs among its rows."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from tests.rows import GIB, joined_of, matrix_of, ok, oom, score
from vbench_mem.analysis.join import Joined
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.report.draw.dispatch import draw
from vbench_mem.report.exhibits.retrieval import retrieval_table
from vbench_mem.report.illustrate import plans
from vbench_mem.report.scheme import MemoryUnit, scheme_of, significant
from vbench_mem.report.series import memory_points
from vbench_mem.report.style import LIMIT_COLOUR, PALETTE

MIB = 2**20
# Source: Machado, Oliveira, Fernandes 2009, severity 1.0.
SEEN = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear sRGB under D65."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", SEEN)
def test_twelve_colours_stay_apart_for_all_eyes(eyes: str) -> None:
    assert len(PALETTE) >= 12
    labs = [lab(SEEN[eyes] @ linear(colour)) for colour in PALETTE]
    for one, other in combinations(labs, 2):
        assert np.linalg.norm(one - other) > 15
    limit = lab(SEEN[eyes] @ linear(LIMIT_COLOUR))
    assert all(np.linalg.norm(one - limit) > 15 for one in labs)
    for colour in PALETTE:  # thin lines on white
        luminance = float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))
        assert 1.05 / (luminance + 0.05) > 1.8


def joined(folder: Path, axes: str) -> Joined:
    matrix = matrix_of(folder, f"about: q\naxes: {axes}\n")
    return joined_of(matrix, *(ok(cell, 2 * GIB) for cell in matrix.cells))


def test_families_have_colours_in_the_order_of_the_matrix(tmp_path: Path) -> None:
    axes = "{encoder: [tubevit_test, joint_test], recipe: [full, mask75], frames: 16, batch: 2}"
    scheme = scheme_of(joined(tmp_path, axes))
    assert scheme.colour_by == "family"
    assert scheme.colours == {"tubevit": PALETTE[0], "joint": PALETTE[1]}


@pytest.mark.parametrize(
    ("axes", "colour_by", "names"),
    [
        ("{encoder: joint_test, recipe: [full, mask75], frames: 4, batch: 2}", "recipe",
         ["full", "mask75"]),
        ("{encoder: [joint_test, joint_ti16], recipe: [full, mask75], frames: 4, batch: 2}",
         "recipe", ["full", "mask75"]),
        ("{encoder: joint_test, mask: [0.25, 0.5], frames: 4, batch: 2}", "recipe",
         ["mask25", "mask50"]),
        ("{encoder: [joint_test, joint_ti16], frames: [4, 8], batch: 2}", "encoder",
         ["test", "ti16"]),
        ("{encoder: joint_test, frames: 4, batch: [2, 4]}", "load", ["batch=2", "batch=4"]),
    ],
)  # fmt: skip
def test_rows_of_one_family_have_the_colours_of_what_differs(
    axes: str, colour_by: str, names: list[str], tmp_path: Path
) -> None:
    scheme = scheme_of(joined(tmp_path, axes))
    assert (scheme.colour_by, list(scheme.colours)) == (colour_by, names)
    assert len(set(scheme.colours.values())) == len(names)


def test_colour_and_marker_tell_all_series_of_one_family_apart(tmp_path: Path) -> None:
    axes = (
        "{encoder: [joint_test, joint_test_coarse_time], recipe: [full, mask50], frames: [8, 16], "
        "batch: [1, 2]}"
    )
    points = memory_points(joined(tmp_path, axes))
    looks = {point.series: (point.colour, point.marker) for point in points}
    assert len(looks) == len(set(looks.values())) == 8


def test_more_families_than_colours_are_told_apart_by_their_markers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vbench_mem.report.scheme.PALETTE", PALETTE[:2])
    names = [name for name in ENCODERS if name.endswith("_test")]
    axes = f"{{encoder: [{', '.join(names)}], recipe: [full, adapter64], frames: 16, batch: 2}}"
    points = memory_points(joined(tmp_path, axes))
    families = {point.groups[0] for point in points}
    looks = {point.series: (point.colour, point.marker) for point in points}
    assert len(families) > 4
    assert len(set(looks.values())) == len(looks)


@pytest.mark.parametrize(
    ("largest", "unit", "text"), [(GIB, "GiB", "0.0977 GiB"), (GIB - 1, "MiB", "100 MiB")]
)
def test_one_unit_for_all_numbers_by_the_largest(largest: int, unit: str, text: str) -> None:
    known = MemoryUnit.of(largest)
    assert (known.name, known.text(100 * MIB)) == (unit, text)


def test_the_unit_is_that_of_limits_too(tmp_path: Path) -> None:
    matrix = matrix_of(
        tmp_path, "about: q\naxes: {encoder: joint_test, frames: [4, 8], batch: 2}\n"
    )
    small, large = matrix.cells
    assert scheme_of(joined_of(matrix, ok(small, 5 * MIB))).unit.name == "MiB"
    assert scheme_of(joined_of(matrix, ok(small, 5 * MIB), oom(large))).unit.name == "GiB"


def test_a_number_has_no_exponent() -> None:
    texts = [significant(number) for number in (0.01234, 12.345, 999.6, 1023)]
    assert texts == ["0.0123", "12.3", "1,000", "1,023"]


def test_all_figures_and_tables_of_a_report_are_in_one_unit(tmp_path: Path) -> None:
    """Though those of time and of recall show small rows alone."""
    text = "about: q\naxes: {encoder: [joint_test, tubevit_test], frames: [16, 32], batch: 2}\n"
    matrix = matrix_of(tmp_path, text)
    small = [ok(cell, (100 + n) * MIB, step_ms=9.0 - n) for n, cell in enumerate(matrix.cells[:3])]
    scores = (score(frames=16), score("tubevit_test", frames=16))
    some = joined_of(matrix, *small, ok(matrix.cells[3], 2 * GIB), scores=scores)
    sheets = {plan.name: draw(plan) for plan in plans(some) if plan.drawer}
    assert {"memory_frames", "memory_recall", "frontier"} <= set(sheets)
    words = [text for sheet in sheets.values() for axes in sheet.axes for text in labels(axes)]
    units = [re.findall(r"\b[KMG]iB\b", word) for word in words]
    assert {unit for found in units for unit in found} == {"GiB"}
    table = retrieval_table(some)
    assert table is not None
    assert next(fields[1].text for fields in table.rows) == "0.0977 GiB"


def labels(axes: Axes) -> list[str]:
    return [axes.get_xlabel(), axes.get_ylabel(), *(text.get_text() for text in axes.texts)]
