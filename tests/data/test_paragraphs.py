"""Paragraphs: all captions of a video in one, without the ceilings of single captions."""

import pytest

from tests.accuracy.retrieval.made import made
from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Caption
from vbench_mem.data.paragraphs import paragraphs

SENTENCES = made(
    *(Caption(text=text, clips=(clip,)) for text, clip in
      (("A man kneels. ", 2), ("A dog waits.", 0), (" He rises.", 2), ("They leave.", 2))),
    clips=4,
)  # fmt: skip


def test_the_captions_of_a_video_are_joined_in_their_order() -> None:
    joined = paragraphs(SENTENCES)
    assert joined.captions == (
        Caption(text="A man kneels. He rises. They leave.", clips=(2,)),
        Caption(text="A dog waits.", clips=(0,)),
    )
    assert joined.clips == SENTENCES.clips


def test_paragraphs_are_another_benchmark_of_the_same_name() -> None:
    joined = paragraphs(SENTENCES)
    assert joined.name == SENTENCES.name
    assert joined.protocol == "zero-shot; made; paragraphs"
    assert joined.sha256 not in (SENTENCES.sha256, paragraphs(joined).sha256)
    assert joined.sha256 == paragraphs(SENTENCES).sha256
    assert joined.ceilings == ()  # they were proved for single captions


@pytest.mark.parametrize(
    "caption", [Caption(text="x", clips=(0, 1)), Caption(text="x", clips=(0,), grades=(0.5,))]
)
def test_a_caption_of_several_videos_belongs_to_no_paragraph(caption: Caption) -> None:
    with pytest.raises(UsageError, match="caption 1 is graded or right for several clips"):
        paragraphs(made((0,), caption, clips=2))
