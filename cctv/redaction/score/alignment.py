"""Whether an output's pictures are the source's: neither late nor moved."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.score.errors import ScoreError
from cctv.redaction.score.pictures import Luma
from cctv.redaction.score.scene import Scene

# Pictures around the own one that are compared, and how much better another one must fit.
LAGS, BETTER = 2, 0.5
# Grey levels: what counts as movement; below which an output is close enough to the own picture anyway.
MOVING, CLOSE = 12, 6.0
_SMALL = 192
_TRIED = 8
# A picture may be moved by this share of its width; further, it is another one.
FURTHEST = 0.03
_SURE = 0.2


class Lag:
    """Compares moving places of every picture with the source's neighbours, at a small size."""

    def __init__(self) -> None:
        self.sources: deque[NDArray[np.int16]] = deque(maxlen=2 * LAGS + 1)
        self.outputs: deque[NDArray[np.int16]] = deque(maxlen=LAGS + 1)
        self.off = np.zeros(2 * LAGS + 1)
        self.pixels = 0

    def add(self, source: Luma, output: Luma) -> None:
        """The next picture of both."""
        self.sources.append(_small(source))
        self.outputs.append(_small(output))
        if len(self.sources) < 2 * LAGS + 1:
            return
        own, output_then = self.sources[LAGS], self.outputs[0]
        moving = np.min([np.abs(each - own) for each in self._others()], axis=0) > MOVING
        # An empty scene in somebody's place is as good as any other picture of the source.
        later = [np.abs(each - output_then) for each in list(self.outputs)[1:]]
        moving &= np.max(later, axis=0) > MOVING
        self.pixels += int(moving.sum())
        for index, each in enumerate(self.sources):
            self.off[index] += np.minimum(np.abs(each - output_then)[moving], 60).sum()

    def _others(self) -> list[NDArray[np.int16]]:
        return [each for index, each in enumerate(self.sources) if index != LAGS]

    def check(self) -> None:
        """Raise `frames_late` when what moves fits another picture of the source much better than its own."""
        if self.pixels < _SMALL:
            return
        best = int(np.argmin(self.off))
        own = self.off[LAGS]
        if best != LAGS and own > CLOSE * self.pixels and self.off[best] < BETTER * own:
            raise ScoreError("frames_late", late=LAGS - best)


class Moved:
    """How far an output's picture is moved against the source's: the median of the first few pictures."""

    def __init__(self) -> None:
        self.found: list[tuple[float, float]] = []
        self.tried = 0
        self._scene: tuple[tuple[int, int], Scene] | None = None

    def aligned(self, source: Luma, output: Luma) -> Luma:
        """The output's picture, moved back where its content surely lies elsewhere.

        Raises:
            ScoreError: `picture_moved` when it lies too far off.
        """
        if self.tried < _TRIED:
            self.tried += 1
            window = cv2.createHanningWindow(source.shape[::-1], cv2.CV_32F)
            (right, down), surely = cv2.phaseCorrelate(
                source.astype(np.float32), output.astype(np.float32), window
            )
            if surely > _SURE:
                self.found.append((right, down))
        right, down = self._by()
        if max(abs(right), abs(down)) > FURTHEST * source.shape[1]:
            raise ScoreError("picture_moved", right=right, down=down)
        return _moved(output, -right, -down)

    def back(self, scene: Scene) -> Scene:
        """An output's empty scene, moved back as its pictures are."""
        right, down = self._by()
        if (right, down) == (0, 0):
            return scene
        if self._scene is None or self._scene[0] != (right, down):
            luma = _moved(scene.luma, -right, -down)
            known = _moved(scene.known.astype(np.uint8), -right, -down).astype(np.bool_)
            self._scene = (right, down), replace(scene, luma=luma, known=known)
        return self._scene[1]

    def _by(self) -> tuple[int, int]:
        if not self.found:
            return 0, 0
        right, down = (round(float(value)) for value in np.median(self.found, axis=0))
        return right, down


def _moved(luma: Luma, right: int, down: int) -> Luma:
    if (right, down) == (0, 0):
        return luma
    size = (luma.shape[1], luma.shape[0])
    by = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return np.asarray(cv2.warpAffine(luma, by, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _small(luma: Luma) -> NDArray[np.int16]:
    height = max(1, round(_SMALL * luma.shape[0] / luma.shape[1]))
    return cv2.resize(luma, (_SMALL, height), interpolation=cv2.INTER_AREA).astype(np.int16)
