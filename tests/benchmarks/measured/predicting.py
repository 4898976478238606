"""Predicts measured runs in several processes."""

import os
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from time import perf_counter
from unittest.mock import patch

import torch

from tests.benchmarks.measured.facts import Fact
from tests.benchmarks.measured.loops import STEPS
from tests.benchmarks.measured.rebuild import program_of
from vbench_mem.probes.any_step import predict_step
from vbench_mem.probes.cuda.device import WORKSPACE_ENV

# An AMD card of 64 GB: no row of our table, and torch keeps no workspace for its BLAS library.
AMD, STANDS_FOR_AMD, NONE = "amd", "a100-80", ":0:0"
Run = tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What was predicted of one run: bytes by metric; or none, and why.

    seconds  that the prediction took
    """

    found: dict[str, int]
    why: str = ""
    seconds: float = 0.0

    def of(self, fact: Fact) -> int | None:
        """The number that the fact's metric is compared with, without the context."""
        of_driver = {"rise": "reserved", "total": "reserved"}
        return self.found.get(of_driver.get(fact.metric, fact.metric))


def run_of(fact: Fact) -> Run:
    """Facts of one run differ in the metric alone."""
    words = (fact.family, fact.model, fact.details, fact.optimizer, str(fact.batch))
    return (*words, fact.dtype, fact.card)


def predict(fact: Fact) -> Answer:
    """Anything that goes wrong is part of the answer, so that one run never ends them all."""
    start = perf_counter()
    try:
        build, step = program_of(fact)
        with patch.dict(os.environ, {WORKSPACE_ENV: NONE} if fact.card == AMD else {}):
            card = STANDS_FOR_AMD if fact.card == AMD else fact.card
            found = predict_step(build, step, steps=STEPS, card=card)
    except KeyError as error:
        return Answer({}, f"not rebuilt: {error.args[0]}")
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(last.filename)}:{last.lineno}"
        return Answer({}, f"{type(error).__name__} at {place}: {str(error)[:200]}")
    assert found.reserved_bytes is not None
    numbers = {
        "reserved": found.reserved_bytes,
        "max_allocated": found.peak_bytes,
        "allocated_after": found.steady_bytes,
    }
    return Answer(numbers, seconds=perf_counter() - start)


def predict_all(
    facts: Iterable[Fact], processes: int, done: Callable[[Fact, Answer], object] | None = None
) -> dict[Run, Answer]:
    """Each run once; `done` is called as they come in."""
    chosen: dict[Run, Fact] = {}
    for fact in facts:
        chosen.setdefault(run_of(fact), fact)
    answers: dict[Run, Answer] = {}
    context = get_context("spawn")
    with ProcessPoolExecutor(
        processes, context, initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        pending = {pool.submit(predict, fact): run for run, fact in chosen.items()}
        for future in as_completed(pending):
            run = pending[future]
            answers[run] = future.result()
            if done:
                done(chosen[run], answers[run])
    return answers
