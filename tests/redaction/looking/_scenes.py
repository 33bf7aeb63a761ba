"""Scenes made on the spot, a detector that is told what to say, and a piece of a real clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.detector import Detector, Found
from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.looking.looker import Looker
from cctv.redaction.tracks.boxes import Box, Kind
from cctv.redaction.tracks.covering import covers
from cctv.redaction.tracks.linking import link

Picture = NDArray[np.uint8]
Truth = list[list[Box]]
CLIP = Path(__file__).resolve().parents[3] / "config/demo/media/worker-zone-detection.mp4"
WIDTH, HEIGHT, STEP_MS = 480, 270, 100.0


class Told:
    """A detector that says what it was told for each picture, in order."""

    sha256 = "0" * 64

    def __init__(self, answers: Sequence[Sequence[tuple[Box, float]]]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def detect(self, rgb: Picture) -> Found:
        """The next answer; nothing once there are no more."""
        said = self.answers[self.asked] if self.asked < len(self.answers) else []
        self.asked += 1
        boxes = np.array([box for box, _ in said], np.float32).reshape(-1, 4)
        scores = np.array([score for _, score in said], np.float32)
        return Found(boxes, scores, np.full(len(said), Kind.PERSON, np.uint8))


def wall(width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A wall with something on it everywhere, so that a shake can be told, and in focus."""
    grain = np.random.default_rng(7).integers(60, 200, (height // 14, width // 14, 3)).astype(np.uint8)
    sharp = cv2.resize(grain, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.GaussianBlur(sharp, (0, 0), 0.8), np.uint8)


def with_figure(picture: Picture, x: float, colour: tuple[int, int, int] = (250, 20, 20)) -> Picture:
    """A block as high as a person, its left edge at x of the picture."""
    made = picture.copy()
    height, width = made.shape[:2]
    made[int(0.3 * height) : int(0.7 * height), int(x * width) : int((x + 0.1) * width)] = colour
    return made


@cache
def clip() -> tuple[Picture, ...]:
    """Two seconds of a man who walks through a hall, ten pictures a second."""
    pictures = []
    with av.open(str(CLIP)) as container:
        for number, frame in enumerate(container.decode(container.streams.video[0])):
            if 20 <= number < 40:
                pictures.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
    return tuple(pictures)


def look(pictures: Sequence[Picture], detector: Detector, warmed: Sequence[Picture] = ()) -> list[FrameFacts]:
    """What is seen in them, ten a second."""
    height, width = pictures[0].shape[:2]
    looker = Looker(width, height, detector)
    for picture in warmed:
        looker.warm(picture)
    return [looker.see(picture, number * STEP_MS) for number, picture in enumerate(pictures)]


def covered(facts: Sequence[FrameFacts], width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.bool_]:
    """Which pixels `hide` covers: (frames, height, width)."""
    tracks = link(facts)
    out = np.zeros((len(facts), height, width), np.bool_)
    for frame, one in enumerate(facts):
        out[frame] = one.whole
        for x, y, w, h in covers(tracks, frame):
            rows = slice(int(y * height), int(np.ceil((y + h) * height)))
            out[frame, rows, int(x * width) : int(np.ceil((x + w) * width))] = True
    return out


def head(box: Box) -> Box:
    """Where a person's head is."""
    x, y, w, h = box
    return x + 0.2 * w, y, 0.6 * w, 0.2 * h


def shown(mask: NDArray[np.bool_], box: Box) -> float:
    """Which part of a box a mask leaves uncovered."""
    height, width = mask.shape
    x, y, w, h = box
    rows = slice(max(0, int(y * height)), int((y + h) * height))
    part = mask[rows, max(0, int(x * width)) : int((x + w) * width)]
    return 1 - float(part.mean()) if part.size else 0.0


def changed(pictures: Sequence[Picture], change: Callable[[Picture, int], Picture]) -> list[Picture]:
    """Every picture, changed."""
    return [change(picture, number) for number, picture in enumerate(pictures)]
