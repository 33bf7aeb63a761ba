"""The sharp scene in the child: some pictures of the span, less whoever is in them, and their median."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.masking import fill
from cctv.redaction.child.plain import to_drawing
from cctv.redaction.drawing.covers import cover, region_of
from cctv.redaction.drawing.drawing import Planes
from cctv.redaction.drawing.plate import SharpPlate
from cctv.redaction.pipeline import planes_of
from cctv.sites.masks import polygons

# What is drawn with it travels in a header of at most 4 MiB, as text.
MOST_BYTES = 2_500_000
# The first that makes it small enough.
QUALITIES = (90, 80, 65, 50, 35, 20)


class Still:
    """The scene that all pictures have in common, with the masks drawn in."""

    def __init__(self, header: dict[str, Any]) -> None:
        """`header`: width, height (even), most, least, colour, solid (a drawing), masks (the camera's)."""
        self._size = header["width"], header["height"]
        self._plate = SharpPlate(header["most"], header["least"])
        self._solid = to_drawing(header["solid"]).solid
        y, u, v = (int(value) for value in header["colour"])
        self._colour = y, u, v
        self._masks = polygons.read(header["masks"])
        self.pictures = 0

    def add(self, frame: Any, stands: dict[str, Any]) -> None:
        """A decoded picture, and what in it is not the scene.

        Its own brightness and colours stay as they are coded, so that the subject looks as if it stood there.
        """
        planes = planes_of(frame.reformat(*self._size, "yuv420p", dst_color_range="MPEG"))
        covered = np.zeros(planes.u.shape, np.bool_)
        for shape in to_drawing(stands).covers:
            region = region_of(shape, planes)
            if region is not None:
                part = covered[region.y0 : region.y1, region.x0 : region.x1]
                part |= True if region.mask is None else region.mask > 0
        yuv = np.dstack([planes.y, _twice(planes.u), _twice(planes.v)])
        self._plate.add(yuv, _twice(covered))
        self.pictures += 1

    def made(self) -> tuple[bytes, int]:
        """The JPEG, and how much of it is coarse, in permille. ValueError without any picture."""
        scene, known = self._plate.result()
        y, u, v = (np.ascontiguousarray(scene[::step, ::step, n]) for n, step in enumerate((1, 2, 2)))
        cover(Planes(y, u, v), self._solid, "fill", self._colour)
        rows = [y.reshape(-1), u.reshape(-1), v.reshape(-1)]
        i420 = np.concatenate(rows).reshape(y.shape[0] * 3 // 2, y.shape[1])
        bgr = np.asarray(cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420), np.uint8)
        fill(bgr, self._masks)
        return _encoded(bgr), round(1000 * (1 - float(known.mean())))


def _twice(plane: NDArray[Any]) -> NDArray[Any]:
    return plane.repeat(2, axis=0).repeat(2, axis=1)


def _encoded(bgr: NDArray[np.uint8]) -> bytes:
    for quality in QUALITIES:
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done and len(data) <= MOST_BYTES:
            return bytes(data)
    raise ValueError("no JPEG that is small enough could be made")
