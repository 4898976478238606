"""Every published format, written by hand in small, is read as expected."""

from pathlib import Path
from typing import Any

import pytest

from tests.data.annotations.files import write
from vbench_mem.data.annotations import msr_vtt, read_annotations
from vbench_mem.data.annotations.collected import Annotations
from vbench_mem.data.annotations.lsmdc import SKIPPED

CSV_1K_A = "key,vid_key,video_id,sentence\r\nret0,msr70,video70,a cat, asleep\r\n".replace(
    "a cat, asleep", '"a cat, asleep"'
)


def pairs(found: Annotations) -> list[tuple[str, tuple[str, ...]]]:
    return [(query.text, query.items) for query in found.queries]


def parts(found: Annotations) -> list[tuple[str, str, float | None, float | None]]:
    return [(item.id, item.video, item.start_s, item.end_s) for item in found.items]


def test_msr_vtt_pairs_are_1k_a_only_with_its_thousand_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "MSRVTT_JSFUSION_test.csv", CSV_1K_A + "ret1,msr71,video71,a dog\r\n")
    found = read_annotations(None, file)
    assert pairs(found) == [("a cat, asleep", ("video70",)), ("a dog", ("video71",))]
    assert (found.name, found.split, found.protocol_parts) == (
        "msr-vtt",
        "listed",
        ("the pairs of MSRVTT_JSFUSION_test.csv",),
    )
    monkeypatch.setattr(msr_vtt, "ID_1K_A", msr_vtt.sha256_of_ids(["video71", "video70"]))
    found = read_annotations(None, file)
    assert (found.split, found.protocol_parts) == ("test-1k-a", ("1k-A",))


MSR_VTT = {
    "info": {},
    "videos": [
        {"video_id": "video0", "split": "train", "url": "x"},
        {"video_id": "video6513", "split": "validate"},
        {"video_id": "video7010", "split": "test"},
        {"video_id": "video7011", "split": "test"},
    ],
    "sentences": [
        {"video_id": "video7010", "caption": "a dog runs", "sen_id": 0},
        {"video_id": "video0", "caption": "a cat", "sen_id": 1},
        {"video_id": "video7010", "caption": "a dog", "sen_id": 2},
        {"video_id": "video6513", "caption": "a bird", "sen_id": 3},
        {"video_id": "video7011", "caption": "a fish", "sen_id": 4},
    ],
}


@pytest.mark.parametrize("stated", [True, False])
def test_msr_vtt_json_has_the_official_splits_and_those_of_lists(
    tmp_path: Path, stated: bool
) -> None:
    videos: Any = [dict(video) for video in MSR_VTT["videos"]]
    for video in videos:
        if not stated:
            del video["split"]  # then the number in the id tells
    file = write(tmp_path, "MSRVTT_data.json", MSR_VTT | {"videos": videos})
    found = read_annotations(None, file, "test")
    assert pairs(found) == [
        ("a dog runs", ("video7010",)),
        ("a dog", ("video7010",)),
        ("a fish", ("video7011",)),
    ]
    assert found.protocol_parts == ("full test", "all captions")
    assert [item.id for item in read_annotations(None, file, "val").items] == ["video6513"]
    write(tmp_path, "MSRVTT_train.9k.csv", "video_id\nvideo0\nvideo7011\nvideo9999\n")
    listed = read_annotations(None, file, "MSRVTT_train.9k.csv")
    assert [item.id for item in listed.items] == ["video0", "video7011"]
    assert listed.split == "MSRVTT_train.9k"
    assert listed.protocol_parts == ("the videos of MSRVTT_train.9k.csv", "all captions")
    (dropped,) = listed.dropped
    assert dropped.id == "video9999" and "only a line in MSRVTT_train.9k.csv" in dropped.reason


def test_msvd_reads_sentences_and_the_words_of_the_pickle_alike(tmp_path: Path) -> None:
    captions = {"a_1_5": ["a man eats", ["a", "man", "is", "eating"]], "b_0_9": ["a dog"]}
    file = write(tmp_path, "raw-captions.json", captions)
    write(tmp_path, "test_list.txt", "a_1_5\n\n")
    write(tmp_path, "val_list.txt", "b_0_9\n")
    found = read_annotations("msvd", file, "test")
    assert pairs(found) == [("a man eats", ("a_1_5",)), ("a man is eating", ("a_1_5",))]
    assert found.protocol_parts == ("test", "all captions") and found.split == "test"
    assert read_annotations("msvd", file, "validation").items[0].id == "b_0_9"


def test_vatex_is_the_official_list_or_captions_by_id_with_lists(tmp_path: Path) -> None:
    entry = {"enCap": ["a man", "the man"], "chCap": ["人"]}
    id = "Ptf_2VRj-V0_000122_000132"
    official = write(tmp_path, "vatex_validation_v1.0.json", [{"videoID": id} | entry])
    found = read_annotations(None, official)
    assert pairs(found) == [("a man", (id,)), ("the man", (id,))]
    assert (found.split, found.protocol_parts) == (
        "validation",
        ("validation", "all English captions"),
    )
    by_id = write(tmp_path, "vatex_data.json", {id: entry, "other": entry})
    write(tmp_path, "test_list.txt", f"{id}\n")
    again = read_annotations(None, by_id, "test")
    assert pairs(again) == pairs(found) and again.split == "test"


def test_youcook2_json_gives_clips_of_one_subset(tmp_path: Path) -> None:
    def entry(subset: str) -> dict[str, Any]:
        clips = [
            {"segment": [90, 102], "id": 0, "sentence": "spread margarine on bread"},
            {"segment": [114, 127], "id": 1, "sentence": "place cheese on it"},
        ]
        return {"subset": subset, "recipe_type": "226", "duration": 241.6, "annotations": clips}

    database = {"GLd3aX16zBg": entry("training"), "xHr8X2Wpmno": entry("validation")}
    file = write(tmp_path, "youcookii_annotations_trainval.json", {"database": database})
    found = read_annotations(None, file, "validation")
    assert parts(found) == [
        ("xHr8X2Wpmno_0", "xHr8X2Wpmno", 90.0, 102.0),
        ("xHr8X2Wpmno_1", "xHr8X2Wpmno", 114.0, 127.0),
    ]
    assert pairs(found)[1] == ("place cheese on it", ("xHr8X2Wpmno_1",))
    assert read_annotations(None, file, "train").items[0].video == "GLd3aX16zBg"


def test_youcook2_csv_gives_one_clip_a_row_even_where_two_are_alike(tmp_path: Path) -> None:
    rows = "end,start,task,text,video_id\n60,47,226,pick,xHr\n60,47,226,wash,xHr\n9,9,1,no,abc\n"
    found = read_annotations(None, write(tmp_path, "validation_youcook.csv", rows))
    assert parts(found) == [("xHr_0", "xHr", 47.0, 60.0), ("xHr_1", "xHr", 47.0, 60.0)]
    assert found.split == "validation" and found.protocol_parts[-1] == "one caption a clip"
    (dropped,) = found.dropped  # a clip of no length has no frame to show
    assert (dropped.id, dropped.reason) == ("abc_0", "goes from 9 to 9 s")


ACTIVITYNET = {
    "v_QOlSCBRmfWY": {
        "duration": 82.73,
        "timestamps": [[0.83, 19.86], [17.37, 60.81]],
        "sentences": ["A young woman is seen.", " The girl dances."],
    }
}


def test_activitynet_is_paragraphs_for_whole_videos_or_sentences_for_parts(tmp_path: Path) -> None:
    file = write(tmp_path, "val_1.json", ACTIVITYNET)
    found = read_annotations(None, file)
    id, video = "v_QOlSCBRmfWY", "QOlSCBRmfWY"
    assert pairs(found) == [("A young woman is seen. The girl dances.", (id,))]
    assert parts(found) == [(id, video, None, None)]
    assert (found.split, found.protocol_parts) == ("val_1", ("val_1", "paragraphs"))
    segments = read_annotations("activitynet-segments", file)
    assert parts(segments) == [(f"{id}_0", video, 0.83, 19.86), (f"{id}_1", video, 17.37, 60.81)]
    assert pairs(segments)[1] == ("The girl dances.", (f"{id}_1",))
    write(tmp_path, "val_ids.json", ["v_QOlSCBRmfWY", "v_gone"])
    (dropped,) = read_annotations(None, file, "val_ids.json").dropped
    assert dropped.id == "v_gone"


def test_didemo_is_paragraphs_for_30_s_or_moments_of_the_annotators_mean(tmp_path: Path) -> None:
    def entry(number: int, text: str, times: list[list[int]]) -> dict[str, Any]:
        video = "1234@N00_56_ab.mov" if number < 2 else "777@N01_8_cd.avi"
        facts = {"annotation_id": number, "video": video, "num_segments": 6, "dl_link": "http"}
        return facts | {"description": text, "times": times}

    entries = [
        entry(0, "a dog", [[1, 1], [1, 2], [1, 1], [1, 2]]),
        entry(1, "it jumps", [[5, 5]]),
        entry(2, "a car", [[0, 0]]),
    ]
    file = write(tmp_path, "test_data.json", entries)
    found = read_annotations(None, file)
    assert parts(found)[0] == ("1234@N00_56_ab.mov", "1234@N00_56_ab.mov", None, 30.0)
    assert pairs(found) == [
        ("a dog it jumps", ("1234@N00_56_ab.mov",)),
        ("a car", ("777@N01_8_cd.avi",)),
    ]
    assert found.protocol_parts == ("test", "paragraphs", "the first 30 s")
    moments = read_annotations("didemo-segments", file)
    assert [part[2:] for part in parts(moments)] == [(5.0, 12.5), (25.0, 30.0), (0.0, 5.0)]


def test_lsmdc_leaves_out_the_clip_that_readers_skip_and_its_protocol_states_it(
    tmp_path: Path,
) -> None:
    clip = "1005_Signs_00.02.15.000-00.02.18.500"
    times = "00:02:15.000\t00:02:18.500\t00:02:15.000\t00:02:18.500"
    rows = [(clip, 'He says "stop'), (clip, "He waits."), (SKIPPED, "SOMEONE sits.")]
    text = "".join(f"{id}\t{times}\t{sentence}\n" for id, sentence in rows)
    found = read_annotations(None, write(tmp_path, "LSMDC16_annos_training.csv", text))
    assert pairs(found) == [('He says "stop', (clip,)), ("He waits.", (clip,))]
    assert (found.split, len(found.items)) == ("train", 1)
    assert found.protocol_parts[-1] == "without the clip that published readers leave out"
    assert found.dropped[0].id == SKIPPED
    test = write(tmp_path, "LSMDC16_challenge_1000_publictect.csv", text.partition(SKIPPED)[0])
    assert read_annotations(None, test).protocol_parts == ("test", "all captions")
