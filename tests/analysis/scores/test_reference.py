"""The published scores that come with the package: confirmed cells only, each with its source."""

from statistics import mean

import pytest

from vbench_mem.analysis.scores.files import read_reference, refuse_duplicates
from vbench_mem.analysis.scores.score import Score

SCORES = [score for _, score in read_reference()]


def pick(variant: str, **facts: object) -> list[Score]:
    def fits(score: Score) -> bool:
        return all(getattr(score, name) == value for name, value in facts.items())

    return [score for score in SCORES if score.variant == variant and fits(score)]


def only(variant: str, **facts: object) -> float:
    (score,) = pick(variant, **facts)
    return score.value


def from_table(number: int) -> list[Score]:
    return [score for score in SCORES if score.source.endswith(f"Table {number}")]


def test_every_row_is_published_and_has_a_source() -> None:
    refuse_duplicates(read_reference())
    assert {score.origin for score in SCORES} == {"published"}
    assert all(score.source for score in SCORES)


def test_there_are_as_many_rows_as_cells_could_be_confirmed() -> None:
    # table 1 has 32 cells, 9 of which cannot be read; tables 2 and 3 are complete
    assert [len(from_table(number)) for number in (1, 2, 3)] == [23, 83, 44]
    assert len([score for score in SCORES if "videoprism" in score.source]) == 12


@pytest.mark.parametrize(
    ("variant", "facts", "value"),
    [
        ("joint_b16", {"dataset": "msr-vtt", "direction": "v2t"}, 0.381),
        ("joint_b16", {"dataset": "youcook2", "direction": "t2v"}, 0.123),
        ("factorized_b16", {"dataset": "vatex", "direction": "t2v"}, 0.253),
        ("frame_mean_b16", {"dataset": "msr-vtt", "direction": "t2v"}, 0.393),
        ("frame_attpool_b16", {"dataset": "activitynet", "direction": "t2v"}, 0.061),
        ("external:LongViViT-L", {"metric": "accuracy"}, 0.568),
        (
            "external:VideoPrism-LvT-B",
            {"dataset": "vatex", "direction": "v2t"},
            0.731,
        ),
    ],
)
def test_cells_read_off_the_sources(variant: str, facts: dict[str, object], value: float) -> None:
    assert only(variant, **facts) == value


@pytest.mark.parametrize(
    ("variant", "dataset", "direction"),
    [
        ("joint_b16", "msr-vtt", "t2v"),
        ("factorized_b16", "msr-vtt", "t2v"),
        ("factorized_b16", "vatex", "v2t"),
        ("factorized_b16", "activitynet", "t2v"),
        ("frame_mean_b16", "activitynet", "t2v"),
        ("joint_b16", "activitynet", "v2t"),
    ],
)
def test_a_cell_that_cannot_be_read_is_absent(variant: str, dataset: str, direction: str) -> None:
    assert not pick(variant, dataset=dataset, direction=direction)


def test_masking_costs_about_one_point_of_recall_as_the_paper_says() -> None:
    # the mean of the eight retrieval cells is 29.06 against 27.99
    full = [s.value for s in pick("joint_l16", metric="recall_at_1", mask_ratio=0.0)]
    masked = [s.value for s in pick("joint_l16", metric="recall_at_1", mask_ratio=0.75)]
    assert (len(full), len(masked)) == (8, 8)
    assert 100 * mean(full) == pytest.approx(29.0625)
    assert 100 * mean(masked) == pytest.approx(27.9875)


def test_uniform_sampling_does_not_share_a_column_with_the_first_frames() -> None:
    theirs = {s.column for s in pick("external:VideoCoCa-2.1B", dataset="activitynet")}
    ours = {s.column for s in pick("joint_l16", dataset="activitynet")}
    assert not theirs & ours
