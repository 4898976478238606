"""Three counts of every encoder agree, and a count that misses work is named with that work."""

import resource
from dataclasses import replace

import pytest
import torch

from vbench_mem.base.load import Load, Runtime
from vbench_mem.base.metrics import METRICS
from vbench_mem.encoders.build import build
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import flops
from vbench_mem.probes.counting import one_clip
from vbench_mem.probes.flops import count_flops
from vbench_mem.probes.fvcore_count import HANDLES, MethodModule, attention_macs, count_fvcore

TEST_ENCODERS = [name for name in ENCODERS if name.endswith("_test")]
FIRST = {row.family: row.name for row in reversed(ENCODERS.values()) if row.name in TEST_ENCODERS}
COUNTED = [
    (name, recipe)
    for recipe in ("full", "mask50", "adapter64", "lora8")
    for name in TEST_ENCODERS
    if recipe == "full" or name in FIRST.values()  # others of a family differ in sizes alone
]


def cell_of(encoder: str, recipe: str = "full", px: int | None = None, **load: object) -> Cell:
    spec = ENCODERS[encoder].spec
    shape = Load(**{"frames": 16, "batch": 4, "resolution_px": px or spec.resolution_px, **load})  # type: ignore[arg-type]
    return Cell(encoder=encoder, recipe_name=recipe, spec=spec, recipe=RECIPES[recipe], load=shape)


@pytest.mark.parametrize(("encoder", "recipe"), COUNTED)
def test_three_counts_of_every_encoder_agree(encoder: str, recipe: str) -> None:
    cell = cell_of(encoder, recipe)
    # two layers: one that has another before it, and one that has another behind it
    shallow = replace(cell.spec, tower=replace(cell.spec.tower, depth=2))
    measured = count_flops(replace(cell, spec=shallow))
    details = measured.details["flops"]
    assert details["disagreement"] == []
    ratios = [ratio for each in details["agreement"].values() for ratio in each.values()]
    assert len(ratios) == 7
    assert ratios == pytest.approx([1.0] * 7, abs=1e-9)
    assert not set(measured.metrics) - set(METRICS)
    assert all(value is not None and value > 0 for value in measured.metrics.values())


def test_a_step_is_the_sum_of_its_towers_and_per_frame_a_sixteenth() -> None:
    got = count_flops(cell_of("joint_test", "mask50")).metrics
    video, text = got["step_video_gflop"], got["step_text_gflop"]
    assert video is not None and text is not None
    assert got["step_gflop"] == pytest.approx(video + text)
    assert got["step_video_gflop_per_frame"] == video / 16
    assert got["forward_video_gflop_per_frame"] == got["forward_video_gflop"] / 16  # type: ignore[operator]


def test_one_gmac_is_two_gflop() -> None:
    got = count_flops(cell_of("factorized_test")).metrics
    assert got["forward_video_gflop"] == pytest.approx(2 * got["forward_video_fvcore_gmac"])  # type: ignore[operator]
    assert got["forward_text_gflop"] == pytest.approx(2 * got["forward_text_fvcore_gmac"])  # type: ignore[operator]


def test_counts_are_per_clip_whatever_the_batch() -> None:
    one, many = (count_flops(cell_of("joint_test", batch=batch)).metrics for batch in (1, 64))
    assert one == many


def test_counting_draws_no_random_numbers() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    count_flops(cell_of("tubevit_test", "mask50"))
    assert torch.equal(torch.get_rng_state(), before)


def test_an_embedding_run_has_no_step_metrics_and_a_reason() -> None:
    measured = count_flops(cell_of("joint_test", "mask50", mode="embed"))
    got = measured.metrics
    assert got["forward_video_gflop"] == got["embed_video_gflop"]
    steps = [name for name in got if name.startswith("step")]
    assert len(steps) == 5
    for name in steps:
        assert got[name] is None
        assert "no training step" in measured.missing[name]


@pytest.mark.filterwarnings("ignore:.torch.jit")  # fvcore's own, at import
def test_vit_b_at_1568_tokens_with_and_without_the_handle_for_attention() -> None:
    """The two numbers with and without attention, norms counted as fvcore counts them."""
    from fvcore.nn import FlopCountAnalysis

    cell = cell_of("joint_b16", px=224)
    with torch.device("meta"):
        encoder = build(cell.spec, cell.recipe, cell.load, cell.runtime)
        clip = one_clip(cell.load)
    plain = FlopCountAnalysis(MethodModule(encoder, "encode_video"), clip)
    plain.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    assert plain.total() / 1e9 == pytest.approx(135.2, abs=0.05)
    assert "aten::scaled_dot_product_attention" in plain.unsupported_ops()
    with_handle = plain.set_op_handle(**{"aten::scaled_dot_product_attention": attention_macs})
    assert with_handle.total() / 1e9 == pytest.approx(180.5, abs=0.05)
    # ours leaves the norms out: 12 layers * 2 norms and a last one, 5 per value
    norms = 25 * 5 * 1568 * 768
    ours = count_fvcore(cell)["video"].macs
    assert sum(ours.values()) == with_handle.total() - norms


def test_a_count_that_misses_work_names_the_counter_and_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def blind(inputs: object, outputs: object) -> int:
        return 0

    monkeypatch.setitem(HANDLES, "aten::scaled_dot_product_attention", blind)
    details = count_flops(cell_of("joint_test")).details["flops"]
    assert details["agreement"]["forward_video"]["fvcore"] < 0.995
    assert details["agreement"]["forward_video"]["torch"] == 1
    [video, text] = details["disagreement"]
    assert video.startswith("forward_video: fvcore counts")
    assert video.endswith("GFLOP of attention less")
    assert text.startswith("forward_text: fvcore counts")
    assert flops.TOLERANCE == 0.005


def test_operations_left_out_are_listed_by_counter() -> None:
    left_out = count_flops(cell_of("joint_test")).details["flops"]["left_out"]
    assert "native_layer_norm" in left_out["torch"]
    assert "layer_norm" in left_out["fvcore"]
    assert "similarities" in left_out["all"]
    assert "backward" in left_out["fvcore_cannot"]


@pytest.mark.parametrize("kernel", ["flash", "efficient", "cudnn"])
def test_a_fused_kernel_that_this_machine_lacks_is_counted_all_the_same(kernel: str) -> None:
    cell = cell_of("joint_test")
    fused = replace(cell, runtime=Runtime(attention=kernel))  # type: ignore[arg-type]
    assert count_flops(fused).metrics == count_flops(cell).metrics


def test_a_256_frame_cell_of_a_billion_parameters_is_counted_without_its_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cell = cell_of("joint_g16", frames=256, batch=8)
    got = count_flops(cell).metrics
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 300 * 1024  # the weights alone are 4 GiB, one clip 200 MiB
    tokens = 128 * 16 * 16
    layer = tokens * 1408 * (4 * 1408 + 2 * 6144) + 2 * tokens**2 * 1408
    patches = tokens * 1536 * 1408
    assert got["forward_video_gflop"] == pytest.approx(2 * (40 * layer + patches) / 1e9, rel=1e-6)
