"""The settings of a training for accuracy, part of a cell's id. No torch.

arXiv:2312.07395 trains in three stages: image and text, image to short video, short to long. Only
that order is the paper's; its steps, batches and learning rates are not known.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.recipes import Recipe

Convention = Literal["every_caption", "grouped_captions", "first_caption"]
CONVENTIONS: dict[Convention, str] = {
    # Source: ryankiros/visual-semantic-embedding, evaluation.py; albanie/collaborative-experts,
    # model/metric.py (v2t_metrics)
    "every_caption": (
        "V2T ranks a video among all captions, and its rank is that of its best-ranked caption; "
        "in T2V every caption is a query"
    ),
    # Source: ArrowLuo/CLIP4Clip, main_task_retrieval.py (multi_sentence, tensor_video_to_text_sim)
    "grouped_captions": (
        "V2T ranks a video among the videos' groups of captions, each as similar as its most "
        "similar caption; in T2V every caption is a query"
    ),
    # Source: m-bain/frozen-in-time, data_loader/MSRVTT_dataset.py (captions[0] in a test)
    "first_caption": "only the first caption of each video is used",
}
Feeds = Literal["images", "clips", "mixed"]
Objective = Literal["info_nce", "sigmoid"]
Schedule = Literal["cosine", "constant"]
Sampling = Literal["first", "uniform"]
Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, kw_only=True)
class StageConfig:
    """The settings of a stage that do not depend on the encoder.

    batch        pairs in the contrastive loss
    micro_batch  pairs embedded at a time, with cached gradients (GradCache); none: all
    images       weight of a batch of images in the loss of each step, next to the batch of clips
    drawn_from   in a stage on images alone: the frame is drawn from a clip of so many frames
    warmup       steps of linear growth of the learning rate, part of `steps`
    """

    __pydantic_config__ = STRICT

    name: Annotated[str, Field(min_length=1, pattern=r"^[a-z0-9_-]+$")]
    steps: Positive
    batch: Annotated[int, Field(ge=2)]
    micro_batch: Positive | None = None
    images: Share = 0.0
    drawn_from: Positive = 16
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    warmup: Annotated[int, Field(ge=0)] = 0
    schedule: Schedule = "cosine"
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    objective: Objective = "info_nce"

    def __post_init__(self) -> None:
        if self.warmup >= self.steps:
            raise ValueError(f"warmup {self.warmup} must be below steps {self.steps}")
        if self.micro_batch is not None and self.micro_batch > self.batch:
            raise ValueError(f"micro_batch {self.micro_batch} is more than batch {self.batch}")


@dataclass(frozen=True, kw_only=True)
class Stage(StageConfig):
    """One stage of one encoder.

    frames  of a clip; 1 is a stage on images: single frames, through the image embedding
    recipe  masking and adaptation of this stage
    """

    __pydantic_config__ = STRICT

    frames: Positive
    recipe: Recipe = field(default_factory=Recipe)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames == 1 and self.images:
            raise ValueError(
                "images above 0 needs frames above 1; a stage of 1 frame has images only"
            )

    @property
    def feeds(self) -> Feeds:
        """`images`: one frame of each clip. `mixed`: images and clips in every step."""
        if self.frames == 1:
            return "images"
        return "mixed" if self.images else "clips"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source of pairs: a task of the generated benchmark, or a file of annotations.

    name        `spatial`, `temporal`, `long`, or the format of the file (`msr-vtt`, `csv`)
    size        of a generated task: `small` or `large`
    noise       share of training captions that belong to another clip; none means 0
    file        annotations; `videos` is the folder of the files that they name
    convention  how a video with several captions is ranked (`CONVENTIONS`)
    paragraphs  all captions of a video as one query
    sha256      hash of captions and videos, so that edited ones make another cell
    """

    __pydantic_config__ = STRICT

    name: str
    size: str | None = None
    noise: Share | None = None
    split: str | None = None
    file: str | None = None
    videos: str | None = None
    allow_missing: bool = False
    convention: Convention = "every_caption"
    paragraphs: bool = False
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Training:
    """Stages one after another on the training pairs of all `sources`, mixed evenly.

    evaluate  what the trained encoder is evaluated on; empty for a stage that others continue
    sampling  frames of a clip: the `first` at the load's rate, or `uniform` over its whole length
    init      weights to start from: a local folder or file; `init_sha256` is the hash of its bytes
    allow     patterns of tensors of `init` that may be new or unused, such as `new:head.*`
    """

    __pydantic_config__ = STRICT

    sources: tuple[Source, ...]
    stages: tuple[Stage, ...]
    evaluate: tuple[Source, ...] = ()
    seed: Annotated[int, Field(ge=0)] = 0
    sampling: Sampling = "first"
    init: str | None = None
    init_sha256: str | None = None
    allow: tuple[str, ...] = ()
