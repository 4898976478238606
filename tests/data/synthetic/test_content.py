"""Contents of the tasks: distinct captions, unseen combinations of seen words."""

import re
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.data.synthetic import tasks, temporal
from vbench_mem.data.synthetic.tasks import (
    SIZES,
    TASKS,
    check_split,
    clips_by_split,
    definition_sha256,
)
from vbench_mem.data.tokens_of_captions import words
from vbench_mem.encoders.table import ENCODERS

MAIN = ("spatial", "temporal", "long")
SHAPED = {"disc", "square", "triangle", "cross"}
EVERY = [(task, size) for task in TASKS for size in SIZES if size != "large"]
EVERY += [(task, "large") for task in MAIN]


@pytest.mark.parametrize(("task", "size"), EVERY)
def test_held_out_captions_are_distinct_and_their_combinations_unseen(task: str, size: str) -> None:
    splits = clips_by_split(task, size)
    texts = [clip.caption for clip in splits["held-out"]]
    assert len(set(texts)) == len(texts)
    assert not {clip.caption for clip in splits["train"]} & set(texts)
    seen, unseen = ({clip.combination for clip in splits[of]} for of in ("train", "held-out"))
    assert not seen & unseen


@pytest.mark.parametrize(("task", "size"), EVERY)
def test_every_held_out_word_and_colour_of_a_shape_occurs_in_training(task: str, size: str) -> None:
    def pairs(split: str) -> set[tuple[str, str]]:
        lines = [clip.caption.split() for clip in clips_by_split(task, size)[split]]
        return {pair for line in lines for pair in pairwise(line)}

    colours_with_shapes = {pair for pair in pairs("held-out") if pair[1] in SHAPED}
    assert colours_with_shapes <= pairs("train")
    assert {w for pair in pairs("held-out") for w in pair} <= {
        w for pair in pairs("train") for w in pair
    }


@pytest.mark.parametrize("task", MAIN)
def test_sizes_have_their_numbers_of_clips(task: str) -> None:
    small, large = clips_by_split(task, "small"), clips_by_split(task, "large")
    assert 96 <= len(small["held-out"]) <= 200 and 500 <= len(small["train"]) <= 2000
    assert len(large["held-out"]) >= 1000 and len(large["train"]) >= 3 * len(small["train"])


@pytest.mark.parametrize("task", MAIN)
def test_the_definition_depends_on_the_seed_and_every_clip(task: str) -> None:
    first = definition_sha256(task, "small")
    assert definition_sha256.__wrapped__(task, "small") == first
    again = TASKS[task].splits("small", 0)
    assert all(
        tuple(again[split]) == clips for split, clips in clips_by_split(task, "small").items()
    )
    others = {definition_sha256(task, size, seed) for size in ("tiny", "small") for seed in (0, 1)}
    assert len(others) == 4 and first in others
    held = {clip.caption for clip in clips_by_split(task, "small")["held-out"]}
    assert held != {clip.caption for clip in clips_by_split(task, "small", 1)["held-out"]}


def test_the_definition_moves_with_a_word_a_size_and_an_encoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {definition_sha256("temporal", "tiny")}
    for part, name, changed in (
        (temporal, "RADIUS", 0.2),
        (temporal, "WORDS", temporal.WORDS | {("across", True): "east"}),
        (tasks, "COLOURS", {}),
        (tasks, "DRAWING", 0),
        (tasks, "TASKS", TASKS | {"temporal": replace(TASKS["temporal"], encoding={})}),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(part, name, changed)
            clips_by_split.cache_clear()
            found.add(definition_sha256.__wrapped__("temporal", "tiny"))
    clips_by_split.cache_clear()
    assert len(found) == 6
    assert definition_sha256.__wrapped__("temporal", "tiny") in found


def test_no_two_words_share_an_id_of_the_smallest_vocabularies() -> None:
    found = {
        word
        for task in MAIN
        for size in SIZES  # the held-out words are those of training: another test
        for text in {clip.caption for clip in clips_by_split(task, size)["train"][:4000]}
        for word in text.replace(",", " , ").split()
    }
    specs = [encoder.spec.text for encoder in ENCODERS.values()]
    for vocab in {text.vocab for text in specs if text.tokenizer == "words"}:
        ids = defaultdict(set)
        for word in found:
            (number,) = words(word, vocab)
            ids[number].add(word)
        assert max(map(len, ids.values())) == 1, (vocab, [s for s in ids.values() if len(s) > 1])


@pytest.mark.parametrize("size", SIZES)
def test_clips_of_a_temporal_set_differ_in_order_alone(size: str) -> None:
    sets = defaultdict(list)
    for clip in clips_by_split("temporal", size)["held-out"]:
        sets[clip.combination].append(clip.pictures())
    for clips in sets.values():
        assert len(clips) >= 4 and all(len(clip) == 16 for clip in clips)
        assert len({frozenset(Counter(clip).items()) for clip in clips}) == 1
        assert len({tuple(clip) for clip in clips}) == len(clips)
        assert len({clip[0] for clip in clips} | {clip[-1] for clip in clips}) == 1


@pytest.mark.parametrize(
    ("task", "size", "said"),
    [("tempral", "small", "did you mean temporal?"), ("spatial", "smal", "did you mean small?")],
)
def test_an_unknown_name_is_refused_with_the_nearest(task: str, size: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        definition_sha256(task, size)
    with pytest.raises(UsageError, match="did you mean held-out"):
        check_split("heldout")
