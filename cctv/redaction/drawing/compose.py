"""Paint a drawing on a picture, on its YUV planes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cctv.redaction.drawing.covers import Region, cover, fill_all, paste, region_of
from cctv.redaction.drawing.drawing import Colour, Drawing, Planes, Shape, Style

PLAIN: Colour = (41, 160, 118)


def compose(
    planes: Planes,
    drawing: Drawing,
    *,
    style: Style = "fill",
    plate: Planes | None = None,
    colour: Colour = PLAIN,
) -> Planes:
    """The picture as it may be seen; `planes` are written over where the base is the picture itself.

    `plate` must have the picture's size; without one the base of `shown` is plain `colour`. The planes that
    come back share no memory with `plate`. Raises ValueError for a shape that is not finite: to leave such a
    cover out would show what it hides.
    """
    if drawing.whole:
        fill_all(planes, colour)
        return planes
    if drawing.shown is not None:
        planes = _reveal(planes, drawing.shown, drawing.holes, plate, colour)
    cover(planes, drawing.covers, style, colour)
    cover(planes, drawing.solid, "fill", colour)
    return planes


def _reveal(
    planes: Planes, shown: Sequence[Shape], holes: Sequence[Shape], plate: Planes | None, colour: Colour
) -> Planes:
    base = _base(planes, plate, colour)
    there = [region for region in (region_of(shape, planes) for shape in shown) if region is not None]
    if not there:
        return base
    if len(there) == 1 and there[0].mask is None and not holes:
        paste(base, planes, there[0])
        return base
    paste(base, planes, _less(there, [region_of(shape, planes) for shape in holes]))
    return base


def _base(planes: Planes, plate: Planes | None, colour: Colour) -> Planes:
    if plate is None:
        base = Planes(np.empty_like(planes.y), np.empty_like(planes.u), np.empty_like(planes.v))
        fill_all(base, colour)
        return base
    if plate.size != planes.size or plate.u.shape != planes.u.shape:
        raise ValueError(f"a plate of {plate.size} does not fit a picture of {planes.size}")
    return Planes(plate.y.copy(), plate.u.copy(), plate.v.copy())


def _less(there: Sequence[Region], holes: Sequence[Region | None]) -> Region:
    """All of `there` without any sample that a hole touches, as one region."""
    x0, y0 = min(region.x0 for region in there), min(region.y0 for region in there)
    x1, y1 = max(region.x1 for region in there), max(region.y1 for region in there)
    mask = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    for region, value in [*((one, 255) for one in there), *((one, 0) for one in holes if one is not None)]:
        left, top = max(region.x0, x0), max(region.y0, y0)
        right, bottom = min(region.x1, x1), min(region.y1, y1)
        if left >= right or top >= bottom:
            continue
        part = mask[top - y0 : bottom - y0, left - x0 : right - x0]
        if region.mask is None:
            part[:] = value
        else:
            cut = region.mask[top - region.y0 : bottom - region.y0, left - region.x0 : right - region.x0]
            part[cut > 0] = value
    return Region(x0, y0, x1, y1, mask)
