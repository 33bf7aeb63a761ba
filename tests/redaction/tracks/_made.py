"""Tracks made by hand for tests: people who walk straight through the picture."""

from __future__ import annotations

import numpy as np

from cctv.redaction.tracks.boxes import How, Kind, Track

STEP_MS = 40.0


def times(frames: int) -> np.ndarray:
    return np.arange(frames) * STEP_MS


def walk(
    number: int,
    first: int,
    stop: int,
    start: tuple[float, float, float, float],
    end: tuple[float, float, float, float],
    *,
    kind: Kind = Kind.PERSON,
    score: float = 0.8,
) -> Track:
    portion = np.linspace(0, 1, stop - first)[:, None]
    boxes = np.asarray(start) + portion * (np.asarray(end) - np.asarray(start))
    count = stop - first
    return Track(
        number, kind, first, boxes.astype(np.float32), np.full(count, score, np.float32),
        np.full(count, How.SEEN, np.uint8),
    )  # fmt: skip


def still(number: int, first: int, stop: int, box: tuple[float, float, float, float], **how: object) -> Track:
    return walk(number, first, stop, box, box, **how)  # type: ignore[arg-type]
