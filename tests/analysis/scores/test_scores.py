"""Scores from files: the documented form goes in, every slip names its row and the fix."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vbench_mem.analysis.scores.files import load_scores, read_scores
from vbench_mem.analysis.scores.score import Score
from vbench_mem.base.errors import UsageError

GOOD = {
    "variant": "joint_b16+adapter64",
    "size": "B",
    "frames": "16",
    "mask_ratio": "0",
    "dataset": "msr-vtt",
    "direction": "t2v",
    "metric": "recall_at_1",
    "value": "0.381",
    "gallery_size": "1000",
    "protocol": "zero-shot; 16 frames at 1 FPS",
    "origin": "imported",
    "source": "a file",
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_csv(*rows: dict[str, str], name: str = "scores.csv", header: str = "") -> Path:
        head = header.split(",") if header else list(GOOD)
        lines = [",".join(head), *(",".join(row.get(key, "") for key in head) for row in rows)]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_csv


def complaint(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        load_scores([path.name], path.parent)
    return str(caught.value)


def test_a_csv_row_becomes_a_typed_score(write: Write) -> None:
    ((place, score),) = read_scores(write(GOOD))
    assert place.endswith("scores.csv: row 2")
    assert (score.frames, score.mask_ratio, score.value, score.gallery_size) == (16, 0, 0.381, 1000)
    assert score.encoder.name == "joint_b16"
    assert score.recipe.adapter_width == 64
    assert score.resolution_px is None


def test_json_and_csv_give_the_same_score(write: Write, tmp_path: Path) -> None:
    typed = GOOD | {"frames": 16, "mask_ratio": 0.0, "value": 0.381, "gallery_size": 1000}
    (tmp_path / "scores.json").write_text(json.dumps([typed]))
    ((_, from_json),) = read_scores(tmp_path / "scores.json")
    ((_, from_csv),) = read_scores(write(GOOD))
    assert from_json == from_csv


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("variant", "joint_b61", "variant: no encoder called 'joint_b61'; did you mean joint_b16?"),
        ("variant", "joint_b16+adaptor64", "did you mean adapter64?"),
        ("variant", "external:", "needs a name"),
        ("size", "L", "size: joint_b16 has size B, not L"),
        ("size", "", "size: is empty"),
        ("frames", "0", "frames: '0' is refused: it should be greater than or equal to 1"),
        ("frames", "many", "frames: 'many' is refused: it should be a valid integer"),
        ("frames", "", "frames: is empty; only an external variant"),
        ("mask_ratio", "1", "mask_ratio: '1' is refused: it should be less than 1"),
        ("dataset", "msrvtt", "dataset: 'msrvtt' is written msr-vtt here"),
        ("dataset", "My Set", "dataset: 'My Set' is not a name"),
        ("direction", "t2w", "direction: 't2w' is not a choice; did you mean t2v?"),
        ("metric", "recall_at1", "metric: no score called 'recall_at1'; did you mean recall_at_1?"),
        ("metric", "cider", "direction: cider is v2t only, not t2v"),
        (
            "value",
            "38.1",
            "value: recall_at_1 is 0 to 1, not 38.1; write a percentage as a share, ",
        ),
        ("value", "-0.1", "value: recall_at_1 is 0 to 1, not -0.1"),
        ("value", "nan", "value: 'nan' is refused: it should be a finite number"),
        ("value", "inf", "value: 'inf' is refused: it should be a finite number"),
        ("value", "", "value: is missing"),
        (
            "gallery_size",
            "0",
            "gallery_size: '0' is refused: it should be greater",
        ),
        ("protocol", "; nothing", "protocol: '; nothing' has no short name"),
        ("origin", "publised", "origin: 'publised' is not a choice; did you mean published?"),
        ("source", "", "source: is missing"),
    ],
)
def test_an_error_names_the_row_and_the_fix(
    field: str, text: str, expected: str, write: Write
) -> None:
    message = complaint(write(GOOD | {"dataset": "vatex"}, GOOD | {field: text}))
    assert "scores.csv: row 3: " in message
    assert expected in message


def test_a_mask_in_the_recipe_must_agree_with_the_mask_ratio(write: Write) -> None:
    masked = GOOD | {"variant": "joint_b16+mask75"}
    assert "mask_ratio: recipe mask75 masks 0.75, not 0.0" in complaint(write(masked))
    ((_, score),) = read_scores(write(masked | {"mask_ratio": "0.75"}))
    assert score.mask_ratio == 0.75


def test_a_rank_beyond_the_gallery_is_refused(write: Write) -> None:
    rank = GOOD | {"metric": "median_rank"}
    assert "1001 is more than gallery_size 1000" in complaint(write(rank | {"value": "1001"}))
    assert len(read_scores(write(rank | {"value": "3.5"}))) == 1


def test_an_external_system_may_leave_out_unknown_fields(write: Write) -> None:
    unknown = {"variant": "external:Other", "size": "", "frames": "", "mask_ratio": ""}
    ((_, score),) = read_scores(write(GOOD | unknown))
    assert (score.size, score.frames, score.mask_ratio) == (None, None, None)
    message = complaint(write(GOOD | unknown | {"origin": "measured"}))
    assert "external variant cannot be measured here" in message


def test_the_same_score_twice_is_refused_with_both_places(write: Write) -> None:
    again = GOOD | {"value": "0.4", "protocol": "Zero-shot; worded otherwise"}
    message = complaint(write(GOOD, GOOD | {"dataset": "vatex"}, again))
    assert "scores.csv: row 4: the same score as" in message
    assert "scores.csv: row 2" in message


def test_the_same_score_in_two_files_is_refused(write: Write) -> None:
    # the encoder's own resolution, once given and once not
    one = write(GOOD, name="one.csv")
    header = ",".join([*GOOD, "resolution_px"])
    two = write(GOOD | {"resolution_px": "256"}, name="two.csv", header=header)
    with pytest.raises(UsageError, match=r"two.csv: row 2: the same score as .*one.csv: row 2"):
        load_scores([one.name, two.name], one.parent)
    assert len(load_scores([one.name, one.name], one.parent)) == 1
    assert len(load_scores([one.name, f"./{one.name}", str(one.resolve())], one.parent)) == 1


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"origin": "published"}, "score.published.msr-vtt@1000.t2v.recall_at_1.zero-shot"),
        ({"gallery_size": ""}, "score.imported.msr-vtt.t2v.recall_at_1.zero-shot"),
        ({"protocol": "fine-tuned"}, "score.imported.msr-vtt@1000.t2v.recall_at_1.fine-tuned"),
        ({"direction": "v2t"}, "score.imported.msr-vtt@1000.v2t.recall_at_1.zero-shot"),
    ],
)
def test_unlike_scores_get_columns_of_their_own(
    change: dict[str, str], part: str, write: Write
) -> None:
    scores = [score for _, score in read_scores(write(GOOD, GOOD | change))]
    assert scores[1].column == part
    assert scores[0].column != scores[1].column


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (",".join(GOOD).replace("value", "valeu"), "no column called 'valeu'; did you mean value?"),
        (",".join(GOOD).replace(",source", ""), "column source is missing"),
        (",".join([*GOOD, "value"]), "column value occurs twice"),
    ],
)
def test_a_header_that_is_not_the_form_is_refused(header: str, expected: str, write: Write) -> None:
    assert f"row 1: {expected}" in complaint(write(GOOD, header=header))


def test_a_row_with_too_few_or_too_many_cells_is_refused(tmp_path: Path, write: Write) -> None:
    path = write(GOOD)
    path.write_text(path.read_text() + "joint_b16,B\n")
    assert "row 3: the number of cells differs from the 12 of the header" in complaint(path)
    path = write(GOOD | {"source": "a, b"})
    assert "row 2: the number of cells differs" in complaint(path)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.json", "{}", "expected a JSON list of objects"),
        ("a.json", "[\n{,}]", "row 2: not JSON"),
        ("a.json", "[3]", "a.json: row 1: "),
        ("a.yaml", "", "read from .csv and .json files"),
        ("none.csv", None, "no such file; write reference"),
    ],
)
def test_a_file_that_is_not_the_form_is_refused(
    name: str, text: str | None, expected: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    assert expected in complaint(tmp_path / name)


def test_a_nan_in_json_is_refused(tmp_path: Path) -> None:
    bad = GOOD | {"frames": 16, "mask_ratio": 0.0, "value": float("nan"), "gallery_size": 1000}
    (tmp_path / "a.json").write_text(json.dumps([bad]))
    assert "row 1: value: NaN is refused: it should be a finite number" in complaint(
        tmp_path / "a.json"
    )


def test_every_field_of_the_form_is_in_the_readme() -> None:
    from importlib.resources import files

    text = (
        files("vbench_mem.analysis.scores")
        .joinpath("reference", "README.md")
        .read_text(encoding="utf-8")
    )
    assert all(f"| `{name}` |" in text for name in Score.model_fields)
