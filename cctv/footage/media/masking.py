"""Privacy masks drawn into pictures: what lies under a polygon does not leave, at its edges neither.

Masks are filled in whole blocks of 16 pixels, the macroblock of H.264 and the unit of a 4:2:0 JPEG, each
grown by a margin before it is asked whether a polygon touches it. Whatever mixes neighbouring pixels on the
way (deblocking and chroma of the source, scaling, the JPEG of a small picture) reaches less far than that.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.errors import MediaError
from cctv.sites.masks.polygons import Masks, covered

BLOCK = 16
# Deblocking changes three pixels beside a block's border, chroma filters see four.
MARGIN = 4
# One flat colour that no camera makes by itself: neither black, nor the grey of a decoder that lost data.
BGR = (122, 74, 84)
YUV = (87, 148, 129)
JPEG_QUALITY = 80

Rectangle = tuple[int, int, int, int]


@lru_cache(maxsize=64)
def rectangles(masks: Masks, width: int, height: int) -> tuple[Rectangle, ...]:
    """(top, bottom, left, right) in pixels of what is filled in a picture of this size; none overlap."""
    found: list[Rectangle] = []
    open_runs: dict[tuple[int, int], int] = {}
    grid = covered(masks, width, height, BLOCK, MARGIN)
    for row in range(len(grid) + 1):
        runs = set(_runs(grid[row])) if row < len(grid) else set()
        for left, right in sorted(set(open_runs) - runs):
            top = open_runs.pop((left, right))
            found.append((top * BLOCK, min(row * BLOCK, height), left * BLOCK, min(right * BLOCK, width)))
        for run in runs - set(open_runs):
            open_runs[run] = row
    return tuple(found)


def for_encoder(frame: Any, width: int, height: int, masks: Masks) -> Any:
    """A decoded frame as the encoder takes it (4:2:0, 8 bit, limited range), with the masks drawn in.

    Drawn before it is made smaller, so that nothing masked is mixed into what is left open. The decoder's own
    picture, from which it predicts others, stays as it is.
    """
    if masks:
        frame = frame.reformat(frame.width, frame.height, "yuv420p", dst_color_range="MPEG")
        frame.make_writable()
        fill_planes(frame, masks)
    return frame.reformat(width, height, "yuv420p", dst_color_range="MPEG")


def fill(picture: NDArray[np.uint8], masks: Masks) -> None:
    """Draw the masks into a BGR picture (height x width x 3), in place."""
    height, width = picture.shape[:2]
    for top, bottom, left, right in rectangles(masks, width, height):
        picture[top:bottom, left:right] = BGR


def masked_jpeg(jpeg: bytes, masks: Masks) -> bytes:
    """The JPEG with the masks drawn in; as it is without any. Raises MediaError `no_picture`."""
    if not masks:
        return jpeg
    picture: Any = cv2.imdecode(
        np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    )
    if picture is None:
        raise MediaError("no_picture")
    fill(picture, masks)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise MediaError("no_picture")
    return data.tobytes()


def fill_planes(frame: Any, masks: Masks) -> None:
    """Draw the masks into a writable yuv420p frame, in place."""
    for number, (plane, colour) in enumerate(zip(frame.planes, YUV, strict=True)):
        pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        shrink = 2 if number else 1
        for top, bottom, left, right in rectangles(masks, frame.width, frame.height):
            high, wide = -(-bottom // shrink), -(-right // shrink)
            pixels[top // shrink : high, left // shrink : wide] = colour


def _runs(row: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, stop) of each stretch of true cells."""
    edges = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
