"""Drawings as JSON and back, for the pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cctv.redaction.drawing.drawing import Drawing, Shape

_LAYERS = ("holes", "covers", "solid")


def of_drawing(drawing: Drawing) -> dict[str, Any]:
    """JSON-ready; `shown` is left out where the base is the picture itself."""
    if drawing.whole:
        return {"whole": True}
    said: dict[str, Any] = {name: [_plain(shape) for shape in getattr(drawing, name)] for name in _LAYERS}
    if drawing.shown is not None:
        said["shown"] = [_plain(shape) for shape in drawing.shown]
    return said


def to_drawing(said: Mapping[str, Any]) -> Drawing:
    """The drawing again; ValueError, KeyError, TypeError for anything else."""
    if said.get("whole"):
        return Drawing(whole=True)
    holes, covers, solid = (tuple(_shape(each) for each in said[name]) for name in _LAYERS)
    shown = tuple(_shape(each) for each in said["shown"]) if "shown" in said else None
    return Drawing(shown=shown, holes=holes, covers=covers, solid=solid)


def _plain(shape: Shape) -> list[Any]:
    if isinstance(shape, tuple):
        return [float(value) for value in shape]
    return [[float(x), float(y)] for x, y in shape]


def _shape(said: Sequence[Any]) -> Shape:
    if isinstance(said[0], list):
        return np.asarray(said, np.float32).reshape(-1, 2)
    x, y, w, h = (float(value) for value in said)
    return x, y, w, h
