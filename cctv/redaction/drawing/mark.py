"""A mark that is laid over pictures, half see-through: whose copy it is. A block of letters, in some places.

The letters are light with a dark rim, so that they are read on what is light and on what is dark. Only the
brightness of a picture is changed.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cctv.redaction.drawing.drawing import Plane

MOST_PIXELS = 1920 * 1088
MOST_PLACES = 32


@dataclass(frozen=True, eq=False)
class Mark:
    """`keeps`: how much of the picture stays (of 255), `adds`: what is added to it; both of the block's size.
    `places`: (top, left) of each, in pixels, within the picture."""

    keeps: Plane
    adds: Plane
    places: tuple[tuple[int, int], ...]

    def plain(self) -> dict[str, Any]:
        """For the pipe."""
        height, width = self.keeps.shape
        return {
            "width": width, "height": height, "places": [list(each) for each in self.places],
            "keeps": _packed(self.keeps), "adds": _packed(self.adds),
        }  # fmt: skip


def read(said: Mapping[str, Any]) -> Mark:
    """The mark again; ValueError, KeyError for anything else."""
    width, height = int(said["width"]), int(said["height"])
    if not 0 < width * height <= MOST_PIXELS or len(said["places"]) > MOST_PLACES:
        raise ValueError("no mark")
    keeps, adds = (_unpacked(said[name], width, height) for name in ("keeps", "adds"))
    return Mark(keeps, adds, tuple((int(top), int(left)) for top, left in said["places"]))


def lay(mark: Mark, plane: Any) -> None:
    """Lay it over one plane (h, w) or a picture (h, w, colours), in place; what would reach over the edge
    is left out."""
    height, width = mark.keeps.shape
    for top, left in mark.places:
        part = plane[top : top + height, left : left + width]
        keeps, adds = (each[: part.shape[0], : part.shape[1]] for each in (mark.keeps, mark.adds))
        if part.ndim == 3:
            keeps, adds = keeps[..., None], adds[..., None]
        part[:] = (part * keeps.astype(np.uint16) + 127) // 255 + adds


def _packed(plane: Plane) -> str:
    return base64.b64encode(zlib.compress(plane.tobytes())).decode()


def _unpacked(text: str, width: int, height: int) -> Plane:
    data = zlib.decompressobj().decompress(base64.b64decode(text), width * height)
    return np.frombuffer(data, np.uint8).reshape(height, width)
