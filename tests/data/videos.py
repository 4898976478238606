"""Video files for tests whose pixels encode the number of their frame."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_numbers(
    path: Path,
    count: int,
    rate: Fraction = Fraction(5),
    size: tuple[int, int] = (64, 64),
    times: Callable[[int], int] | None = None,
    sound_s: int = 0,
    **of_the_file: str,
) -> Path:
    """A video whose frame n is grey of value 5 n; `times` gives milliseconds of odd rates.

    Steps of 5, since the conversion to YUV and back moves a grey by up to 2. `sound_s` seconds of
    silence beside the pictures, none without.
    """
    with av.open(path, "w", options=of_the_file) as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"crf": "0", "preset": "ultrafast", "g": "5"}
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        sound = container.add_stream("aac", rate=8000, layout="mono") if sound_s else None
        for number in range(count):
            grey = np.full((size[1], size[0], 3), 5 * number % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times(number), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
            silence.rate = 8000
            for second in range(sound_s):
                silence.pts = 8000 * second
                container.mux(sound.encode(silence))
            container.mux(sound.encode(None))
    return path


def numbers(frames: np.ndarray) -> list[int]:
    return [round(float(frame.mean()) / 5) for frame in frames]
