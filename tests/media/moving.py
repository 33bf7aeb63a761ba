"""Small films of a square that comes and goes before a textured wall, for what tells motion."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.media.clips import FORMATS, _video_stream

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]


def wall(width: int, height: int) -> Picture:
    """A grey wall with stripes and a bright window: `height` x `width`, 40..200."""
    x, y = np.arange(width) / width, (np.arange(height) / height)[:, None]
    picture = 90 + 25 * np.sin(40 * x) + 20 * np.cos(25 * y)
    picture[(y > 0.2) & (y < 0.4) & (x > 0.7) & (x < 0.85)] = 190
    return picture.astype(np.uint8)


def with_square(picture: Picture, box: Box | None, brightness: int = 240) -> Picture:
    """The picture with a bright box: left, top, right, bottom in 0..1; None: as it is."""
    made = picture.copy()
    if box is not None:
        high, wide = made.shape
        left, top, right, bottom = box
        made[round(top * high) : round(bottom * high), round(left * wide) : round(right * wide)] = brightness
    return made


def noisy(picture: Picture, sigma: float, seed: int) -> Picture:
    """The picture with a sensor's noise."""
    grain = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def filmed(
    pictures: Iterable[Picture],
    *,
    fps: int = 5,
    gop: int = 10,
    codec: str = "h264",
    container: str = "mp4",
    aspect: Fraction | None = None,
) -> bytes:
    """Grey pictures of one size as a file, two B-frames between others; `aspect`: of its pixels."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=FORMATS[container]) as output:
        stream = None
        for number, picture in enumerate(pictures):
            high, wide = picture.shape
            if stream is None:
                stream = _video_stream(output, codec, fps, gop, 2, (wide, high), "ultrafast", False)
                if aspect is not None:
                    stream.codec_context.sample_aspect_ratio = aspect
            frame = av.VideoFrame.from_ndarray(picture, format="gray")
            frame = frame.reformat(format="yuvj420p" if codec == "mjpeg" else "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            output.mux(stream.encode(frame))
        assert stream is not None
        output.mux(stream.encode(None))
    return sink.getvalue()


def film_of_square(
    *, seconds: int, shown: dict[int, Box], size: tuple[int, int] = (320, 180), fps: int = 5, **options: Any
) -> bytes:
    """A film in which the square is at `shown[s]` during second s, and nowhere in the others."""
    still = wall(*size)
    return filmed(
        (with_square(still, shown.get(number // fps)) for number in range(seconds * fps)), fps=fps, **options
    )
