"""Covers on YUV planes: where a shape lies, and plain colour, pixels or blur there.

Everything is laid out on the grid of the colour planes: a colour sample belongs to 2 x 2 pixels, so a cover
that ended between them would leave the colour of what it hides. Covers therefore grow outward to that grid.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.drawing.drawing import Colour, Plane, Planes, Shape, Style

_SHIFT = 4  # sub-pixel bits of OpenCV's polygons
_AROUND = np.ones((3, 3), dtype=np.uint8)
_FINEST = 1 / 48  # of the picture's height: no pixel of a cover is smaller than this
_COARSE = 2  # a cover is at most so many pixels across its short side


class Region(NamedTuple):
    """Rows y0..y1 and columns x0..x1 of the colour planes; `mask` (255 inside) or None for all of it."""

    x0: int
    y0: int
    x1: int
    y1: int
    mask: Plane | None = None


def region_of(shape: Shape, planes: Planes) -> Region | None:
    """Every colour sample that the shape touches; None when it lies off the picture."""
    width, height = planes.size
    rows, columns = planes.u.shape
    points = np.asarray(shape, dtype=np.float64)
    box = points.ndim == 1
    if box:
        points = np.array([[points[0], points[1]], [points[0] + points[2], points[1] + points[3]]])
    if not np.isfinite(points).all():
        raise ValueError("a shape has no place")
    if len(points) < 2:
        return None
    points = points.clip(-8, 9) * (width / 2, height / 2)
    # float32 boxes may end a hair beyond a pixel's edge: that is no touch
    low, high = np.floor(points.min(axis=0) + 1e-3), np.ceil(points.max(axis=0) - 1e-3)
    spare = 0 if box else 1  # room for the polygon's grown edge
    x0, y0 = (max(0, int(value) - spare) for value in low)
    x1, y1 = min(columns, int(high[0]) + spare), min(rows, int(high[1]) + spare)
    if x0 >= x1 or y0 >= y1:
        return None
    if box:
        return Region(x0, y0, x1, y1)
    mask = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    # the middle of the first sample is at half a sample, where OpenCV has 0
    fixed = np.rint((points - (x0 + 0.5, y0 + 0.5)) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_8, _SHIFT)
    mask[_inside(points - (x0, y0), *mask.shape)] = 255
    return Region(x0, y0, x1, y1, np.asarray(cv2.dilate(mask, _AROUND), dtype=np.uint8))


def _inside(points: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.bool_]:
    """The samples whose middle an outline goes around (non-zero winding), as a camera's masks are filled.

    OpenCV fills by even and odd: what an outline that crosses itself goes around twice it leaves open.
    """
    ends = np.roll(points, -1, axis=0)
    middle = np.arange(rows)[:, None] + 0.5
    up = (points[:, 1] <= middle) & (ends[:, 1] > middle)
    down = (ends[:, 1] <= middle) & (points[:, 1] > middle)
    row, edge = np.nonzero(up | down)
    start, way = points[edge], ends[edge] - points[edge]
    across = start[:, 0] + (middle[row, 0] - start[:, 1]) * way[:, 0] / way[:, 1]
    # what lies to the right of where an edge crosses its row is turned around once more, or once less
    column = np.ceil(across - 0.5).clip(0, columns).astype(np.intp)
    turns = np.zeros((rows, columns + 1), dtype=np.int32)
    np.add.at(turns, (row, column), np.where(up[row, edge], 1, -1))
    return np.asarray(turns.cumsum(axis=1)[:, :columns] != 0)


def luma_slices(region: Region, planes: Planes) -> tuple[slice, slice]:
    """Rows and columns of the luma plane under a region."""
    width, height = planes.size
    return slice(2 * region.y0, min(height, 2 * region.y1)), slice(2 * region.x0, min(width, 2 * region.x1))


def luma_mask(mask: Plane, rows: int, columns: int) -> Plane:
    """A mask of colour samples as one of the pixels under them."""
    return np.repeat(np.repeat(mask, 2, axis=0), 2, axis=1)[:rows, :columns]


def paste(target: Planes, source: Planes, region: Region) -> None:
    """Put the source's part under a region onto the target; both have the same size."""
    pixels = luma_slices(region, target)
    samples = slice(region.y0, region.y1), slice(region.x0, region.x1)
    if region.mask is None:
        target.y[pixels], target.u[samples], target.v[samples] = (
            source.y[pixels],
            source.u[samples],
            source.v[samples],
        )
        return
    inside = region.mask > 0
    there = target.y[pixels]
    np.copyto(there, source.y[pixels], where=luma_mask(region.mask, *there.shape) > 0)
    np.copyto(target.u[samples], source.u[samples], where=inside)
    np.copyto(target.v[samples], source.v[samples], where=inside)


def fill(planes: Planes, region: Region, colour: Colour) -> None:
    """Plain colour under a region."""
    pixels = luma_slices(region, planes)
    samples = slice(region.y0, region.y1), slice(region.x0, region.x1)
    if region.mask is None:
        planes.y[pixels], planes.u[samples], planes.v[samples] = colour
        return
    inside = region.mask > 0
    there = planes.y[pixels]
    there[luma_mask(region.mask, *there.shape) > 0] = colour[0]
    planes.u[samples][inside] = colour[1]
    planes.v[samples][inside] = colour[2]


def fill_all(planes: Planes, colour: Colour) -> None:
    """Plain colour everywhere."""
    for plane, value in zip((planes.y, planes.u, planes.v), colour, strict=True):
        plane[:] = value


def _block(region: Region, planes: Planes) -> int:
    """Side of one cover pixel, in colour samples: never finer than a head's size of far people."""
    short = min(region.x1 - region.x0, region.y1 - region.y0)
    return max(4, int(planes.y.shape[0] * _FINEST / 2), -(-short // _COARSE))


def _coarse(plane: Plane, span: tuple[int, int, int, int], block: int, smooth: bool) -> Plane:
    """Columns x0..x1 and rows y0..y1 of a plane at a grid of `block`, which is fixed to the picture."""
    x0, y0, x1, y1 = span
    left, top = x0 // block * block, y0 // block * block
    right, bottom = -(-x1 // block) * block, -(-y1 // block) * block
    part = plane[top : min(bottom, plane.shape[0]), left : min(right, plane.shape[1])]
    missing = (bottom - top - part.shape[0], right - left - part.shape[1])
    if any(missing):
        part = np.pad(part, ((0, missing[0]), (0, missing[1])), mode="edge")
    few: Plane | NDArray[Any] = cv2.resize(
        part, ((right - left) // block, (bottom - top) // block), interpolation=cv2.INTER_AREA
    )
    if smooth:
        few = cv2.blur(few, (3, 3), borderType=cv2.BORDER_REPLICATE)
    kind = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    many = cv2.resize(few, (right - left, bottom - top), interpolation=kind)
    return np.asarray(many[y0 - top : y1 - top, x0 - left : x1 - left], dtype=np.uint8)


def coarsen(planes: Planes, region: Region, *, smooth: bool) -> None:
    """Large pixels under a region, or with `smooth` a blur that holds no more than those."""
    block = _block(region, planes)
    for plane, scale in ((planes.y, 2), (planes.u, 1), (planes.v, 1)):
        rows, columns = plane.shape
        x0, y0 = region.x0 * scale, region.y0 * scale
        x1, y1 = min(columns, region.x1 * scale), min(rows, region.y1 * scale)
        new = _coarse(plane, (x0, y0, x1, y1), block * scale, smooth)
        if region.mask is None:
            plane[y0:y1, x0:x1] = new
        else:
            mask = region.mask if scale == 1 else luma_mask(region.mask, y1 - y0, x1 - x0)
            np.copyto(plane[y0:y1, x0:x1], new, where=mask > 0)


def cover(planes: Planes, shapes: Iterable[Shape], style: Style, colour: Colour) -> None:
    """Cover all shapes in a style, in place."""
    for shape in shapes:
        region = region_of(shape, planes)
        if region is None:
            continue
        if style == "fill":
            fill(planes, region, colour)
        else:
            coarsen(planes, region, smooth=style == "blur")


# Limited-range BT.601 colours that no scene is full of; the first ones are the quieter ones.
_CANDIDATES: tuple[Colour, ...] = (
    (41, 160, 118),  # deep blue
    (54, 166, 166),  # violet
    (72, 110, 190),  # dark red
    (96, 100, 92),  # green
    (92, 182, 182),  # purple
    (120, 76, 196),  # orange
    (150, 178, 62),  # cyan
    (196, 44, 140),  # yellow
)
_NEAR = 48.0  # a distance in YUV that nobody mistakes


def colour_for(pixels: NDArray[np.uint8]) -> Colour:
    """The quietest cover colour that lies far from a scene's colours; `pixels` (..., 3) RGB."""
    if pixels.size == 0:
        return _CANDIDATES[0]
    flat = np.ascontiguousarray(pixels.reshape(-1, 1, 3))
    scene = to_yuv(flat).reshape(-1, 3).astype(np.float32)
    apart = []
    for candidate in _CANDIDATES:
        distance = np.linalg.norm(scene - np.array(candidate, dtype=np.float32), axis=1)
        apart.append(float(np.quantile(distance, 0.01)))
    for candidate, distance_ in zip(_CANDIDATES, apart, strict=True):
        if distance_ >= _NEAR:
            return candidate
    return _CANDIDATES[int(np.argmax(apart))]


def to_yuv(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """RGB (h, w, 3) as limited-range BT.601 Y, U, V (h, w, 3), as recorders' pictures mostly are."""
    values = rgb.astype(np.float32)
    matrix = np.array(
        [[65.738, 129.057, 25.064], [-37.945, -74.494, 112.439], [112.439, -94.154, -18.285]],
        dtype=np.float32,
    )
    return np.asarray(values @ (matrix.T / 256) + np.array([16, 128, 128], dtype=np.float32))
