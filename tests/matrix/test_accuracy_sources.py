"""What a matrix trains and evaluates on: each mistake in a source has its message."""

from pathlib import Path

import pytest

from tests.accuracy.training.made import written_benchmark
from tests.matrix.made import ACCURACY, AXES, accuracy_of
from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.training import Source

TRAIN = "train: [spatial, temporal]"


def captions(folder: Path) -> None:
    made = written_benchmark(folder, 2)
    rows = [f"{clip.path.name},clip {clip.id}" for clip in made.clips]
    (folder / "mine.csv").write_text("\n".join(["path,caption", *rows]) + "\n", encoding="utf-8")


def sources(folder: Path, train: str) -> tuple[Source, ...]:
    _, accuracy = accuracy_of(folder, ACCURACY.replace(TRAIN, train))
    training = accuracy.cells[0].training
    assert training is not None
    return training.sources


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("train: [{name: spatial, sise: tiny}]", r"train\[0\].sise: no key .* did you mean size"),
        ("train: [{name: 3}]", r"train\[0\].name: 3 is not text"),
        ("train: [{}]", r"train\[0\].name: is missing"),
        ("train: [5]", r"train\[0\]: 5 is not text"),
        ("train: [spatial, spatial]", r"train\[1\]: is the same as train\[0\]; write it once"),
        (f"{TRAIN}\n  evaluate: [long, long]", r"evaluate\[1\]: is the same as evaluate\[0\]"),
        (f"{TRAIN}\n  evaluate: [{{name: long, noise: 0.5}}]", r"evaluate\[0\]: noise: 0.5 is for"),
        ("train: [{name: spatial, videos: here}]", r"train\[0\]: videos: is for a file"),
        ("train: [{name: csv, file: mine.csv, size: tiny}]", r"train\[0\]: size: is for a gen"),
        ("train: [{name: csv, file: mine.csv, noise: 0.5}]", r"train\[0\]: noise: is for a gen"),
        ("train: [{name: spatial, sha256: ab}]", r"train\[0\]: sha256: is computed"),
        (f"{TRAIN}\n  allow: ['new:a']", "accuracy.allow: has no effect without init"),
        (f"{TRAIN}\n  init: mine.csv\n  allow: [a]", "accuracy.allow: 'a' is not a pattern"),
        (f"{TRAIN}\n  init: mine.csv", "accuracy.init: .*not a file of weights"),
        (f"{TRAIN}\n  size: tinny", r"train\[0\]: no size called 'tinny'"),
    ],
)
def test_a_mistake_in_a_source_is_refused_with_its_place(
    tmp_path: Path, train: str, message: str
) -> None:
    captions(tmp_path)
    with pytest.raises(UsageError, match=message):
        sources(tmp_path, train)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[0, 7]", f"[{2**70}]", rf"accuracy.seeds\[0\]: {2**70} is refused"),
        ("name: video,", "name: image,", r"stages\[1\].name: an earlier stage is called 'image'"),
        ("name: video,", "name: Video,", r"stages\[1\].name: .*it should match pattern"),
        (
            TRAIN,
            "train: [spatial, temporal, {name: spatial, size: tiny}, {name: long, size: tiny}, "
            "{name: temporal, size: tiny}]",
            r"stages\[1\].batch: 4 is less than one pair from each of 5 sources",
        ),
    ],
)
def test_what_no_row_could_train_is_refused_before_anything_runs(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        accuracy_of(tmp_path, ACCURACY.replace(old, new))


def test_pairs_of_a_training_file_are_evaluated_only_if_written(
    tmp_path: Path,
) -> None:
    captions(tmp_path)
    with pytest.raises(UsageError, match="evaluate: is missing; write it, since train"):
        sources(tmp_path, "train: [{name: csv, file: mine.csv}]")
    (found,) = sources(tmp_path, "train: [{name: csv, file: mine.csv}]\n  evaluate: [spatial]")
    assert found.file == str(tmp_path / "mine.csv")


def test_a_sources_noise_of_0_overrides_that_of_the_section(tmp_path: Path) -> None:
    train = "noise: 0.3\n  train: [spatial, {name: temporal, noise: 0}, {name: long, noise: 0.1}]"
    assert [each.noise for each in sources(tmp_path, train)] == [0.3, 0.0, 0.1]


def test_clean_and_noisy_pairs_of_a_task_are_evaluated_once_and_clean(tmp_path: Path) -> None:
    train = "train: [spatial, {name: spatial, noise: 0.2}]"
    _, accuracy = accuracy_of(tmp_path, ACCURACY.replace(TRAIN, train))
    training = accuracy.cells[0].training
    assert training is not None
    assert [(each.split, each.noise) for each in training.evaluate] == [("held-out", 0.0)]


def test_a_row_that_is_fed_video_files_is_trained_on_the_sources_alone(tmp_path: Path) -> None:
    captions(tmp_path)
    axes = AXES.replace("batch: 2", "batch: 2\n  clips: mine.csv")
    _, from_files = accuracy_of(tmp_path, axes=axes)
    _, from_noise = accuracy_of(tmp_path)
    assert [cell.id for cell in from_files.cells] == [cell.id for cell in from_noise.cells]
