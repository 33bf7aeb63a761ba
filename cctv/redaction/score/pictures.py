"""Pictures of a file, one by one, as brightness 0..255 at the source's size; nothing is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.score.errors import ScoreError

Luma = NDArray[np.uint8]
Source = Path | bytes  # a file, or its content
DECODER_THREADS = 2
# How far two shapes may differ and still be the same picture: encoders round sizes to even numbers.
SHAPE_SLACK = 0.02
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_STRETCH = np.clip(np.round((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)


def name_of(source: Source) -> str:
    """What to call it in an error."""
    return source.name if isinstance(source, Path) else "the file"


def read(source: Source) -> Iterator[tuple[Luma, float | None]]:
    """Every picture and its time in ms (None where the file does not say), in the order of showing.

    Raises:
        ScoreError: `unreadable_video`, `no_pictures`.
    """
    count = 0
    try:
        with av.open(str(source) if isinstance(source, Path) else io.BytesIO(source), "r") as container:
            streams: Any = container.streams.video
            if not streams:
                raise ScoreError("no_pictures", file=name_of(source))
            stream = streams[0]
            stream.codec_context.thread_count = DECODER_THREADS
            for frame in container.decode(stream):
                count += 1
                yield _luma(frame), None if frame.time is None else frame.time * 1000
    except (av.FFmpegError, OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ScoreError("unreadable_video", file=name_of(source), why=why) from error
    if not count:
        raise ScoreError("no_pictures", file=name_of(source))


def size_of(source: Source) -> tuple[int, int]:
    """(width, height) of its first picture."""
    pictures = read(source)
    luma, _at = next(pictures)
    pictures.close()  # type: ignore[attr-defined]
    return luma.shape[1], luma.shape[0]


def fitted(luma: Luma, width: int, height: int) -> Luma:
    """A picture of an output, brought to the source's size.

    Raises:
        ScoreError: `shapes_differ` when it is cropped or stretched rather than scaled.
    """
    high, wide = luma.shape
    if (wide, high) == (width, height):
        return luma
    if abs(wide / high / (width / height) - 1) > SHAPE_SLACK:
        raise ScoreError("shapes_differ", output=f"{wide} x {high}", source=f"{width} x {height}")
    how = cv2.INTER_AREA if wide > width else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(luma, (width, height), interpolation=how), np.uint8)


def _luma(frame: Any) -> Luma:
    if not frame.format.name.startswith(("yuv4", "yuvj4", "nv12", "gray")) or _deep(frame):
        frame = frame.reformat(format="yuv420p")
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
    full = frame.color_range == _FULL_RANGE or frame.format.name.startswith(("yuvj", "gray"))
    return np.array(rows) if full else np.asarray(_STRETCH[rows], np.uint8)


def _deep(frame: Any) -> bool:
    return any(component.bits > 8 for component in frame.format.components)
