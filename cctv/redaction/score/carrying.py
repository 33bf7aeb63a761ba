"""Whether the output still carries the source at a pixel.

Not by equality: compression changes every pixel, and a black cover equals black hair. Asked is instead, in a
small window around the pixel, how much of the source's *detail* the output repeats: the output is explained
by the source, by the empty scene and by a constant (least squares), and the source's slope is its share.

    untouched              1, and still most of it after strong compression: detail gets weaker, not other
    in other tones         any share, negative ones too, but fine detail where the source has it, and faithful
    a cover of any colour  0: a flat output repeats nothing
    the empty scene        0: the scene explains the output, the source adds nothing
    other noise            little, unlike the source, and now like it, now like its negative

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
Signs = NDArray[np.int8]
# Grey levels (of 255) by which a window must differ from the scene to tell something.
TELLING = 5.0
# The output carries the source with this share of its detail, repeated this faithfully (correlation).
SHARE, LIKENESS = 0.25, 0.60
# Or with any share at all, where what is fine in it is repeated this faithfully and varies by so many levels:
# the same picture in other tones, which a player's controls bring back. Blur and mosaic leave nothing fine.
FAITHFUL, TRACE = 0.80, 0.7
# A window's pixels differ by this at least before it is said that the picture was changed there, and by this
# share of what detail there was: compression leaves less.
CHANGED, CHANGED_SHARE = 12.0, 0.60
# What a flat cover still varies by after compression.
FLAT = 1.5
_NOISE, _LITTLE = 1.5**2, 0.3


def carried(source: Plane, output: Plane, scene: Plane | None, window: int) -> tuple[Mask, Signs]:
    """(which pixels tell something, which of those the output carries: 1, in reversed tones: -1, not: 0).

    `window` is odd, in pixels. `scene`: the source's empty scene, None where it is not known.
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
    own, rest = np.maximum(own, 0) + _NOISE, np.maximum(rest, 0)
    telling, likeness = own > TELLING**2, np.abs(both) / np.sqrt(own)
    repeated = (np.abs(both) / own > SHARE) & (likeness > LIKENESS * np.sqrt(rest + _NOISE))
    toned = (likeness > LIKENESS * np.sqrt(rest + _LITTLE)) & _alike_in_detail(source, output, window)
    carries = telling & (repeated & ~_flattened(source, output) | toned)
    return telling, np.where(carries, np.sign(both), 0).astype(np.int8)


def _alike_in_detail(source: Plane, output: Plane, window: int) -> Mask:
    """Where what is finer than the window is the same in both, whatever became of its contrast."""
    s, o = (_Window(each - _mean(each, window), window) for each in (source, output))
    return _faithful(s.with_(s), s.with_(o), o.with_(o))


def _faithful(own: Plane, both: Plane, rest: Plane) -> Mask:
    like = np.abs(both) > FAITHFUL * np.sqrt(np.maximum(own, 0) * np.maximum(rest, 0))
    return np.asarray(like & (rest > TRACE**2), np.bool_)


def idle(source: Plane, output: Plane, scene: Plane, of_output: Plane, window: int) -> Mask:
    """Where the output shows what it always shows there (`of_output`, its own empty scene), while the source
    does not: a plate, however it was blurred, is nobody's head, even if it looks a little like one. What
    stirs little, but just as the source does, is the source in other tones."""
    stirred, asked = output - of_output, source - scene
    much, little = _mean(asked * asked, window), _mean(stirred * stirred, window)
    same = _faithful(much, _mean(stirred * asked, window), little)
    return np.asarray((little < SHARE**2 * much) & ~same, np.bool_)


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
