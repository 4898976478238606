"""Divided space-time attention against transformers' TimeSformer and a loop over tokens."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from tests.encoders.structures import SMALL, make, shake, some_clips
from vbench_mem.encoders.families.divided import Divided
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.text_spec import TEXT_TEST
from vbench_mem.encoders.towers.divided import DividedTower, FrozenInTimeBlock

PARTS = {"tower": SMALL, "text": TEXT_TEST, "embed_dim": 32, "resolution_px": 64}
CLASS = {"class_token": True, "pooling": "class"}


def tower(**settings: object) -> DividedTower:
    video = make(Divided(**PARTS, **settings)).video.eval()  # type: ignore[arg-type]
    assert isinstance(video, DividedTower)
    shake(video)
    return video


def named(video: DividedTower) -> Iterator[tuple[str, Tensor]]:
    """Our weights under the names of transformers' TimesformerModel."""
    ours = video.state_dict()
    width = SMALL.width
    patch = ours["embed.weight"].view(width, 3, 16, 16)
    yield "embeddings.patch_embeddings.projection.weight", patch
    yield "embeddings.patch_embeddings.projection.bias", ours["embed.bias"]
    yield "embeddings.cls_token", ours["class_token"]
    places = torch.cat([torch.zeros(1, 1, width), ours["positions"]], dim=1)
    yield "embeddings.position_embeddings", places  # the class token's place is part of it here
    yield "embeddings.time_embeddings", ours["time_positions"][None]
    yield "layernorm.weight", ours["norm.weight"]
    yield "layernorm.bias", ours["norm.bias"]
    parts = {
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
        "time_norm": "temporal_layernorm",
        "attn.qkv": "attention.attention.qkv",
        "attn.proj": "attention.output.dense",
        "time_attn.qkv": "temporal_attention.attention.qkv",
        "time_attn.proj": "temporal_attention.output.dense",
        "time_dense": "temporal_dense",
        "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense",
    }
    for layer in range(SMALL.depth):
        for part, theirs in parts.items():
            for kind in ("weight", "bias"):
                yield (
                    f"encoder.layer.{layer}.{theirs}.{kind}",
                    ours[f"blocks.{layer}.{part}.{kind}"],
                )


def test_with_a_class_token_it_equals_the_timesformer_of_transformers() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.TimesformerConfig(
        image_size=64,
        patch_size=16,
        num_frames=16,
        hidden_size=SMALL.width,
        num_hidden_layers=SMALL.depth,
        num_attention_heads=SMALL.heads,
        intermediate_size=SMALL.mlp,
        layer_norm_eps=1e-6,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        drop_path_rate=0,
    )
    video, theirs = tower(**CLASS), transformers.TimesformerModel(config).eval()
    theirs.load_state_dict(dict(named(video)))
    clips = some_clips(video.spec)
    with torch.no_grad():
        expected = theirs(clips).last_hidden_state[:, 0]
        torch.testing.assert_close(video(clips), expected, atol=2e-5, rtol=1e-4)


def attention_by_hand(block: nn.Module, name: str, x_BND: Tensor, rows: list[list[int]]) -> Tensor:
    """Every token by itself: token i sees the tokens `rows[i]`."""
    attention = getattr(block, name)
    q, k, v = attention.split(x_BND)
    out = torch.empty_like(q)
    for token, seen in enumerate(rows):
        scores = torch.einsum("bhd,bhsd->bhs", q[:, :, token], k[:, :, seen])
        weights = (scores / q.shape[-1] ** 0.5).softmax(-1)
        out[:, :, token] = torch.einsum("bhs,bhsd->bhd", weights, v[:, :, seen])
    result: Tensor = attention.proj(attention.join(out))
    return result


@pytest.mark.parametrize("class_token", [False, True])
def test_a_frozen_in_time_layer_equals_a_loop_over_tokens(class_token: bool) -> None:
    pooling = "class" if class_token else "mean"
    video = tower(style="frozen_in_time", class_token=class_token, pooling=pooling)
    block = video.blocks[0]
    assert isinstance(block, FrozenInTimeBlock)
    frames, places, extra = 3, 4, int(class_token)
    tokens = [(t, p) for t in range(frames) for p in range(places)]
    everyone = list(range(extra + len(tokens)))
    first = [0] * extra
    time = [everyone] * extra + [
        first + [extra + u * places + p for u in range(frames)] for _, p in tokens
    ]
    space = [everyone] * extra + [
        first + [extra + t * places + q for q in range(places)] for t, _ in tokens
    ]
    x = torch.randn(2, len(everyone), SMALL.width, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        y = x + attention_by_hand(block, "time_attn", block.time_norm(x), time)
        z = x + attention_by_hand(block, "attn", block.norm1(y), space)
        expected = z + block.mlp(block.norm2(z))
        torch.testing.assert_close(block(x, frames=frames), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("style", ["timesformer", "frozen_in_time"])
def test_it_starts_as_an_image_encoder_applied_to_each_frame(style: str) -> None:
    video = make(Divided(**PARTS, style=style)).video.eval()  # type: ignore[arg-type]
    frames = make(FrameLevel(**PARTS)).video.eval()  # type: ignore[arg-type]
    shared = frames.state_dict().keys()
    frames.load_state_dict({k: v for k, v in video.state_dict().items() if k in shared})
    clips = some_clips(video.spec)
    torch.testing.assert_close(video(clips), frames(clips))
    shake(video)
    assert not torch.allclose(video(clips), video(clips.flip(1)), atol=1e-4)


def test_the_class_token_of_a_single_image_is_a_class_token() -> None:
    """The number of tokens of one frame is a multiple of one, with and without a class token."""
    for settings in (CLASS, {**CLASS, "style": "frozen_in_time"}):
        video = tower(**settings)
        image = some_clips(video.spec, frames=1)[:, 0]
        before = video.image(image)
        with torch.no_grad():
            video.class_token.add_(torch.randn_like(video.class_token))
        assert not torch.allclose(video.image(image), before, atol=1e-3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tubelet_frames": 2}, "use tubelet_frames: 1"),
        ({"positions": "sinusoidal"}, "use positions: learned"),
        ({"pooling": "class"}, "pooling: class needs class_token: true"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Divided(), **wrong)  # type: ignore[arg-type]
