"""Learning rates worked out by hand, and curves in few numbers."""

import math

import pytest

from tests.accuracy.training.made import stage
from vbench_mem.accuracy.training.curve import POINTS, CurveWriter
from vbench_mem.accuracy.training.updates import learning_rate


def test_the_rate_grows_linearly_then_falls_along_a_cosine() -> None:
    made = stage(steps=10, warmup=4, learning_rate=0.8)
    rates = [learning_rate(made, step) for step in range(11)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8])
    assert rates[7] == pytest.approx(0.4)  # half way down
    assert rates[8] == pytest.approx(0.4 * (1 + math.cos(math.pi * 4 / 6)))
    assert rates[10] == pytest.approx(0)


def test_a_constant_rate_stays_after_its_warm_up() -> None:
    made = stage(steps=6, warmup=2, learning_rate=0.5, schedule="constant")
    assert [learning_rate(made, step) for step in range(6)] == [0.25, 0.5, 0.5, 0.5, 0.5, 0.5]


def test_a_short_curve_has_every_step() -> None:
    writer = CurveWriter(3)
    for loss, norm in [(3.0, 1.0), (2.0, None), (1.0, 0.5)]:
        writer.add(loss, norm)
    curve = writer.curve()
    assert (curve.every, curve.losses) == (1, (3.0, 2.0, 1.0))
    assert curve.gradient_norms == (1.0, None, 0.5)


def test_a_long_curve_has_means_of_equally_many_steps_and_loses_none() -> None:
    steps = 2 * POINTS + 5
    writer = CurveWriter(steps)
    for step in range(steps):
        writer.add(float(step), None if step % 3 else 2.0)
    curve = writer.curve()
    assert curve.every == 3
    assert curve.losses[:2] == (1.0, 4.0)
    assert len(curve.losses) == math.ceil(steps / 3) <= POINTS
    assert curve.losses[-1] == steps - 1.5 if steps % 3 == 2 else steps - 1
    assert curve.gradient_norms[0] == 2.0
    assert writer.curve() == curve  # asking changes nothing
