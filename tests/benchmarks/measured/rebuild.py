"""From a measured run to the program that is predicted."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from tests.benchmarks.measured import loops, published_loops
from tests.benchmarks.measured.facts import Fact
from tests.benchmarks.measured.loops import Program, tokens_of
from tests.benchmarks.measured.models import older
from tests.benchmarks.measured.models.book import BookModel
from tests.benchmarks.measured.models.convolutional import network
from tests.benchmarks.measured.models.course import CourseAdamW, CourseModel
from tests.benchmarks.measured.models.hub import maker, maker_of_2025
from tests.benchmarks.measured.models.library import timm_model
from tests.benchmarks.measured.models.perceptrons import layers_of, perceptron
from tests.benchmarks.measured.models.vision import PackedAttention, VisionTransformer

# timm's names of what `VisionTransformer` is
VISION_NAME = re.compile(r"(?:vit|deit)_(tiny|small|base|large)_patch(\d+)_(\d+)")
DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def optimizer_of(fact: Fact) -> Any:
    """The optimiser's class with torch's defaults, or fused where the run had that."""
    name, _, form = fact.optimizer.partition(" ")
    if not hasattr(torch.optim, name):
        raise KeyError(f"the optimiser '{name}' is not known")
    found = getattr(torch.optim, name)
    if name == "Adafactor":  # the one that takes no `foreach` by itself, on a card neither
        return partial(found, foreach=False)
    return partial(found, fused=True) if form == "fused" else found


def language(fact: Fact) -> Program:
    options = fact.options
    make = maker_of_2025(fact.model)
    late = options["zero_grad"] == "1"
    tokens = int(options["tokens"])
    cache = partial(older.cache, fact.model)
    return loops.xmem_language(make, optimizer_of(fact), fact.batch, tokens, late, cache)


def convolutional(fact: Fact) -> Program:
    late = fact.options["zero_grad"] == "1"
    make, image = partial(network, fact.model), int(fact.options["image"])
    return loops.xmem_images(make, optimizer_of(fact), fact.batch, image, late)


def perceptrons(fact: Fact) -> Program:
    """By their description, or by their list of layers."""
    if fact.model:
        width, layers = layers_of(fact.model)
    else:
        width, layers = int(fact.options["width"]), fact.options["layers"]
    outputs = int(re.findall(r"linear:(\d+)", layers)[-1])
    make = partial(perceptron, width, layers)
    return loops.perceptron_epoch(make, fact.batch, width, outputs, samples=4096)


def timm(fact: Fact) -> Program:
    """Our own vision transformers; every other model is timm's, where that is installed."""
    make: Callable[[], nn.Module]
    if match := VISION_NAME.fullmatch(fact.model):
        size, patch, image = match[1], int(match[2]), int(match[3])
        make = partial(VisionTransformer, size, patch, image)
    else:
        make, image = timm_model(fact.model)
    return loops.timm_training(make, fact.batch, image)


def course(fact: Fact) -> Program:
    tokens, run = int(fact.options["tokens"]), fact.options["run"]
    make = partial(CourseModel, fact.model, tokens)
    low = fact.dtype == "bfloat16 autocast"
    if run == "inference":
        return published_loops.course_inference(make, CourseAdamW, fact.batch, tokens, low)
    if run == "forward and backward":
        return published_loops.course_gradients(make, fact.batch, tokens)
    return published_loops.course_training(make, CourseAdamW, fact.batch, tokens, low)


def book(fact: Fact) -> Program:
    make = partial(BookModel, int(fact.options["stage"]))
    tokens, dtype = int(fact.options["tokens"]), DTYPES.get(fact.dtype)
    return published_loops.book_training(make, optimizer_of(fact), fact.batch, tokens, dtype)


def summed_logits(fact: Fact) -> Program:
    attention = fact.options["attention"]
    sizes = fact.batch, int(fact.options["tokens"]), DTYPES[fact.dtype]
    return published_loops.summed_logits(
        maker(fact.model, attention), *sizes, masked=attention == "eager"
    )


def trainer(fact: Fact) -> Program:
    make = maker(fact.model, fact.options.get("attention"))
    return published_loops.trainer(make, optimizer_of(fact), partial(trainer_batch, fact))


def trainer_batch(fact: Fact) -> dict[str, Tensor]:
    labels = torch.zeros(fact.batch, dtype=torch.long)
    if "image" in fact.options:
        side = int(fact.options["image"])
        return {"pixel_values": torch.empty(fact.batch, 3, side, side), "labels": labels}
    tokens = int(fact.options["tokens"])
    names = ("input_ids", "attention_mask", "token_type_ids")
    batch = {name: tokens_of(fact.batch, tokens) for name in names}
    batch["token_type_ids"] = torch.zeros_like(batch["token_type_ids"])
    if "multiple choice" in fact.model:
        batch = {name: ids.unsqueeze(1) for name, ids in batch.items()}
    of_tokens = "fill-mask" in fact.model
    return batch | {"labels": tokens_of(fact.batch, tokens) if of_tokens else labels}


def vision(fact: Fact) -> Program:
    image = int(fact.options["image"])
    make = partial(VisionTransformer, "large", 16, image, 10, PackedAttention)
    parts = int(fact.options.get("accumulate", 1))
    autocast = fact.dtype == "float16 autocast"
    dtype = DTYPES.get(fact.dtype)
    return published_loops.classifying(
        make, optimizer_of(fact), fact.batch, image, dtype, autocast, parts
    )


FAMILIES: dict[str, Callable[[Fact], Program]] = {
    "language": language,
    "large language": language,
    "convolutional": convolutional,
    "perceptron": perceptrons,
    "timm": timm,
    "course": course,
    "book": book,
    "summed logits": summed_logits,
    "trainer": trainer,
    "vision": vision,
}


def program_of(fact: Fact) -> Program:
    """`build` and `step`. Raises KeyError for a model that is not rebuilt."""
    return FAMILIES[fact.family](fact)
