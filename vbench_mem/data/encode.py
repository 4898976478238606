"""Writes pictures to an H.264 file. No torch."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def write_video(
    path: Path, pictures: Iterable[NDArray[np.uint8]], fps: int, options: Mapping[str, str]
) -> None:
    """Write at least one picture, each (H, W, 3) with even sides; `options` are x264's."""
    rest = iter(pictures)
    first = next(rest)
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps))
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = dict(options)
        for picture in chain([first], rest):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
