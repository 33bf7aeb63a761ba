"""What is drawn on one picture, in portions of it: the contract between who decides and who paints.

Shapes are boxes (x, y, w, h) or polygons (k points x, y), in portions of the picture 0..1; both may reach
over its edge. Painting order: base (the picture, or the plate with the `shown` parts of the picture on it),
then `holes` (the plate again), `covers` in the redaction's style, and `solid` covers in plain colour.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.tracks.boxes import Box

Polygon = NDArray[np.float32]
Shape = Box | Polygon
Style = Literal["fill", "pixelate", "blur"]
Colour = tuple[int, int, int]  # Y, U, V, limited range
Plane = NDArray[np.uint8]


@dataclass(frozen=True)
class Planes:
    """A picture as yuv420p: y (h, w); u and v (ceil(h / 2), ceil(w / 2))."""

    y: Plane
    u: Plane
    v: Plane

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.y.shape[1]), int(self.y.shape[0])


@dataclass(frozen=True, eq=False)
class Drawing:
    """How one picture is changed; with `whole` nothing of it is shown at all.

    `shown` None: the base is the picture itself. Else the base is the plate (or plain colour, without one)
    and only these parts of the picture are put on it, less the `holes`. An empty `shown` shows none of it.
    """

    whole: bool = False
    shown: tuple[Shape, ...] | None = None
    holes: tuple[Shape, ...] = ()
    covers: tuple[Shape, ...] = ()
    solid: tuple[Shape, ...] = ()  # plain whatever the style: burnt-in names, screens

    def digest(self) -> bytes:
        """32 bytes that differ when the drawing does."""
        seen = hashlib.sha256(b"whole" if self.whole else b"part")
        layers = {"shown": self.shown, "holes": self.holes, "covers": self.covers, "solid": self.solid}
        for name, shapes in layers.items():
            seen.update(f"{name}:{'-' if shapes is None else len(shapes)};".encode())
            for shape in shapes or ():
                points = np.asarray(shape, dtype="<f4")
                seen.update(f"{points.shape}".encode() + points.tobytes())
        return seen.digest()


NOTHING = Drawing(whole=True)
