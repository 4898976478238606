"""Each counter by itself: what it counts, and what it refuses to leave out."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import flop_registry, shape_wrapper

from vbench_mem.encoders.layers import Block
from vbench_mem.encoders.sizes import Tower
from vbench_mem.probes.fvcore_count import count_traced
from vbench_mem.probes.torch_count import FORMULAS, count_pass
from vbench_mem.probes.uncounted import Uncounted, negligible

WIDTH, TOKENS = 32, 10
TOWER = Tower(width=WIDTH, depth=1, heads=4, mlp=48)
ATTENTION = 2 * TOKENS * TOKENS * WIDTH  # multiply-adds
BLOCK = TOKENS * WIDTH * (4 * WIDTH + 2 * 48) + ATTENTION


def meta(module: nn.Module, *shape: int) -> tuple[nn.Module, tuple[Tensor]]:
    return module.to("meta"), (torch.empty(shape, device="meta"),)


def block() -> nn.Module:
    return Block(TOWER, "gelu", 1e-6)


def test_fvcore_without_a_handle_for_attention_is_refused() -> None:
    module, inputs = meta(block(), 1, TOKENS, WIDTH)
    assert sum(count_traced(module, inputs).macs.values()) == BLOCK
    with pytest.raises(Uncounted, match="fvcore left out aten::scaled_dot_product_attention"):
        count_traced(module, inputs, handles={})


def test_torch_without_a_formula_for_attention_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FORMULAS:  # torch 2.15 has its own
        monkeypatch.delitem(flop_registry, getattr(torch.ops.aten, name), raising=False)
    with FakeTensorMode():
        module, x = block(), torch.empty(1, TOKENS, WIDTH, requires_grad=True)
        passed = count_pass(lambda: module(x), backward=True)
        assert sum(passed.forward.values()) == 2 * BLOCK
        products = 2 * 2 * (BLOCK - ATTENTION)
        assert sum(passed.backward.values()) == products + 2 * 5 * ATTENTION // 2
        with pytest.raises(Uncounted, match="_scaled_dot_product_flash_attention_for_cpu"):
            count_pass(lambda: module(x), backward=True, formulas={})


def test_torch_formulas_that_a_later_torch_has_of_its_own_are_not_overruled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "_scaled_dot_product_flash_attention_for_cpu"
    theirs = shape_wrapper(lambda *_, **__: 7)
    monkeypatch.setitem(flop_registry, getattr(torch.ops.aten, name), theirs)
    with FakeTensorMode(), torch.no_grad():
        module, x = block(), torch.empty(1, TOKENS, WIDTH)
        assert count_pass(lambda: module(x), backward=False).forward[name] == 7


class Conv(nn.Module):
    """Tubelets by a 3-D convolution, as most video encoders have them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, WIDTH, (2, 4, 4), (2, 4, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


def test_both_counters_know_a_convolution() -> None:
    macs = 2 * 2 * 2 * WIDTH * 3 * 2 * 4 * 4
    # torch 2.13 cannot trace a convolution of meta tensors, and no encoder of ours has one
    assert sum(count_traced(Conv(), (torch.empty(1, 3, 4, 8, 8),)).macs.values()) == macs
    with FakeTensorMode():
        fake, x = Conv(), torch.empty(1, 3, 4, 8, 8)
        passed = count_pass(lambda: fake(x), backward=True)
    assert sum(passed.forward.values()) == sum(passed.backward.values()) == 2 * macs


@pytest.mark.parametrize("groups", [1, 2, 8])
@pytest.mark.parametrize("transposed", [False, True])
def test_gradients_of_a_grouped_convolution_are_those_of_dense_ones_side_by_side(
    groups: int, transposed: bool
) -> None:
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d

    def flops(module: nn.Module, channels: int) -> tuple[int, int]:
        x = torch.empty(2, channels, 9, 9, requires_grad=True)
        passed = count_pass(lambda: module(x), backward=True)
        return sum(passed.forward.values()), sum(passed.backward.values())

    with FakeTensorMode():
        whole = flops(kind(8, 16, 3, stride=2, groups=groups), 8)
        side = flops(kind(8 // groups, 16 // groups, 3, stride=2), 8 // groups)
    places = 9 * 9 if transposed else 4 * 4  # by hand: each is one 3 x 3 patch of each pair
    assert whole == (2 * 2 * places * 9 * 8 * 16 // groups, 2 * 2 * 2 * places * 9 * 128 // groups)
    assert whole == tuple(groups * each for each in side)


def test_the_gradient_of_a_weight_alone_is_as_much_as_the_forward() -> None:
    with FakeTensorMode():
        module, x = nn.Conv1d(6, 6, 3, groups=6, bias=False), torch.empty(4, 6, 10)
        passed = count_pass(lambda: module(x), backward=True)
    assert sum(passed.forward.values()) == sum(passed.backward.values()) == 2 * 4 * 8 * 3 * 6


def test_the_fast_path_of_multihead_attention_is_not_taken_while_counting() -> None:
    with FakeTensorMode(), torch.no_grad():
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 48, batch_first=True).eval()
        x = torch.empty(1, TOKENS, WIDTH)
        passed = count_pass(lambda: layer(x), backward=False)
    assert sum(passed.forward.values()) == 2 * BLOCK
    assert torch.backends.mha.get_fastpath_enabled()


class Distances(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cdist(x, x)


def test_an_unlisted_operation_is_refused_by_name() -> None:
    module, inputs = meta(Distances(), 1, TOKENS, WIDTH)
    with pytest.raises(Uncounted, match="aten::cdist"):
        count_traced(module, inputs)
    with FakeTensorMode(), pytest.raises(Uncounted, match=r"aten\._cdist_forward"):
        count_pass(lambda: module(torch.empty(1, TOKENS, WIDTH)), backward=False)


def test_no_product_and_no_attention_is_judged_negligible() -> None:
    """Over every operation of torch, not only those of our encoders."""
    names = {schema.name for schema in torch._C._jit_get_all_schemas()}
    words = ("mm", "mv", "attention", "conv", "linear", "matmul", "einsum", "dot", "lstm", "cdist")
    harmless = ("gamma", "upsample_", "_linear1d", "bilinear2d", "trilinear3d")
    products = {
        name
        for name in names
        if name.startswith("aten::")
        and any(word in name for word in words)
        and not any(word in name for word in harmless)
    }
    assert len(products) > 100
    assert [name for name in sorted(products) if negligible(name)] == []


@pytest.mark.parametrize("name", ["aten::add_", "aten.add.Tensor", "aten.index_put_.default"])
def test_both_ways_of_writing_an_operation_are_read(name: str) -> None:
    assert negligible(name)
    assert not negligible(name.replace("aten", "mine"))


def test_plain_attention_written_by_hand_counts_the_same_as_fused() -> None:
    q, k, v = (torch.empty(2, 4, TOKENS, 8, device="meta") for _ in range(3))

    class Fused(nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            return F.scaled_dot_product_attention(q, k, v)

    class Plain(nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            return (q @ k.transpose(-2, -1) / 8**0.5).softmax(-1) @ v

    fused, plain = (count_traced(module, (q, k, v)) for module in (Fused(), Plain()))
    assert sum(fused.macs.values()) == sum(plain.macs.values()) == 2 * ATTENTION
