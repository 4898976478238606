"""Retrieval scores of embeddings, with the rows that show whether they can be believed.

Sanity rows come with every evaluation, since a bug is likelier than a breakthrough.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vbench_mem.accuracy.retrieval.answers import (
    Answers,
    check_answers,
    deranged,
    keep_captions,
    kept_captions,
    text_to_video,
    video_to_text,
)
from vbench_mem.accuracy.retrieval.chance import chance_of
from vbench_mem.accuracy.retrieval.measures import Interval, intervals, measures
from vbench_mem.accuracy.retrieval.ranking import CHUNK_BYTES, Ranked, rank
from vbench_mem.accuracy.retrieval.similarity import (
    ExactCosine,
    Grouped,
    Learned,
    PairScores,
    check_embeddings,
)
from vbench_mem.base.errors import UsageError
from vbench_mem.base.score_metrics import Direction
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.encoders.similarity import Cosine, Similarity
from vbench_mem.matrix.training import Convention

Measures = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class OneWay:
    """One direction: scores by name, their intervals, and what they would be by chance.

    intervals  empty where no bootstrap was asked for
    """

    metrics: Measures
    intervals: dict[str, Interval]
    chance: Measures
    queries: int
    gallery_size: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Plain numbers.

    sanity  by name, the scores of each direction, or none where it was not asked.
            `shuffled`: the same embeddings, each clip's captions given to another clip; by chance.
            `frames_permuted`: clips embedded with their frames in another order; the same as the
            score for an encoder that does not see time, and lower where order is the answer.
            `constant`: all embeddings equal; the worst ranks that there are
    """

    dataset: str
    convention: Convention
    t2v: OneWay
    v2t: OneWay
    sanity: dict[str, dict[Direction, Measures] | None]
    seed: int
    resamples: int


def evaluate(
    video_VE: Tensor,
    text_CE: Tensor,
    benchmark: Benchmark,
    *,
    convention: Convention = "every_caption",
    permuted_VE: Tensor | None = None,
    similarity: Similarity | None = None,
    seed: int = 0,
    chunk_bytes: int = CHUNK_BYTES,
    bootstrap: int = 1000,
) -> Evaluation:
    """Rank clips by captions and captions by clips, by the encoder's similarity, else the cosine.

    Args:    `permuted_VE` the same clips embedded with permuted frames (`permute_frames`); `seed`
             draws the shuffled pairs and the `bootstrap` resamples (0: no intervals).
    Shapes:  one row for each clip, one for each caption of the benchmark; of any floating type and
             length, on one device; for a similarity of its own, whatever that compares.
    Memory:  `chunk_bytes` at a time beside the embeddings, and a few hundred bytes for each right
             answer; `first_caption` copies the captions that it keeps.
    Cost:    two products of V x C x E in float64, two more for each of two sanity rows.
    Errors:  `UsageError` for embeddings that are not finite or not as many as the benchmark's.
    """
    check_answers(benchmark, convention)
    permuted = {} if permuted_VE is None else {"permuted video": permuted_VE}
    similarity = similarity or Cosine()
    by_cosine = isinstance(similarity, Cosine)
    like = text_CE if by_cosine else None
    check_shapes({"video": video_VE, **permuted}, benchmark.gallery_size, "clips", like)
    check_shapes({"text": text_CE}, len(benchmark.captions), "captions", like)
    kept = kept_captions(benchmark, convention)
    asked = keep_captions(benchmark, kept)
    if len(kept) < len(text_CE):
        text_CE = text_CE[torch.tensor(kept, device=text_CE.device)]

    def both(
        videos: Tensor, texts: Tensor, benchmark: Benchmark
    ) -> dict[Direction, tuple[Answers, Ranked]]:
        forth, back = text_to_video(benchmark), video_to_text(benchmark, convention)
        captions: PairScores
        clips: PairScores
        if by_cosine:
            captions, clips = ExactCosine(videos, texts), ExactCosine(texts, videos)
        else:
            captions, clips = (
                Learned(similarity, videos, texts, videos_ask=each) for each in (True, False)
            )
        if back.groups:
            captions = Grouped(captions, back.groups)
        return {
            "t2v": (forth, rank(clips, forth, chunk_bytes)),
            "v2t": (back, rank(captions, back, chunk_bytes)),
        }

    def sane(
        videos: Tensor, texts: Tensor, benchmark: Benchmark = asked
    ) -> dict[Direction, Measures]:
        found = both(videos, texts, benchmark)
        return {direction: measures(ranked) for direction, (_, ranked) in found.items()}

    def one_way(answers: Answers, ranked: Ranked) -> OneWay:
        options = {"resamples": bootstrap, "seed": seed, "chunk_bytes": chunk_bytes}
        return OneWay(
            metrics=measures(ranked),
            intervals=intervals(ranked, answers.clusters, **options) if bootstrap else {},
            chance=chance_of(answers),
            queries=len(answers.queries),
            gallery_size=answers.gallery,
        )

    found = both(video_VE, text_CE, asked)
    return Evaluation(
        dataset=benchmark.name,
        convention=convention,
        t2v=one_way(*found["t2v"]),
        v2t=one_way(*found["v2t"]),
        sanity={
            "shuffled": sane(video_VE, text_CE, deranged(asked, seed)),
            "frames_permuted": None if permuted_VE is None else sane(permuted_VE, text_CE),
            "constant": sane(torch.ones_like(video_VE), torch.ones_like(text_CE)),
        },
        seed=seed,
        resamples=bootstrap,
    )


def check_shapes(given: Mapping[str, Tensor], rows: int, what: str, like_CE: Tensor | None) -> None:
    """As many rows as the benchmark has, finite; for cosines of the width and device of `like_CE`.
    Raises `UsageError`."""
    for name, x in given.items():
        check_embeddings(name, x if like_CE is not None else x.flatten(1))
        if len(x) != rows:
            raise UsageError(
                f"{name} embeddings: {len(x)} rows for the benchmark's {rows} {what}; give one "
                "for each, in its order"
            )
        if like_CE is None:
            continue
        if (x.shape[1], x.device) != (like_CE.shape[1], like_CE.device):
            raise UsageError(
                f"{name} embeddings are {x.shape[1]} wide on {x.device}, text embeddings "
                f"{like_CE.shape[1]} on {like_CE.device}; give both one width and device"
            )
