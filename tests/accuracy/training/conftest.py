"""Tiny encoders, clips in memory and a few real files: small enough to train many times."""

from collections.abc import Callable, Iterator, Sequence

import pytest
import torch

from tests.accuracy.training.made import LOAD, RUNTIME, benchmark, in_memory, small
from vbench_mem.accuracy.training.feed import PairFeed
from vbench_mem.accuracy.training.losses import Loss
from vbench_mem.accuracy.training.step import Stepper
from vbench_mem.base.load import Load, Runtime
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.encoders.build import build
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.training import Stage


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread, as the trainings have, and the former number after a test."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def make_encoder() -> Callable[..., DualEncoder]:
    """A tiny encoder of a layout, always with the same weights."""

    def make(
        encoder: str = "joint_test",
        recipe: Recipe | None = None,
        load: Load = LOAD,
        runtime: Runtime = RUNTIME,
    ) -> DualEncoder:
        torch.manual_seed(1)
        return build(small(ENCODERS[encoder].spec), recipe or Recipe(), load, runtime)

    return make


@pytest.fixture
def make_feed() -> Callable[..., PairFeed]:
    """Of clips in memory; keywords go to the feed."""

    def make(stage: Stage, benchmarks: Sequence[Benchmark] = (), **given: object) -> PairFeed:
        options = {"words": small(ENCODERS["joint_test"].spec).text, "caption_tokens": 8}
        options |= {"seed": 0, "decode": in_memory}
        return PairFeed(stage, benchmarks or [benchmark()], **options | given)

    return make


@pytest.fixture
def make_stepper(make_encoder: Callable[..., DualEncoder]) -> Callable[..., Stepper]:
    def make(
        stage: Stage, encoder: DualEncoder | None = None, runtime: Runtime = RUNTIME
    ) -> Stepper:
        encoder = encoder or make_encoder(recipe=stage.recipe)
        return Stepper(stage, encoder, Loss(stage.objective), runtime, seed=0)

    return make
