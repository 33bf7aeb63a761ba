"""Scores an output file against its source and ground truth, by pixels; the README says what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.score import geometry
from cctv.redaction.score.alignment import Lag, Moved
from cctv.redaction.score.carrying import Mask, Signs, carried, changed, idle
from cctv.redaction.score.errors import ScoreError
from cctv.redaction.score.order import Order
from cctv.redaction.score.pairing import NOBODY, pairs_of
from cctv.redaction.score.pictures import SHAPE_SLACK, Luma, Source, fitted, read, size_of
from cctv.redaction.score.scene import Scene, eroded, samples_of, scene_from, scene_of
from cctv.redaction.score.scores import Score, Seen
from cctv.redaction.score.truth import PixelBox, Region, Truth

# Larger heads are reduced to this height before they are judged; smaller ones are judged as they are.
HEAD_PIXELS = 48
# The window in which detail is compared: this share of a head's height, in pixels at least.
WINDOW_SHARE, WINDOW_LEAST = 0.35, 5
# Whole pictures are compared at this width at most.
PICTURE_WIDTH, PICTURE_WINDOW = 768, 7
_THREADS = 2


class What(Enum):
    """What can be said of a head in a picture."""

    OUTSIDE = "outside"  # of the picture, or behind a nearer person
    BLANK = "blank"  # the source itself shows nothing that the empty scene does not
    JUDGED = "judged"


@dataclass(frozen=True)
class _Pictures:
    """Both pictures of one moment at the source's size."""

    source: Luma
    output: Luma
    scene: Scene
    of_output: Scene


def measure(
    output: Source,
    source: Source,
    truth: Truth,
    *,
    subject: str | None = None,
    frames: tuple[int, int] | None = None,
    reveal: bool = False,
    scene: Scene | None = None,
) -> Score:
    """Decode both files once more and score them picture by picture; memory does not grow with their length.

    Args:
        output: any tool's result: a file, or its content.
        source: the clip it was made from.
        truth: who is where, for the source's pictures.
        subject: whose head is to stay visible; everybody else's is to be hidden.
        frames: first and last picture to score, counted from 0; all of them if not given. An output that has
            just as many pictures is taken to be that piece; one of another length is laid by its times.
        reveal: the picture is the empty scene on purpose, so no part of it is needlessly covered.
        scene: what `scene_of(source, truth)` gave, to score several outputs of one source.

    Raises:
        ScoreError: with a code and a text for what is wrong with the files.
    """
    _require_shape(truth, source)
    scene = scene or scene_of(source, truth)
    truth = truth.scaled(*scene.size)
    if subject is not None and subject not in truth.identities():
        known = ", ".join(truth.identities())
        raise ScoreError("no_such_subject", subject=subject, known=known)
    first, last = _span(frames, scene.count)
    measured = (region for frame in range(first, last + 1) for region in truth.at(frame))
    if not any(_lies_in(region.box, scene.size) for region in measured):
        raise ScoreError("truth_elsewhere")
    threads = cv2.getNumThreads()
    cv2.setNumThreads(_THREADS)
    try:
        score = Score(subject=subject, reveal=reveal, first=first, last=last)
        for frame, pictures in _pairs(output, source, truth, scene, score):
            if truth.knows(frame):
                _judge(score, frame, pictures, truth.at(frame))
    finally:
        cv2.setNumThreads(threads)
    if not score.regions:
        raise ScoreError("truth_elsewhere")
    return score


def _require_shape(truth: Truth, source: Source) -> None:
    """Boxes that were drawn in pictures of another shape lie elsewhere in these. `truth_shape`."""
    if truth.size is None:
        return
    drawn, size = truth.size, size_of(source)
    if abs(drawn[0] / drawn[1] / (size[0] / size[1]) - 1) > SHAPE_SLACK:
        raise ScoreError("truth_shape", truth=f"{drawn[0]} x {drawn[1]}", source=f"{size[0]} x {size[1]}")


def _lies_in(box: PixelBox, size: tuple[int, int]) -> bool:
    left, top, width, height = box
    return left < size[0] and top < size[1] and left + width > 0 and top + height > 0


def _span(frames: tuple[int, int] | None, count: int) -> tuple[int, int]:
    first, last = frames or (0, count - 1)
    if not 0 <= first <= last < count:
        raise ScoreError("no_such_frames", first=first, last=last, count=count)
    return first, last


def _pairs(
    output: Source, source: Source, truth: Truth, scene: Scene, score: Score
) -> Iterator[tuple[int, _Pictures]]:
    """The pictures of the span with those of the output that stand for them."""
    samples = samples_of(output)
    stands_for = pairs_of(samples, scene, (score.first, score.last))
    of_output = scene_from(samples, truth, scene.size, stands_for)
    score.scale, score.plain = samples.width / scene.size[0], int((stands_for == NOBODY).sum())
    wanted = (stands_for >= score.first) & (stands_for <= score.last)
    outputs = (each for each, is_wanted in zip(read(output), wanted, strict=True) if is_wanted)
    lag, moved, order = Lag(), Moved(), Order(score.first, score.last)
    for frame, (luma, at) in enumerate(read(source)):
        if not score.first <= frame <= score.last:
            continue
        made, made_at = next(outputs)
        made = moved.aligned(luma, fitted(made, *scene.size))
        lag.add(luma, made)
        order.add(frame, luma, made)
        score.times(at, made_at)
        yield frame, _Pictures(luma, made, scene, moved.back(of_output))
    lag.check()
    order.check()


def _judge(score: Score, frame: int, pictures: _Pictures, regions: tuple[Region, ...]) -> None:
    """Everything that is counted in one picture."""
    for region in regions:
        if geometry.judged_box(region) is None:
            continue
        own = region.identity == score.subject
        what, showing = shown(pictures, region, regions, subject=own)
        score.add(Seen(frame, region.identity, region.kind, what.value, showing), subject=own)
    score.covered(frame, *_needless(pictures, regions))


def shown(
    pictures: _Pictures, region: Region, regions: tuple[Region, ...], *, subject: bool
) -> tuple[What, float]:
    """What can be said of a head (or plate) in a picture, and the share 0..1 of its pixels that shows."""
    box = geometry.judged_box(region)
    assert box is not None
    scale = min(1.0, HEAD_PIXELS / box[3])
    size = max(WINDOW_LEAST, round(WINDOW_SHARE * box[3] * scale)) | 1
    window = _window(box, size / scale, pictures.scene.size)
    if window is None:
        return What.OUTSIDE, 0.0
    shape = _crop(pictures.source, window, scale).shape
    before = geometry.nearer(region, regions)
    seen = geometry.judged_mask(region, window, scale, shape)
    seen &= ~geometry.hidden_mask(before, window, scale, shape)
    least = geometry.SEEN_OF_SUBJECT if subject else geometry.SEEN_OF_OTHERS
    # Against the whole area, so that what the picture's edge cuts off counts as unseen.
    if seen.sum() < least * _area(region, box) * scale * scale:
        return What.OUTSIDE, 0.0
    telling, carrying = (each * seen for each in _carried(pictures, window, scale, size))
    told = telling.sum() / seen.sum()
    if told < geometry.TELLING_AT_ALL:
        return What.BLANK, 0.0
    judged = telling if told >= geometry.TELLING_ENOUGH else seen
    # In one tone or its reverse: what is like the source here and like its negative there is like neither.
    carries = max((carrying > 0).sum(), (carrying < 0).sum())
    return What.JUDGED, float(carries / judged.sum())


def _carried(pictures: _Pictures, window: PixelBox, scale: float, size: int) -> tuple[Mask, Signs]:
    """`carried` in a part of the picture, with what is known of both empty scenes."""
    planes = (pictures.source, pictures.output, pictures.scene.luma, pictures.of_output.luma)
    source, output, scene, of_output = (_crop(plane, window, scale) for plane in planes)
    known = _known(pictures.scene, window, scale, size)
    without, within = carried(source, output, None, size), carried(source, output, scene, size)
    telling = np.where(known, within[0], without[0])
    carrying = np.where(known, within[1], without[1])
    both = known & _known(pictures.of_output, window, scale, size)
    return telling, carrying * ~(both & idle(source, output, scene, of_output, size))


def _known(scene: Scene, window: PixelBox, scale: float, size: int) -> Mask:
    return eroded(_crop(scene.known.astype(np.uint8) * 255, window, scale) > 254, size)


def _area(region: Region, box: PixelBox) -> float:
    return box[2] * box[3] * (1.0 if region.kind == "plate" else float(np.pi) / 4)


def _window(box: PixelBox, margin: float, size: tuple[int, int]) -> PixelBox | None:
    """Whole pixels of the picture around a box; None when it lies outside of it."""
    left, top = max(0, int(box[0] - margin)), max(0, int(box[1] - margin))
    right = min(size[0], int(np.ceil(box[0] + box[2] + margin)))
    bottom = min(size[1], int(np.ceil(box[1] + box[3] + margin)))
    if right - left < WINDOW_LEAST or bottom - top < WINDOW_LEAST:
        return None
    return float(left), float(top), float(right - left), float(bottom - top)


def _crop(plane: Luma, window: PixelBox, scale: float) -> NDArray[np.float32]:
    left, top, width, height = (int(value) for value in window)
    crop = plane[top : top + height, left : left + width]
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
    return cv2.GaussianBlur(crop.astype(np.float32), (3, 3), 0).astype(np.float32)


def _needless(pictures: _Pictures, regions: tuple[Region, ...]) -> tuple[float, float]:
    """Shares of the picture: changed at all, and changed outside of everybody's padded box."""
    scale = min(1.0, PICTURE_WIDTH / pictures.source.shape[1])
    both = [_whole(plane, scale) for plane in (pictures.source, pictures.output)]
    off = changed(both[0], both[1], PICTURE_WINDOW)
    people = geometry.people_mask(regions, scale, (off.shape[0], off.shape[1]))
    return float(off.mean()), float((off & ~people).mean())


def _whole(plane: Luma, scale: float) -> NDArray[np.float32]:
    if scale < 1:
        size = (round(plane.shape[1] * scale), round(plane.shape[0] * scale))
        plane = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)
    return plane.astype(np.float32)
