"""Whether the output still carries the source at a pixel.

Not by equality: compression changes every pixel, and a black cover equals black hair. Asked is instead, in a
small window around the pixel, how much of the source's *detail* the output repeats: the output is explained
by the source, by the empty scene and by a constant (least squares), and the source's slope is its share.

    untouched              1, and still most of it after strong compression: detail gets weaker, not other
    a cover of any colour  0: a flat output repeats nothing
    the empty scene        0: the scene explains the output, the source adds nothing
    other noise            little, and unlike the source

A pixel *tells* something when the source in its window differs from what scene and constant explain by more
than noise. Where it does not, nobody could say whether it is covered.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
# Grey levels (of 255) by which a window must differ from the scene to tell something.
TELLING = 5.0
# The output carries the source with this share of its detail, repeated this faithfully (correlation).
SHARE, LIKENESS = 0.25, 0.60
# A window's pixels differ by this at least before it is said that the picture was changed there, and by this
# share of what detail there was: compression leaves less.
CHANGED, CHANGED_SHARE = 12.0, 0.60
# What a flat cover still varies by after compression.
FLAT = 1.5
_NOISE = 1.5**2


def carried(source: Plane, output: Plane, scene: Plane | None, window: int) -> tuple[Mask, Mask]:
    """(which pixels tell something, which of those the output carries). `window` is odd, in pixels.

    `scene`: the source's empty scene, None where it is not known.
    """
    s, o = _Window(source, window), _Window(output, window)
    own: Any = s.with_(s)
    both: Any = s.with_(o)
    rest: Any = o.with_(o)
    if scene is not None:
        c = _Window(scene, window)
        of_scene, of_source, of_output = c.with_(c) + _NOISE, s.with_(c), o.with_(c)
        own = own - of_source * of_source / of_scene
        both = both - of_source * of_output / of_scene
        rest = rest - of_output * of_output / of_scene
    own, rest = np.maximum(own, 0) + _NOISE, np.maximum(rest, 0) + _NOISE
    telling = own > TELLING**2
    repeated = (both / own > SHARE) & (both / np.sqrt(own * rest) > LIKENESS)
    return telling, telling & repeated & ~_flattened(source, output)


def idle(source: Plane, output: Plane, scene: Plane, of_output: Plane, window: int) -> Mask:
    """Where the output shows what it always shows there (`of_output`, its own empty scene), while the source
    does not: a plate, however it was blurred, is nobody's head, even if it looks a little like one."""
    stirred, asked = output - of_output, source - scene
    return np.asarray(_mean(stirred * stirred, window) < SHARE**2 * _mean(asked * asked, window), np.bool_)


def changed(source: Plane, output: Plane, window: int) -> Mask:
    """Where the picture is no longer the source's: for outside of people, where detail is scarce."""
    off = source - output
    error = _mean(off * off, window)
    s = _Window(source, window)
    return np.asarray(error > np.maximum(CHANGED**2, CHANGED_SHARE**2 * s.with_(s)), np.bool_)


def _flattened(source: Plane, output: Plane) -> Mask:
    """Where the source has detail right at the pixel and the output has none: under a cover, however much the
    cover's own edge, further off in the window, looks like an edge of the source."""
    s, o = _Window(source, 3), _Window(output, 3)
    return np.asarray((s.with_(s) > TELLING**2) & (o.with_(o) < FLAT**2), np.bool_)


class _Window:
    """A plane and its local mean, for covariances with others."""

    def __init__(self, plane: Plane, window: int) -> None:
        self.plane, self.window, self.mean = plane, window, _mean(plane, window)

    def with_(self, other: _Window) -> Plane:
        return np.asarray(_mean(self.plane * other.plane, self.window) - self.mean * other.mean, np.float32)


def _mean(plane: Plane, window: int) -> Plane:
    return np.asarray(cv2.blur(plane, (window, window), borderType=cv2.BORDER_REFLECT_101), np.float32)
