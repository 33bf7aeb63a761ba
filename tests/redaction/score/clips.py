"""A generated scene with people in it, and what tools might make of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.score import geometry
from cctv.redaction.score.truth import PixelBox, Region, Truth

WIDTH, HEIGHT, FRAMES = 320, 240, 24
Picture = NDArray[np.uint8]
# name -> (left, top, width, height at the start; pixels to the right in each picture)
PEOPLE: dict[str, tuple[PixelBox, float]] = {
    "far": ((20.0, 60.0, 36.0, 90.0), 6.0),
    "near": ((220.0, 62.0, 44.0, 120.0), -5.0),
}


@cache
def scene() -> Picture:
    """A wall and a floor with something on them to see, as no camera's picture is flat."""
    noise = np.random.default_rng(7).integers(0, 255, (HEIGHT // 4, WIDTH // 4), np.uint8)
    rough = cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    steps = np.linspace(90, 170, HEIGHT, dtype=np.float32)[:, None]
    return np.clip(steps + (rough - 128) * 0.25, 0, 255).astype(np.uint8)


def truth(people: dict[str, tuple[PixelBox, float]] = PEOPLE, frames: int = FRAMES) -> Truth:
    """Where everybody is."""
    at = {
        frame: tuple(
            Region(name, "person", (box[0] + speed * frame, *box[1:]))
            for name, (box, speed) in people.items()
        )
        for frame in range(frames)
    }
    return Truth(at, (WIDTH, HEIGHT))


def source(known: Truth | None = None, *, scene_of: Picture | None = None, hair: int = 25) -> list[Picture]:
    """The scene with everybody in it, the farthest first."""
    known = known or truth()
    pictures = []
    for frame in sorted(known.frames):
        picture = (scene() if scene_of is None else scene_of).copy()
        for region in sorted(known.at(frame), key=lambda each: each.box[1] + each.box[3]):
            _draw(picture, region, hair)
        pictures.append(picture)
    return pictures


def _draw(picture: Picture, region: Region, hair: int) -> None:
    left, top, width, height = region.box
    shade = 40 + 60 * (len(region.identity) % 2)
    body = (round(left + width * 0.15), round(top + height * 0.18))
    cv2.rectangle(picture, body, (round(left + width * 0.85), round(top + height)), shade, -1)
    middle, head = (round(left + width / 2), round(top + height * 0.1)), round(height * 0.1)
    cv2.ellipse(picture, middle, (round(width * 0.26), head), 0, 0, 360, 200, -1)
    cv2.ellipse(picture, middle, (round(width * 0.26), head), 0, 180, 360, hair, -1)
    for side in (-1, 1):
        cv2.circle(picture, (middle[0] + side * round(width * 0.1), middle[1] + 3), 1, 40, -1)


def on_heads(
    pictures: list[Picture],
    known: Truth,
    cover: Callable[[Picture], Picture | int],
    *,
    but: str | None = None,
    grow: float = 1.5,
    right: float = 0.0,
) -> list[Picture]:
    """`cover` put over every head's region; `right` moves the cover by so many widths of the region."""
    made = []
    for frame, picture in enumerate(pictures):
        picture = picture.copy()
        for region in known.at(frame):
            box = geometry.judged_box(region)
            if region.identity == but or box is None:
                continue
            x, y = box[0] + box[2] * (0.5 + right), box[1] + box[3] / 2
            rows = slice(max(0, round(y - box[3] * grow / 2)), max(0, round(y + box[3] * grow / 2)))
            columns = slice(max(0, round(x - box[2] * grow / 2)), max(0, round(x + box[2] * grow / 2)))
            if picture[rows, columns].size:
                picture[rows, columns] = cover(picture[rows, columns])
        made.append(picture)
    return made


def encoded(
    pictures: list[Picture],
    *,
    crf: int = 18,
    size: tuple[int, int] | None = None,
    at: Sequence[int] | None = None,
    **options: str,
) -> bytes:
    """As an MP4 file in memory; `at`: the tenth of a second in which each picture begins."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as output:
        stream: Any = output.add_stream("libx264", rate=10)
        stream.height, stream.width = pictures[0].shape if size is None else size[::-1]
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "veryfast", "crf": str(crf), "threads": "1", **options}
        for number, picture in enumerate(pictures):
            if size is not None:
                picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(
                format="yuv420p", src_color_range="JPEG", dst_color_range="MPEG"
            )
            frame.pts = number if at is None else at[number]
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return sink.getvalue()
