"""Predictions against memory that others measured on real cards: a part of the committed table.

`python -m tests.benchmarks.measured_cards` compares all of it; docs/validation.md has the result.
"""

from functools import cache
from pathlib import Path

import pytest

from tests.benchmarks.measured.facts import Fact, read_table
from tests.benchmarks.measured.folder import read_folder
from tests.benchmarks.measured.judge import Judged, constants_of, judge, summarise
from tests.benchmarks.measured.models.convolutional import network
from tests.benchmarks.measured.models.hub import maker
from tests.benchmarks.measured.models.place import on_meta
from tests.benchmarks.measured.predicting import Answer, predict, run_of

MIB = 2**20
TABLE = read_table()
# Constants of the whole table, as the benchmark fits them: the context with what the driver loads.
RISE, A100_CONTEXT, A100_CUDNN = 18 * MIB, 1429 * MIB, 1707 * MIB

# Those that take a second or two to predict.
LANGUAGE = [
    ("distilbert-distilgpt2", 15),
    ("distilbert-distilgpt2", 20),
    ("EleutherAI-gpt-neo-125M", 15),
]
# Without the one that never came to an update (docs/validation.md).
PERCEPTRONS = [f for f in TABLE if f.family == "perceptron" and "output:1_" not in f.model][::3]


@cache
def answer(fact: Fact) -> Answer:
    return predict(fact)


def predicted(fact: Fact) -> int:
    """Of facts of one run, which differ in the metric, the run is predicted once."""
    first = next(each for each in TABLE if run_of(each) == run_of(fact))
    found = answer(first)
    assert not found.why, f"{fact.name}: {found.why}"
    number = found.of(fact)
    assert number is not None
    return number


def errors(facts: list[Fact], constant: int = 0) -> list[float]:
    return [(predicted(fact) + constant) / fact.measured - 1 for fact in facts]


def of(family: str, model: str, batch: int, **also: str) -> list[Fact]:
    found = [f for f in TABLE if (f.family, f.model, f.batch) == (family, model, batch)]
    return [f for f in found if also.items() <= f.options.items()]


def test_the_table_has_a_hundred_facts_with_their_sources() -> None:
    assert len(TABLE) >= 100
    assert all(fact.source and fact.torch and fact.card and fact.measured > 0 for fact in TABLE)
    assert sum(fact.use == "regression" for fact in TABLE) == 43
    assert len({(f.source, f.where, f.name, f.metric) for f in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("VGG16", 138_357_544),
        ("ResNet152", 60_192_808),
        ("MobileNetV2", 3_504_872),
        ("RegNetX400MF", 5_495_976),
        ("RegNetY32GF", 145_046_770),
        ("ConvNeXtBase", 88_591_464),
    ],
)
def test_a_rebuilt_network_has_the_published_number_of_weights(name: str, count: int) -> None:
    """Source: the table of classification models in torchvision's documentation."""
    assert sum(weight.numel() for weight in on_meta(lambda: network(name)).parameters()) == count


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("EleutherAI-gpt-neo-125M", 125_198_592),
        ("T5-small", 60_506_624),
        ("cerebras-Cerebras-GPT-111M", 111_050_496),
        ("distilbert-distilgpt2", 81_912_576),
        ("meta-llama-Llama-3.2-3B-Instruct", 3_212_749_824),
        ("Qwen-Qwen3-4B", 4_022_468_096),
    ],
)
def test_a_rebuilt_language_model_has_the_published_number_of_weights(
    name: str, count: int
) -> None:
    """Source: the model's files at huggingface.co."""
    assert sum(weight.numel() for weight in on_meta(maker(name)).parameters()) == count


def test_language_models_are_within_a_tenth_of_a_percent() -> None:
    facts = [fact for model, batch in LANGUAGE for fact in of("language", model, batch)]
    found = summarise(errors(facts, RISE))
    assert found.median <= 0.001
    assert found.p90 <= 0.01


def test_perceptrons_are_within_half_a_percent() -> None:
    found = summarise(errors(PERCEPTRONS, A100_CONTEXT))
    assert found.median <= 0.005
    assert found.worst <= 0.015


def test_a_vision_transformer_as_timm_trains_it_is_within_three_percent() -> None:
    (error,) = errors(of("timm", "vit_tiny_patch16_224", 32), A100_CUDNN)
    assert abs(error) <= 0.03


def test_a_network_of_narrow_convolutions_is_within_the_band_of_dense_ones() -> None:
    """What cuDNN takes for a convolution is in no prediction: dense ones are up to 12 % short."""
    (error,) = errors(of("convolutional", "MobeNetV3Small", 378), RISE)
    assert -0.12 <= error <= 0.07


def test_published_numbers_are_within_their_limits() -> None:
    facts = [
        *of("trainer", "vit-base classification", 2),
        *of("summed logits", "bert-base fill-mask", 8, attention="sdpa", tokens="256"),
    ]
    assert len(facts) == 4 and all(fact.use == "regression" for fact in facts)
    found = summarise(errors(facts))
    assert found.mean <= 0.002
    assert found.worst <= 0.015


# how errors are counted


def fact(measured: int, metric: str = "total", batch: int = 1, **rivals: int) -> Fact:
    words = {"source": "s", "where": str(batch), "family": "timm", "model": "m", "details": ""}
    more = {"optimizer": "SGD", "dtype": "float32", "card": "a100-40", "torch": "2.6"}
    return Fact(**words, **more, batch=batch, metric=metric, measured=measured, rivals=rivals)


def test_a_constant_is_fitted_on_the_other_half_of_the_runs() -> None:
    """Were it fitted on all four, no error would be left of the two pairs."""
    runs = [(fact(100 + extra, batch=at), 0) for at, extra in enumerate([0, 10, 0, 10])]
    by_batch = {each.fact.batch: each for each in judge(runs)}
    assert [by_batch[at].constant for at in range(4)] == [110, 100, 110, 100]
    assert by_batch[0].error == pytest.approx(0.1)
    assert by_batch[1].error == pytest.approx(100 / 110 - 1)


def test_a_rival_of_the_whole_card_is_given_a_constant_too_and_one_of_a_rise_is_not() -> None:
    total, rise = fact(1000, FakeTensor=400), fact(1000, "rise", xMem=900)
    assert constants_of([(total, 700)]) == {"ours": 300, "FakeTensor": 600}
    assert constants_of([(rise, 980)]) == {"ours": 20}
    counted = judge([(fact(1000, "max_allocated", xMem=900), 980)])
    assert counted[0].errors == pytest.approx({"ours": -0.02, "xMem": -0.1})


def test_a_summary_counts_absolute_errors_and_what_is_short() -> None:
    found = summarise([-0.05, 0.01, -0.01, 0.03, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert (found.count, found.median, found.worst) == (10, 0.0, 0.05)
    assert found.p90 == 0.03 and found.short == 0.1
    assert found.mean == pytest.approx(0.01)
    with pytest.raises(ValueError, match="no run"):
        summarise([])


def test_a_folder_without_measured_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none of runs\.csv"):
        read_folder(tmp_path)


def test_runs_that_failed_are_left_out_of_a_folder(tmp_path: Path) -> None:
    """The memory of a model at a larger batch is larger, unless the run ended early."""
    rows = ["a,8,2000,1", "a,16,2500,1", "a,32,2100,1", "b,8,3000,1", "b,16,39900,1"]
    text = "\n".join(["model,batch,measured_mib,fake_mib", *rows]) + "\n"
    (tmp_path / "timm_train_a100.csv").write_text(text)
    assert [(f.model, f.batch) for f in read_folder(tmp_path)] == [("a", 8), ("b", 8), ("a", 16)]


def test_the_judged_error_is_of_the_prediction_with_its_constant() -> None:
    assert Judged(fact(100), 50, 40, {"ours": -0.1}).error == -0.1
