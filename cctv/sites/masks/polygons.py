"""Privacy masks as polygons of a picture: read, checked, compared. Pure: the converting child imports it too.

A camera's masks are a list of polygons, each a list of [x, y] in 0..1 of the picture, x to the right and y
down. They are filled by the non-zero winding rule, so where an outline crosses itself more is covered,
never less.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Polygon = tuple[Point, ...]
Masks = tuple[Polygon, ...]
Grid = NDArray[np.bool_]

MOST_MASKS = 16
FEWEST_POINTS, MOST_POINTS = 3, 32
# A ten-thousandth of the picture: a fifth of a pixel at 1920.
PLACES = 4
# Twice the area of the thinnest triangle that is taken for one.
FLAT = 1e-4
# What the motion facts are told in (cctv.footage.motion).
MOTION_COLUMNS, MOTION_ROWS = 16, 9
# How finely two sets of masks are compared: four cells to each block of 16 pixels at 1920 x 1080.
FINE_COLUMNS, FINE_ROWS = 480, 270
VERSION_CHARS = 12


class BadMasks(ValueError):
    """Not masks; `code` says why, `mask` is the number of the polygon (from 1; 0: all of them)."""

    def __init__(self, code: str, mask: int = 0) -> None:
        """`code`: not_a_list, too_many, points, outside, flat."""
        super().__init__(f"{code} ({mask})")
        self.code = code
        self.mask = mask


def read(value: Any) -> Masks:
    """Masks out of what a register or a form holds, rounded to PLACES; BadMasks unless all of it is sound.

    3 to 32 points each, at most 16 polygons, every number in 0..1, and no outline that is only a line.
    """
    if not isinstance(value, (list, tuple)):
        raise BadMasks("not_a_list")
    if len(value) > MOST_MASKS:
        raise BadMasks("too_many")
    return tuple(_polygon(each, number) for number, each in enumerate(value, start=1))


def plain(masks: Masks) -> list[list[list[float]]]:
    """The masks as JSON keeps them."""
    return [[[x, y] for x, y in polygon] for polygon in masks]


def clipped(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """The part of a polygon that lies in the picture (Sutherland and Hodgman 1974); empty when none does."""
    found = [(float(x), float(y)) for x, y in points]
    for axis, edge, inside in ((0, 0.0, 1), (0, 1.0, -1), (1, 0.0, 1), (1, 1.0, -1)):
        given, found = found, []
        for before, after in zip([*given[-1:], *given[:-1]], given, strict=True):
            was, now = ((each[axis] - edge) * inside >= 0 for each in (before, after))
            if was != now:
                share = (edge - before[axis]) / (after[axis] - before[axis])
                cut = [one + share * (other - one) for one, other in zip(before, after, strict=True)]
                cut[axis] = edge
                found.append((cut[0], cut[1]))
            if now:
                found.append(after)
    return [(min(1.0, max(0.0, x)), min(1.0, max(0.0, y))) for x, y in found]


def version(masks: Masks) -> str:
    """A short name of exactly these masks; "" for none."""
    if not masks:
        return ""
    return hashlib.sha256(json.dumps(plain(masks)).encode()).hexdigest()[:VERSION_CHARS]


@lru_cache(maxsize=64)
def covered(masks: Masks, wide: float, high: float, cell: float = 1.0, margin: float = 0.0) -> Grid:
    """Which cells of a picture `wide` x `high` the masks touch, rows first; the last cells may stick out.

    Cells are squares of `cell`. A cell counts as touched when any of its inside, grown by `margin` on each
    side, lies in a polygon or on its outline: rounding is always outward. Do not write to the answer.
    """
    columns, rows = math.ceil(wide / cell), math.ceil(high / cell)
    left = np.arange(columns)[None, :] * cell - margin
    top = np.arange(rows)[:, None] * cell - margin
    right, bottom = left + cell + 2 * margin, top + cell + 2 * margin
    grid = np.zeros((rows, columns), np.bool_)
    for polygon in masks:
        points = [(x * wide, y * high) for x, y in polygon]
        winding = np.zeros((rows, columns), np.int32)
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
            # An edge concerns no cell above or below it, and crosses none beside it.
            tall, broad = _around(y0, y1, cell, margin), _around(x0, x1, cell, margin)
            upper, lower = top[tall], bottom[tall]
            grid[tall, broad] |= _crosses(
                x0, y0, x1 - x0, y1 - y0, left[:, broad], right[:, broad], upper, lower
            )
            winding[tall] += _turns(x0, y0, x1, y1, (left + right) / 2, (upper + lower) / 2)
        grid |= winding != 0
    grid.setflags(write=False)
    return grid


def masked_cells(masks: Masks) -> frozenset[tuple[int, int]]:
    """(column, row) of each cell of the 16 x 9 motion grid that a mask touches: nothing is searched there."""
    rows, columns = np.nonzero(_unit_grid(masks, MOTION_COLUMNS, MOTION_ROWS))
    return frozenset(zip(columns.tolist(), rows.tolist(), strict=True))


def uncovers(old: Masks, new: Masks) -> bool:
    """Whether the new masks leave open what the old ones cover, however little."""
    was = _unit_grid(old, FINE_COLUMNS, FINE_ROWS)
    return bool((was & ~_unit_grid(new, FINE_COLUMNS, FINE_ROWS)).any())


def portion(masks: Masks) -> float:
    """How much of the picture is covered, 0..1, overlaps counted once."""
    return float(_unit_grid(masks, FINE_COLUMNS, FINE_ROWS).mean())


def _unit_grid(masks: Masks, columns: int, rows: int) -> Grid:
    """Cells of a picture divided into columns and rows, whatever its proportions."""
    return covered(masks, columns, rows)


def _around(start: float, end: float, cell: float, margin: float) -> slice:
    """The cells between two places, with one more on either side."""
    low, high = min(start, end) - margin, max(start, end) + margin
    return slice(max(0, int(low // cell) - 1), max(0, int(high // cell) + 2))


def _crosses(
    x: float, y: float, dx: float, dy: float, left: Any, right: Any, top: Any, bottom: Any
) -> NDArray[np.bool_]:
    """Cells whose open inside the stretch from (x, y) by (dx, dy) runs through (Liang and Barsky 1984)."""
    first, last = np.zeros(np.broadcast(left, top).shape), np.ones(np.broadcast(left, top).shape)
    for start, step, low, high in ((x, dx, left, right), (y, dy, top, bottom)):
        if step == 0:
            last = np.where((start > low) & (start < high), last, -1.0)
            continue
        near, far = (low - start) / step, (high - start) / step
        first = np.maximum(first, np.minimum(near, far))
        last = np.minimum(last, np.maximum(near, far))
    return np.asarray(first < last)


def _turns(x0: float, y0: float, x1: float, y1: float, px: Any, py: Any) -> NDArray[np.int32]:
    """What an edge adds to the winding number around each point (px, py)."""
    side = (x1 - x0) * (py - y0) - (px - x0) * (y1 - y0)
    up, down = (y0 <= py) & (y1 > py) & (side > 0), (y0 > py) & (y1 <= py) & (side < 0)
    return np.asarray(up.astype(np.int32) - down.astype(np.int32))


def _polygon(value: Any, number: int) -> Polygon:
    if not isinstance(value, (list, tuple)) or not FEWEST_POINTS <= len(value) <= MOST_POINTS:
        raise BadMasks("points", number)
    points = tuple(_point(each, number) for each in value)
    if _in_line(points):
        raise BadMasks("flat", number)
    return points


def _point(value: Any, number: int) -> Point:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise BadMasks("points", number)
    if any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in value):
        raise BadMasks("points", number)
    x, y = (float(each) for each in value)
    if not (0 <= x <= 1 and 0 <= y <= 1):  # no comparison holds for a NaN
        raise BadMasks("outside", number)
    return round(x, PLACES), round(y, PLACES)


def _in_line(points: Polygon) -> bool:
    (x0, y0), *others = points
    x1, y1 = max(others, key=lambda point: math.dist(point, (x0, y0)))
    return all(abs((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) < FLAT for x, y in others)
