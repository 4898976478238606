"""Patch embeddings, positions and token arithmetic against slow or other ways of the same."""

import math
from itertools import product

import pytest
import torch
import torch.nn.functional as F

from vbench_mem.base.load import Load
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.families.tubevit import TUBES_16, tube_grid
from vbench_mem.encoders.grid import Grid, share_kept
from vbench_mem.encoders.patches import TubeEmbed
from vbench_mem.encoders.positions import resize, sinusoidal
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.tube import Tube, tubelet
from vbench_mem.encoders.variants import kept_tokens

TUBES = [
    tubelet(1, 16),
    tubelet(2, 16),
    tubelet(4, 32),
    *TUBES_16,
    Tube(kernel=(3, 8, 4), stride=(2, 6, 5), offset=(1, 2, 3)),
]


@pytest.mark.parametrize("tube", TUBES)
def test_embedding_by_matrix_product_equals_the_3d_convolution(tube: Tube) -> None:
    torch.manual_seed(0)
    embed, clips = TubeEmbed(tube, 24), torch.randn(2, 16, 3, 64, 64)
    t, h, w = tube.offset
    volume = clips.transpose(1, 2)[:, :, t:, h:, w:]
    kernel = embed.weight.view(24, 3, *tube.kernel)
    slow = F.conv3d(volume, kernel, embed.bias, stride=tube.stride)
    fast = embed(clips)
    torch.testing.assert_close(fast, slow.flatten(3).permute(0, 2, 3, 1), atol=1e-4, rtol=1e-4)
    grid = tube_grid(tube, 16, 64)
    assert fast.shape == (2, grid.frames, grid.places, 24)


def test_positions_stay_when_the_grid_does_and_grow_linearly_when_it_does_not() -> None:
    old = Grid(8, 4, 4)
    time = torch.arange(8.0)[:, None, None].expand(8, 16, 3)
    assert resize(time, old, old) is time
    longer = resize(time, old, Grid(16, 4, 4))[:, 0, 0]
    # half-way samples of a ramp, held at both ends: the slow way, by hand
    expected = [min(max((i + 0.5) / 2 - 0.5, 0.0), 7.0) for i in range(16)]
    torch.testing.assert_close(longer, torch.tensor(expected))
    rows = torch.arange(4.0).repeat_interleave(4)[None, :, None].expand(8, 16, 3)
    wider = resize(rows, old, Grid(8, 8, 4)).unflatten(1, (8, 4))[0, :, 0, 0]
    torch.testing.assert_close(
        wider, torch.tensor([min(max((i + 0.5) / 2 - 0.5, 0.0), 3.0) for i in range(8)])
    )


def test_sine_positions_tell_all_places_apart_and_agree_between_tubes() -> None:
    tube = tubelet(2, 16)
    table = sinusoidal(tube, Grid(8, 4, 4), 96).flatten(0, 1)
    distances = torch.cdist(table, table)
    assert bool((distances[~torch.eye(128, dtype=torch.bool)] > 0.1).all())
    wide = Tube(kernel=(6, 48, 48), stride=(6, 48, 48))  # its first centre is the grid's second
    torch.testing.assert_close(
        sinusoidal(wide, Grid(1, 1, 1), 96)[0, 0],
        sinusoidal(tube, Grid(8, 4, 4), 96).unflatten(1, (4, 4))[1, 1, 1],
    )


def slow_sines(centres: tuple[float, float, float], width: int) -> list[float]:
    """sin(place / 10000 ^ (i / n)) for i below n, then the cosines, of time, row and column, and
    zeros up to the width. Source: arXiv:1706.03762, section 3.5."""
    n = width // 6
    found: list[float] = []
    for place in centres:
        angles = [place / 10_000 ** (i / n) for i in range(n)]
        found += [math.sin(angle) for angle in angles]
        found += [math.cos(angle) for angle in angles]
    return found + [0.0] * (width - len(found))


@pytest.mark.parametrize("width", [48, 64, 96])
@pytest.mark.parametrize("tube", TUBES)
def test_sine_positions_are_those_of_each_kernels_centre_one_by_one(tube: Tube, width: int) -> None:
    """Centres in frames and in patches of 16 px: a kernel of 2 frames lies at 0.5, then at 2.5."""
    grid = Grid(2, 3, 2)
    table = sinusoidal(tube, grid, width).unflatten(1, (grid.rows, grid.columns))
    for place in product(range(grid.frames), range(grid.rows), range(grid.columns)):
        first = [o + (k - 1) / 2 for o, k in zip(tube.offset, tube.kernel, strict=True)]
        time, row, column = (f + s * i for f, s, i in zip(first, tube.stride, place, strict=True))
        expected = torch.tensor(slow_sines((time, row / 16, column / 16), width))
        torch.testing.assert_close(table[place], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("frames", "px", "fine", "time", "space", "both"),
    [
        (16, 224, 1568, 784, 392, 196),
        (16, 256, 2048, 1024, 512, 256),
        (128, 256, 16384, 8192, 4096, 2048),
        (256, 224, 25088, 12544, 6272, 3136),
        (256, 256, 32768, 16384, 8192, 4096),
    ],
)
def test_token_table_of_fine_and_coarse_patches(
    frames: int, px: int, fine: int, time: int, space: int, both: int
) -> None:
    for count, tubelet_frames, patch_px in (
        (fine, 2, 16),
        (time, 4, 16),
        (space, 2, 32),
        (both, 4, 32),
    ):
        spec = Joint(tubelet_frames=tubelet_frames, patch_px=patch_px)
        assert spec.tokens(Load(frames=frames, batch=1, resolution_px=px)) == count


def test_kept_counts_are_exact_where_floats_are_not() -> None:
    assert int(10 * (1 - 0.9)) == 0 and share_kept(10, 0.9) == 1
    assert [share_kept(n, 0.75) for n in (2048, 32768, 7)] == [512, 8192, 1]
    spec = Joint()
    assert (
        kept_tokens(spec, Recipe(mask=0.75), Load(frames=16, batch=1, resolution_px=256)).tokens
        == 512
    )


def test_published_tube_kernels_give_the_tokens_of_the_public_code() -> None:
    published = [
        (Tube(kernel=(8, 8, 8), stride=(16, 32, 32)), 98, 49),
        (Tube(kernel=(16, 4, 4), stride=(6, 32, 32), offset=(4, 8, 8)), 147, 0),
        (Tube(kernel=(4, 12, 12), stride=(16, 32, 32), offset=(0, 16, 16)), 98, 49),
        (Tube(kernel=(1, 16, 16), stride=(32, 16, 16)), 196, 196),
    ]
    for tube, at_32, at_16 in published:
        assert tube_grid(tube, 32, 224).tokens == at_32
        assert tube_grid(tube, 16, 224).tokens == at_16
