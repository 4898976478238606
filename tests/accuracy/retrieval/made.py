"""Benchmarks, matrices and right answers made for tests, and a slow, simple way to score them."""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

import torch
from torch import Tensor

from vbench_mem.accuracy.retrieval.answers import (
    Answers,
    check_answers,
    keep_captions,
    kept_captions,
    text_to_video,
    video_to_text,
)
from vbench_mem.accuracy.retrieval.chance import chance_of
from vbench_mem.accuracy.retrieval.similarity import Numbers, check_embeddings
from vbench_mem.data.benchmark import Benchmark, Caption, Clip
from vbench_mem.matrix.training import Convention


def made(*captions: Caption | tuple[int, ...], clips: int) -> Benchmark:
    """Captions given by their right clips alone get a distinct text."""
    given = (
        each if isinstance(each, Caption) else Caption(text=f"caption {number}", clips=each)
        for number, each in enumerate(captions)
    )
    return Benchmark(
        name="made",
        split="test",
        protocol="zero-shot; made",
        clips=tuple(Clip(id=str(number), path=Path(f"{number}.mp4")) for number in range(clips)),
        captions=tuple(given),
        sha256="0" * 64,
        ceilings=(("frame-order-invariant", 0.5),),
    )


def several_each(clips: int, most: int, seed: int) -> Benchmark:
    """Up to `most` captions for each clip, in no order."""
    draw = random.Random(seed)
    right = [(clip,) for clip in range(clips) for _ in range(draw.randint(1, most))]
    draw.shuffle(right)
    return made(*right, clips=clips)


def some_answers(queries: int, gallery: int, most: int, seed: int) -> Answers:
    """Up to `most` right candidates for each query, graded in quarters."""
    draw = random.Random(seed)
    right = tuple(tuple(draw.sample(range(gallery), draw.randint(1, most))) for _ in range(queries))
    return Answers(
        gallery=gallery,
        queries=tuple(range(queries)),
        right=right,
        grades=tuple(tuple(draw.choice((0.25, 0.5, 1.0)) for _ in each) for each in right),
        clusters=tuple(range(queries)),
    )


def tied_matrix(queries: int, gallery: int, values: int, seed: int) -> Tensor:
    """Similarities of which many are equal."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(values, (queries, gallery), generator=generator).float()


def chance(
    benchmark: Benchmark, convention: Convention = "every_caption"
) -> dict[str, dict[str, float]]:
    """By direction, as an evaluation has it."""
    check_answers(benchmark, convention)
    kept = keep_captions(benchmark, kept_captions(benchmark, convention))
    back = video_to_text(kept, convention)
    return {"t2v": chance_of(text_to_video(kept)), "v2t": chance_of(back)}


class Matrix:
    """Similarities by number, as the rest of the package never has them; similarity_QG, finite."""

    cell_bytes = 2 * 8
    side_bytes = 8

    def __init__(self, similarity_QG: Tensor) -> None:
        check_embeddings("query", similarity_QG, of="similarities")
        self.similarity_QG = similarity_QG.detach()
        self.gallery, self.device = similarity_QG.shape[1], similarity_QG.device

    def block(self, rows: Numbers, cols: Numbers) -> Tensor:
        return self.similarity_QG[rows][:, cols].double()

    def pairs(self, rows_N: Tensor, cols_N: Tensor) -> Tensor:
        return self.similarity_QG[rows_N, cols_N].double()


def slow_query(
    similarities: Sequence[float], right: Sequence[int], grades: Sequence[float]
) -> tuple[int, float, float, float]:
    """Rank, average precision, nDCG and nDCG at 10 of one query: sort all candidates, at equal
    similarity wrong ones first and then the lower graded, and walk down the list."""
    grade_of = dict(zip(right, grades, strict=True))
    listed = sorted(
        range(len(similarities)), key=lambda item: (-similarities[item], grade_of.get(item, 0.0))
    )
    places = [place for place, item in enumerate(listed, start=1) if item in grade_of]
    precisions = [found / place for found, place in enumerate(places, start=1)]

    def gained(cut: int) -> float:
        best = sorted(grades, reverse=True)[:cut]
        ideal = sum(grade / math.log2(place + 1) for place, grade in enumerate(best, start=1))
        return (
            sum(
                grade_of.get(item, 0.0) / math.log2(place + 1)
                for place, item in enumerate(listed[:cut], start=1)
            )
            / ideal
        )

    return places[0], mean(precisions), gained(len(listed)), gained(10)


def slow_measures(rows: Sequence[Sequence[float]], answers: Answers) -> dict[str, float]:
    found = [
        slow_query(row, right, grades)
        for row, right, grades in zip(rows, answers.right, answers.grades, strict=True)
    ]
    ranks, precisions, gains, gains_cut = zip(*found, strict=True)
    return {
        **{f"recall_at_{k}": mean(float(rank <= k) for rank in ranks) for k in (1, 5, 10)},
        "mean_rank": mean(map(float, ranks)),
        "median_rank": float(median(ranks)),
        "mean_average_precision": mean(precisions),
        "ndcg": mean(gains),
        "ndcg_at_10": mean(gains_cut),
    }
