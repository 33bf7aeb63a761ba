"""Looking at pictures one after the other: who is where, what moves, and when nothing can be relied on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.background import Background, Seen
from cctv.redaction.looking.detector import Detector, Found, sorted_out
from cctv.redaction.looking.facts import SAMPLE_HEIGHT, SAMPLE_WIDTH, FrameFacts, Sample
from cctv.redaction.looking.looks import looks
from cctv.redaction.tracks.boxes import Boxes, Kind, within

# Larger pictures are shrunk before they are looked at.
MOST_WIDTH, MOST_HEIGHT = 960, 960
# The detector runs again after so long, on every second picture at most; in slow footage on each.
_AGAIN_MS, _AT_LAST_MS = 110.0, 195.0
# The scene is sampled so often; at first more often, since a short clip has no other pictures of it.
_SAMPLE_MS, _FIRST_SAMPLE_MS, _FIRST_SAMPLES = 2000.0, 400.0, 30
_LEAST, _LEAST_POOR = 0.1, 0.06  # scores worth keeping
_COVERED = 0.15  # scores that keep a place out of the plate
# A number plate is less than a third as wide as its car: on a car of fewer pixels its letters are smaller
# than five pixels and cannot be read. Such a car counts only while it moves.
_READABLE = 100.0
_MOVES = 0.1  # of its box
_MOST_STRETCHED, _STILL_DARK = 8.0, 60.0  # times; grey levels
_BIT_OF_MS = 1.0  # times of pictures are rounded


def analysis_size(width: int, height: int) -> tuple[int, int]:
    """The width and height, both even, at which a picture of that size is looked at."""
    scale = min(1.0, MOST_WIDTH / width, MOST_HEIGHT / height)
    return max(32, round(width * scale / 2) * 2), max(32, round(height * scale / 2) * 2)


class Looker:
    """Looks at the pictures of one camera in order of time; goes on from one part to the next.

    A fresh one in the middle of a clip is shown the pictures of some seconds before by `warm`: it then knows
    the scene, and the first picture that it sees is looked at by the detector. What it sees differs from
    what the other would have seen only in which pictures the detector ran on.
    """

    def __init__(self, width: int, height: int, detector: Detector, source_width: int | None = None) -> None:
        """`width` and `height` as `analysis_size` gives them; `source_width`: of the pictures before that."""
        # Not told how wide the picture was, nothing is taken for unreadable that was shrunk.
        shrunk = max(width, height) >= min(MOST_WIDTH, MOST_HEIGHT)
        source_width = source_width or (None if shrunk else width)
        self._readable = _READABLE / source_width if source_width else 0.0
        self._detector = detector
        self._background = Background(width, height)
        self._detected_ms: float | None = None
        self._since = 0
        self._sampled_ms: float | None = None
        self._samples = 0
        self._last_ms: float | None = None

    def warm(self, rgb: NDArray[np.uint8], at_ms: float | None = None) -> None:
        """Learns the scene from a picture (uint8, h x w x 3) and tells nothing of it.

        Without `at_ms` it counts as 200 ms after the one before.
        """
        before = -60_000.0 if self._last_ms is None else self._last_ms
        self._last_ms = before + 200.0 if at_ms is None else at_ms
        self._background.see(rgb, self._last_ms)

    def see(self, rgb: NDArray[np.uint8], at_ms: float) -> FrameFacts:
        """What is in this picture (uint8, height x width x 3 in RGB)."""
        self._last_ms = at_ms
        seen = self._background.see(rgb, at_ms)
        found = None
        if self._due(at_ms, seen.whole):
            found = self._worth(sorted_out(self._detected(rgb, seen)), seen)
            self._detected_ms, self._since = at_ms, 0
        self._since += 1
        sample = self._sample(rgb, seen, found, at_ms)
        if found is None:
            return FrameFacts(
                at_ms,
                moving=seen.moving,
                whole=seen.whole,
                poor=seen.poor,
                detected=False,
                shift=seen.shift,
            )
        return FrameFacts(
            at_ms,
            boxes=found.boxes,
            scores=found.scores,
            kinds=found.kinds,
            looks=looks(rgb, found.boxes),
            moving=seen.moving,
            whole=seen.whole,
            poor=seen.poor,
            shift=seen.shift,
            sample=sample,
        )

    def _detected(self, rgb: NDArray[np.uint8], seen: Seen) -> Found:
        """What the detector finds; in a poor picture, also in what an eye would make of it."""
        found = self._detector.detect(rgb)
        if not (seen.poor or seen.dim):
            return found
        again = self._detector.detect(brought_out(rgb, by_parts=seen.dim))
        return Found(
            np.concatenate([found.boxes, again.boxes]),
            np.concatenate([found.scores, again.scores]),
            np.concatenate([found.kinds, again.kinds]),
        )

    def _due(self, at_ms: float, whole: bool) -> bool:
        if self._detected_ms is None or at_ms < self._detected_ms:
            return True
        gone = at_ms - self._detected_ms + _BIT_OF_MS
        return gone >= _AT_LAST_MS or (gone >= _AGAIN_MS and (self._since >= 2 or whole))

    def _worth(self, found: Found, seen: Seen) -> Found:
        """Without what is hardly a detection, and without parked cars too small to read anything on."""
        keep = found.scores >= (_LEAST_POOR if seen.poor else _LEAST)
        small = (found.kinds == Kind.VEHICLE) & (found.boxes[:, 2] < self._readable)
        if small.any() and not (seen.whole or seen.poor):
            keep &= ~small | (within(found.boxes, seen.moving).sum(axis=1) > _MOVES)
        return Found(found.boxes[keep], found.scores[keep], found.kinds[keep])

    def _sample(self, rgb: NDArray[np.uint8], seen: Seen, found: Found | None, at_ms: float) -> Sample | None:
        """Now and then, with a picture that the detector saw and in which the scene is known."""
        pause = _FIRST_SAMPLE_MS if self._samples < _FIRST_SAMPLES else _SAMPLE_MS
        early = self._sampled_ms is not None and 0 <= at_ms - self._sampled_ms < pause - _BIT_OF_MS
        if found is None or seen.whole or early:
            return None
        self._sampled_ms = at_ms
        self._samples += 1
        size = SAMPLE_WIDTH, SAMPLE_HEIGHT
        tiny = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        covered = cv2.resize(seen.mask, size, interpolation=cv2.INTER_AREA) > 0
        _mark(covered, found.boxes[found.scores >= _COVERED])
        return Sample(tiny, covered)


def brought_out(rgb: NDArray[np.uint8], *, by_parts: bool) -> NDArray[np.uint8]:
    """The picture with its noise smoothed and its contrast stretched: what a player with its light turned up
    shows, and what a detector that was taught with good pictures can see people in. Each part is stretched
    apart (`by_parts`) where only some are dark, or where most of it stays dark otherwise."""
    light, *colours = cv2.split(cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 1.0), cv2.COLOR_RGB2LAB))
    low, middle, high = np.percentile(light[::4, ::4], (1, 60, 99))
    stretch = min(_MOST_STRETCHED, 255 / max(high - low, 1.0))
    if by_parts or (middle - low) * stretch < _STILL_DARK:
        light = cv2.createCLAHE(_MOST_STRETCHED, (8, 8)).apply(light)
        stretch = 1.0
    else:
        light = cv2.convertScaleAbs(light, alpha=stretch, beta=-low * stretch)
    # Colours fade with the light, and come back with it.
    colours = [cv2.addWeighted(each, stretch, each, 0, 128 * (1 - stretch)) for each in colours]
    return np.asarray(cv2.cvtColor(cv2.merge((light, *colours)), cv2.COLOR_LAB2RGB), np.uint8)


def _mark(covered: NDArray[np.bool_], boxes: Boxes) -> None:
    for x, y, w, h in boxes:
        top, bottom = max(0, int(y * SAMPLE_HEIGHT)), max(0, int(np.ceil((y + h) * SAMPLE_HEIGHT)))
        left, right = max(0, int(x * SAMPLE_WIDTH)), max(0, int(np.ceil((x + w) * SAMPLE_WIDTH)))
        covered[top:bottom, left:right] = True
