"""Small random CLIP and SigLIP of transformers with tokenizers, saved as published."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTokenizer,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
)

from tests.weights.published import VISION, randomised
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.text_spec import Text

CAPTIONS = (
    "A red disc goes left, then up.",
    "a blue square",
    "Two green discs  don't move; the square does!",
    "it rains",
)
START, END = "<|startoftext|>", "<|endoftext|>"
VOCAB, PLACES = 640, 20
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "vocab_size": VOCAB,
    "max_position_embeddings": PLACES,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
TEXT = Text(
    tower=Tower(width=32, depth=2, heads=2, mlp=64),
    tokenizer="file",
    vocab=VOCAB,
    max_tokens=PLACES,
    causal=True,
    feature="end",
    activation="quick_gelu",
    norm_eps=1e-5,
    embed_norm=False,
)
OURS: dict[str, Any] = {"tower": Tower(width=48, depth=2, heads=4, mlp=96), "resolution_px": 64}
CLIP = FrameLevel(
    text=TEXT,
    embed_dim=24,
    patch_bias=False,
    class_token=True,
    pre_norm=True,
    activation="quick_gelu",
    norm_eps=1e-5,
    pooling="class",
    **OURS,
)
SIGLIP_TEXT = Text(
    tower=TEXT.tower,
    tokenizer="file",
    vocab=VOCAB,
    max_tokens=PLACES,
    feature="last",
    activation="gelu_tanh",
    norm_eps=1e-6,
    embed_norm=False,
    head_bias=True,
)
SIGLIP = FrameLevel(
    text=SIGLIP_TEXT, embed_dim=48, activation="gelu_tanh", norm_eps=1e-6, pooling="map", **OURS
)


def merged_bytes() -> Tokenizer:
    """Pairs of bytes merged as CLIP's are, learned of the captions."""
    made = Tokenizer(models.BPE(unk_token=END, end_of_word_suffix="</w>"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB,
        special_tokens=[START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    made.train_from_iterator(" ".join(CAPTIONS).split(), trainer)
    return made


def clip_tokenizer(folder: Path) -> CLIPTokenizer:
    """vocab.json and merges.txt in the folder, and transformers' own tokenizer of them."""
    folder.mkdir(parents=True, exist_ok=True)
    merged_bytes().model.save(str(folder))
    return CLIPTokenizer.from_pretrained(folder)


def siglip_tokenizer() -> PreTrainedTokenizerFast:
    """Whole words and one token behind them, which pads, too."""
    words = sorted({word for text in CAPTIONS for word in text.lower().replace(".", " .").split()})
    ids = {"<unk>": 0, "</s>": 1} | {word: number for number, word in enumerate(words, start=2)}
    made = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", eos_token="</s>", pad_token="</s>"
    )


def clip(folder: Path) -> tuple[Any, CLIPTokenizer]:
    tokenizer = clip_tokenizer(folder)
    config = CLIPConfig(vision_config=VISION, text_config=SIZES, projection_dim=24)
    return saved(CLIPModel(config), tokenizer, folder)


def siglip(folder: Path) -> tuple[Any, PreTrainedTokenizerFast]:
    config = SiglipConfig(
        vision_config=VISION, text_config={**SIZES, "projection_size": 48, "pad_token_id": 1}
    )
    return saved(SiglipModel(config), siglip_tokenizer(), folder)


def saved(model: Any, tokenizer: Any, folder: Path) -> tuple[Any, Any]:
    made = randomised(model)
    made.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return made, tokenizer


@torch.no_grad()
def features(theirs: Any, tokenizer: Any, clips: Tensor, texts: Any) -> tuple[Tensor, Tensor]:
    """By transformers alone, neither of length 1: the mean over each clip's frames, and captions.

    Shapes:  clips (B, T, C, H, W), normalised -> (B, E), (captions, E).
    """
    is_clip = isinstance(theirs, CLIPModel)
    asked = tokenizer(
        list(texts),
        padding=True if is_clip else "max_length",
        truncation=True,
        max_length=PLACES,
        return_tensors="pt",
    )
    kept = {"attention_mask": asked["attention_mask"]} if is_clip else {}
    text_CE = theirs.get_text_features(input_ids=asked["input_ids"], **kept).pooler_output
    frames_ME = theirs.get_image_features(clips.flatten(0, 1)).pooler_output
    return frames_ME.unflatten(0, clips.shape[:2]).mean(1), text_CE
