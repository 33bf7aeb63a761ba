"""What moves before a scene that stands still, and when the whole picture changes at once.

Works on a small picture (`WIDTH` wide, shrunk by averaging, which takes away most of the noise of a dark
one). The camera's shake is measured against the scene and taken back before anything is compared; slow
changes of light are evened out. Where neither explains what happened (lights switched, exposure jumped, the
camera was turned, a picture is broken), the picture is `whole`: nothing seen in it is relied on until the
scene is known again.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.regions import regions, without_dots
from cctv.redaction.tracks.boxes import Boxes

WIDTH = 320
_GRID = (16, 12)  # blocks by which sudden changes are told
_JUMP = 8.0  # grey levels by which a block must change, in one step, to have changed
_JUMPED = 0.5  # of the blocks: more, and the picture changed as a whole
_FLOODED, _FLOODING = 0.65, 0.25  # of the picture moving: always too much; too much at once
_SETTLE_MS = 500.0
_GIVE_UP_MS = 2000.0  # after half the picture moved for so long, what is seen is another scene
_USUAL_MS = 1500.0
# The scene is learned from the first few pictures at once, then ever more slowly: in the end somebody has to
# stand in one place for about eight seconds to become part of it.
_AT_ONCE, _MOST_AT_ONCE = 4, 0.015
_MEMORY_MS = 80_000.0
_FAR = 0.08  # of the picture: a camera that moved further was turned, not shaken
_SAME = 40.0  # grey levels between which a pixel may still show the same
_STILL = 0.4  # pixels of the small picture; less is not a shake that anything could be seen by
_THRESHOLD = 32.0
_GAIN, _OTHER_LIGHT = (0.4, 2.5), 1.25  # by more than that, and the picture is poor too
_AROUND, _FAR_AROUND = np.ones((5, 5), np.uint8), np.ones((9, 9), np.uint8)
# A picture is poor when nearly all of it is as dark as this, when its noise is this part of its contrast,
# when it has little contrast or no sharp edge, or when the camera shakes; hopeless, when of its contrast
# little but noise is left, or when it is so dark or flat that a detector is blind in it, though whoever turns
# up the light of a copy is not. Grey levels; of what is pale or flat, between its hundredths.
_DARK, _NOISY, _HOPELESS = 80.0, 0.08, 0.55
_PALE, _FLAT, _BLACK = 60.0, 40.0, 18.0
_DIM = 45.0  # where most of it is darker, one lamp does not make it bright
# Of the steepest bend to the steepest slope: pictures in focus have 1.3 to 2.5, blurred ones 0.8 and less.
_UNSHARP, _BLURRED = 1.0, 0.5
# Of a dark picture's blocks, with nothing in them: compression ate what the dark had left.
_EATEN = 0.62
_SHAKEN = 0.002  # of the picture, on average from one picture to the next
_POOR_MS = 500.0
_POOR_THRESHOLD = 12.0
_SOFT = 0.8  # pixels of the small picture; takes noise and what shaking leaves of it

Small = NDArray[np.uint8]
Mean = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """`moving` float32 (m, 4) in 0..1; `mask` uint8 of the small picture, not 0 where it moves; `shift`: how
    far the camera moved since the picture before, in 0..1 of the picture. `dim`: a part of it, not
    noisy, is so dark that a detector wants to be shown it brought out."""

    moving: Boxes
    mask: Small
    whole: bool
    poor: bool
    shift: tuple[float, float]
    dim: bool = False


class Background:
    """The scene of one camera, learned as its pictures come."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (WIDTH, max(16, round(WIDTH * height / width / 2) * 2))
        self._half = (self.size[0] // 2, self.size[1] // 2)
        self._window = cv2.createHanningWindow(self._half, cv2.CV_32F)
        self._settled_ms = -np.inf
        self._last_ms: float | None = None
        self._raw: Small | None = None
        self._dark = self._dim = self._noisy = self._shaken = 0.0
        self._range = self._sharp = self._plain = 0.0
        self._forget()

    def see(self, rgb: Small, at_ms: float) -> Seen:
        """What moves in this picture; pictures come in order of time."""
        small = np.asarray(cv2.resize(rgb, self.size, interpolation=cv2.INTER_AREA), np.uint8)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        step = 40.0 if self._last_ms is None else min(max(at_ms - self._last_ms, 1.0), 1000.0)
        self._last_ms = at_ms
        before = self._offset
        upset = self._jumped(grey) or not self._registered(grey)
        if upset:
            self._forget()
            self._jumped(grey)
            self._settled_ms = at_ms + _SETTLE_MS
            self._raw = None  # the noise of that step is not the camera's
        poor, hopeless = self._quality(rgb, grey, step, before)
        mask = self._moving(small, grey, step, poor)
        flooded = self._flooded(float(np.count_nonzero(mask)) / mask.size, at_ms, step)
        across, down = self._offset[0] - before[0], self._offset[1] - before[1]
        shift = (0.0, 0.0) if upset else (across / self.size[0], down / self.size[1])
        whole = upset or flooded or hopeless or at_ms < self._settled_ms
        poor = poor or self._evened
        dim = self._noisy <= _NOISY and _darkest_part(grey) < _DIM
        return Seen(regions(mask), mask, whole, poor, shift, dim)

    def _forget(self) -> None:
        self._model = cv2.createBackgroundSubtractorMOG2(400, _THRESHOLD, False)
        self._model.setVarMax(400.0)
        self._mean: Mean | None = None
        self._blocks: Mean | None = None
        self._pictures, self._age = 0, 0.0
        self._usual = 0.0
        self._evened = False
        self._flood_since: float | None = None
        self._offset = (0.0, 0.0)

    def _jumped(self, grey: Small) -> bool:
        """Whether most blocks differ from those of the picture before."""
        blocks = cv2.resize(grey, _GRID, interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._blocks = self._blocks, blocks
        return before is not None and float((np.abs(blocks - before) > _JUMP).mean()) > _JUMPED

    def _registered(self, grey: Small) -> bool:
        """Measures how far the picture lies from the scene; False if further than any shake."""
        if self._mean is None:
            return True
        now = cv2.resize(grey, self._half, interpolation=cv2.INTER_AREA).astype(np.float32)
        scene = cv2.resize(self._mean, self._half, interpolation=cv2.INTER_AREA)
        (x, y), _response = cv2.phaseCorrelate(scene, now, self._window)
        offset = 2 * x, 2 * y
        if max(abs(offset[0]), abs(offset[1])) < _STILL or not self._better(grey, offset):
            self._offset = (0.0, 0.0)
            return True
        offset = self._finer(grey, offset)
        self._offset = offset
        return abs(offset[0]) <= _FAR * self.size[0] and abs(offset[1]) <= _FAR * self.size[1]

    def _better(self, grey: Small, offset: tuple[float, float]) -> bool:
        """Whether the picture agrees with the scene much better once it is moved back."""
        assert self._mean is not None
        moved = _moved(grey, offset).astype(np.float32)
        return float(np.abs(moved - self._mean).mean()) < 0.85 * float(np.abs(grey - self._mean).mean())

    def _finer(self, grey: Small, offset: tuple[float, float]) -> tuple[float, float]:
        """The offset to a part of a pixel: one step of Lucas and Kanade's, where nothing else changed."""
        assert self._mean is not None
        for _step in range(2):
            error = _moved(grey, offset).astype(np.float32) - self._mean
            same = np.abs(error) < _SAME
            across = cv2.Sobel(self._mean, cv2.CV_32F, 1, 0, scale=1 / 8)[same]
            down = cv2.Sobel(self._mean, cv2.CV_32F, 0, 1, scale=1 / 8)[same]
            slopes = np.array([[across @ across, across @ down], [across @ down, down @ down]], np.float64)
            if np.linalg.det(slopes) < 1.0:
                return offset
            way = np.linalg.solve(slopes, np.array([across @ error[same], down @ error[same]], np.float64))
            if np.abs(way).max() > 1.5:
                return offset
            offset = offset[0] - float(way[0]), offset[1] - float(way[1])
        return offset

    def _quality(
        self, rgb: Small, grey: Small, step: float, before: tuple[float, float]
    ) -> tuple[bool, bool]:
        """Whether the picture is poor, and whether it is hopeless."""
        raw = np.ascontiguousarray(rgb[::4, ::4, 1])
        darkest, low, middle, high, lightest = np.percentile(grey[::2, ::2], (1, 5, 60, 95, 99))
        last, self._raw = self._raw, raw
        noise = self._noisy
        if last is not None and last.shape == raw.shape:
            # Most of the picture stands still; half of the difference's square is each picture's noise.
            noise = min(1.0, 1.05 * float(np.median(cv2.absdiff(last, raw))) / max(float(high - low), 4.0))
        share = min(1.0, step / _POOR_MS) if last is not None else 1.0
        self._dark += (float(high) - self._dark) * share
        self._dim += (float(middle) - self._dim) * share
        self._range += (float(lightest - darkest) - self._range) * share
        self._sharp += (_sharpness(grey) - self._sharp) * share
        self._plain += (_plainness(rgb) - self._plain) * share
        self._noisy += (noise - self._noisy) * (share if self._noisy else 1.0)
        way = max(abs(self._offset[0] - before[0]), abs(self._offset[1] - before[1])) / self.size[0]
        self._shaken += (way - self._shaken) * min(1.0, step / _POOR_MS)
        unclear = self._range < _PALE or self._sharp < _UNSHARP or self._dim < _DIM
        poor = self._dark < _DARK or self._noisy > _NOISY or self._shaken > _SHAKEN or unclear
        eaten = self._plain > _EATEN and self._dark < _DARK
        nothing = self._range < _FLAT or self._dark < _BLACK or self._sharp < _BLURRED or eaten
        return poor, self._noisy > _HOPELESS or nothing

    def _moving(self, small: Small, grey: Small, step: float, poor: bool) -> Small:
        if self._offset != (0.0, 0.0):
            small, grey = _moved(small, self._offset), _moved(grey, self._offset)
        gain = self._gain(grey)
        self._evened = max(gain, 1 / gain) > _OTHER_LIGHT
        if abs(gain - 1) > 0.02:
            small = np.asarray(cv2.convertScaleAbs(small, alpha=gain), np.uint8)
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), _SOFT), np.uint8)
        self._model.setVarThreshold(_POOR_THRESHOLD if poor else _THRESHOLD)
        self._pictures += 1
        rate = self._rate(step)
        mask = np.asarray(self._model.apply(small, learningRate=rate), np.uint8)
        if self._pictures == 1:  # nothing to compare it with
            mask = np.zeros_like(mask)
        if self._mean is None:
            self._mean = grey.astype(np.float32)
        else:
            cv2.accumulateWeighted(grey, self._mean, rate)
        mask = np.asarray(cv2.dilate(without_dots(mask), _FAR_AROUND if poor else _AROUND), np.uint8)
        if self._offset != (0.0, 0.0):
            mask = _moved(mask, (-self._offset[0], -self._offset[1]), cv2.INTER_NEAREST)
        return mask

    def _rate(self, step: float) -> float:
        if self._pictures <= _AT_ONCE:
            return 1.0 / self._pictures
        self._age += step
        return min(_MOST_AT_ONCE, max(step / _MEMORY_MS, step / (3 * self._age)))

    def _gain(self, grey: Small) -> float:
        """By how much the light of most of the picture differs from the scene's."""
        if self._mean is None:
            return 1.0
        ours = cv2.resize(grey, _GRID, interpolation=cv2.INTER_AREA).astype(np.float32)
        theirs = cv2.resize(self._mean, _GRID, interpolation=cv2.INTER_AREA)
        return float(np.clip(np.median((theirs + 2) / (ours + 2)), *_GAIN))

    def _flooded(self, share: float, at_ms: float, step: float) -> bool:
        """Whether so much moves, or so much more than just now, that it is not people who do."""
        flooded = share > _FLOODED or share > self._usual + _FLOODING
        self._usual += (share - self._usual) * min(1.0, step / _USUAL_MS)
        if share < 0.5:
            self._flood_since = None
        elif self._flood_since is None:
            self._flood_since = at_ms
        elif at_ms - self._flood_since > _GIVE_UP_MS:
            self._forget()
            self._settled_ms = at_ms + _SETTLE_MS
            flooded = True
        return flooded


def _sharpness(grey: Small) -> float:
    """How steeply the slopes of the picture begin and end; of a plain one, that of a sharp one."""
    slopes = [np.abs(cv2.Sobel(grey, cv2.CV_32F, x, 1 - x, scale=1 / 8)) for x in (0, 1)]
    steepest = float(np.percentile(np.maximum(*slopes)[::2, ::2], 99))
    bend = float(np.percentile(np.abs(cv2.Laplacian(grey, cv2.CV_32F))[::2, ::2], 99))
    return bend / steepest if steepest > 1.0 else 2.0


def _darkest_part(grey: Small) -> float:
    """The grey level under which most of the darkest of its nine parts lies."""
    rows = (np.array_split(row, 3, axis=1) for row in np.array_split(grey[::2, ::2], 3))
    return float(min(np.percentile(part, 60) for row in rows for part in row))


def _plainness(rgb: Small) -> float:
    """The portion of its blocks of 8 x 8 pixels in which nothing is to be seen."""
    height, width = rgb.shape[0] // 8 * 8, rgb.shape[1] // 8 * 8
    if not height or not width:
        return 0.0
    green = rgb[:height, :width, 1].astype(np.float32)
    blocks = width // 8, height // 8
    mean = cv2.resize(green, blocks, interpolation=cv2.INTER_AREA)
    square = cv2.resize(green * green, blocks, interpolation=cv2.INTER_AREA)
    return float((square - mean * mean < 1.0).mean())


def _moved(picture: Small, offset: tuple[float, float], how: int = cv2.INTER_LINEAR) -> Small:
    """The picture moved back by an offset of pixels, its edges repeated."""
    matrix = np.array([[1, 0, -offset[0]], [0, 1, -offset[1]]], np.float32)
    size = picture.shape[1], picture.shape[0]
    out = cv2.warpAffine(picture, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)
