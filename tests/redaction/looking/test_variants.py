"""Night, shake, jumps of brightness and crowds, made from a real clip: more is covered then, never less.

By the real detector. Who is where comes from the clip as it is, moved along where the change moves pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest

from cctv.redaction.drawing.compose import compose
from cctv.redaction.drawing.drawing import Planes
from cctv.redaction.looking.detector import OnnxDetector
from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.resolve import Edit, Settings, resolve
from cctv.redaction.tracks.boxes import Box, Kind
from cctv.redaction.tracks.linking import link
from tests.redaction.looking._scenes import (
    HEIGHT,
    WIDTH,
    Picture,
    Truth,
    changed,
    clip,
    covered,
    head,
    look,
    shown,
)

Change = Callable[[Picture, int], Picture]
SHAKES = np.random.default_rng(11).integers(-6, 7, (40, 2))
# The crowd: the man again, mirrored, and once more from half a second later.
LATER = 5


@cache
def detector() -> OnnxDetector:
    return OnnxDetector()


@cache
def plain() -> tuple[list[FrameFacts], Truth]:
    """What is seen in the clip as it is, and where the man is."""
    facts = look(clip(), detector())
    man = max(
        (track for track in link(facts) if track.kind == Kind.PERSON), key=lambda track: len(track.boxes)
    )
    boxes = [man.box(frame) for frame in range(len(facts))]
    assert all(boxes), "the man is followed throughout"
    return facts, [[box] for box in boxes if box is not None]


def night(picture: Picture, number: int) -> Picture:
    grain = np.random.default_rng(number).normal(0, 9, picture.shape)
    return np.clip(picture * 0.18 + grain, 0, 255).astype(np.uint8)


def dim(picture: Picture, number: int) -> Picture:
    """So dark that the detector sees nobody; whoever turns up the light of a copy does."""
    grain = np.random.default_rng(number).normal(0, 2, picture.shape)
    return np.clip(picture * 0.07 + grain, 0, 255).astype(np.uint8)


def half_dark(picture: Picture, number: int) -> Picture:
    """The lamps of the left half are off."""
    made = picture.copy()
    made[:, : WIDTH // 2] = made[:, : WIDTH // 2] * 0.25
    return made


def washed_out(picture: Picture, number: int) -> Picture:
    return (200 + picture * 0.25).clip(0, 255).astype(np.uint8)


def under_a_lamp(picture: Picture, number: int) -> Picture:
    """A dark place in which one lamp makes the picture's lightest part light."""
    across, down = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    lamp = 220 * np.exp(-((across - 0.7) ** 2 + (down + 0.7) ** 2) / 0.15)[..., None]
    grain = np.random.default_rng(number).normal(0, 5, picture.shape)
    return np.clip(picture * 0.1 + lamp + grain, 0, 255).astype(np.uint8)


def pale(picture: Picture, number: int) -> Picture:
    return (110 + picture * 0.12).astype(np.uint8)


def blurred(picture: Picture, number: int) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 5), np.uint8)


def noisy(picture: Picture, number: int) -> Picture:
    return np.clip(picture + np.random.default_rng(number).normal(0, 25, picture.shape), 0, 255).astype(
        np.uint8
    )


def shaken(picture: Picture, number: int) -> Picture:
    x, y = (float(value) for value in SHAKES[number])
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
    return np.asarray(
        cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def jumping(picture: Picture, number: int) -> Picture:
    light = 1.0 if number < 7 else 1.7 if number < 14 else 0.4
    return np.clip(picture * light, 0, 255).astype(np.uint8)


def crowded(picture: Picture, number: int) -> Picture:
    """Two more of him: where the mirrored picture and a later one differ from the empty hall, by his box."""
    made = picture.copy()
    for other, box in ((mirrored(number), flipped(number)), (clip()[later(number)], aside(number))):
        x, y, w, h = box
        rows = slice(max(0, int(y * HEIGHT)), int((y + h) * HEIGHT))
        width = int(w * WIDTH)
        left = max(0, int(x * WIDTH))
        source = left if other is not clip()[later(number)] else int(plain()[1][later(number)][0][0] * WIDTH)
        width = min(width, WIDTH - left, WIDTH - source)
        made[rows, left : left + width] = other[rows, source : source + width]
    return made


def mirrored(number: int) -> Picture:
    return np.ascontiguousarray(clip()[number][:, ::-1])


def flipped(number: int) -> Box:
    x, y, w, h = plain()[1][number][0]
    return 1 - x - w, y, w, h


def later(number: int) -> int:
    return min(number + LATER, len(clip()) - 1)


def aside(number: int) -> Box:
    x, y, w, h = plain()[1][later(number)][0]
    return max(0.0, x - 1.5 * w), y, w, h


def truth_of(change: Change) -> Truth:
    truth = plain()[1]
    if change is shaken:
        moved = SHAKES / [WIDTH, HEIGHT]
        return [
            [(x + moved[n][0], y + moved[n][1], w, h) for x, y, w, h in boxes]
            for n, boxes in enumerate(truth)
        ]
    if change is crowded:
        return [[*boxes, flipped(n), aside(n)] for n, boxes in enumerate(truth)]
    return truth


def exposed(mask: np.ndarray, truth: Truth) -> int:
    """Heads of which more than a tenth shows."""
    return sum(shown(mask[n], head(box)) > 0.1 for n, boxes in enumerate(truth) for box in boxes)


def test_in_the_clip_as_it_is_the_head_is_covered_and_most_of_the_picture_is_not() -> None:
    facts, truth = plain()
    mask = covered(facts)
    assert exposed(mask, truth) == 0
    assert 0.03 < mask.mean() < 0.35
    assert not any(one.whole or one.poor for one in facts)


@pytest.mark.parametrize(
    "change",
    [night, dim, under_a_lamp, pale, washed_out, blurred, noisy, shaken, jumping, crowded],
    ids=lambda each: each.__name__,
)
def test_more_is_covered_never_less(change: Change) -> None:
    facts, _truth = plain()
    changed_facts = look(changed(clip(), change), detector())
    mask = covered(changed_facts)
    assert exposed(mask, truth_of(change)) == 0
    assert mask.mean() > covered(facts).mean()


@pytest.mark.parametrize(
    "change", [night, dim, under_a_lamp, half_dark, pale, washed_out, blurred], ids=lambda each: each.__name__
)
def test_whoever_stands_still_is_covered_in_poor_pictures_too(change: Change) -> None:
    """Nothing moves then, so that only the detector, or its distrust, can cover them."""
    grain = [np.random.default_rng(100 + number).normal(0, 1.5, (HEIGHT, WIDTH, 3)) for number in range(6)]
    still = [np.clip(clip()[10] + each, 0, 255).astype(np.uint8) for each in grain]
    mask = covered(look(changed(still, change), detector()))
    assert exposed(mask, [plain()[1][10]] * len(still)) == 0


def test_black_pictures_are_covered_wholly_or_show_nothing() -> None:
    black = [np.random.default_rng(n).integers(0, 12, (HEIGHT, WIDTH, 3)).astype(np.uint8) for n in range(6)]
    assert all(one.whole for one in look(black, detector())[2:])


def test_one_picture_is_enough_to_cover_somebody() -> None:
    facts = look(clip()[:1], detector())
    assert exposed(covered(facts), plain()[1][:1]) == 0


@cache
def crowd(change: Change) -> list[FrameFacts]:
    """What is seen of the man among two more of him, changed."""
    return look(changed(changed(clip(), crowded), change), detector())


def left_open(facts: list[FrameFacts], box: Box | None, mode: str) -> np.ndarray:
    """Which pixels come through, with that one chosen in the first picture: (frames, high, wide)."""
    edits = [Edit(1, "subject", {"frame": 0, "box": list(box)})] if box else []
    settings = Settings(mode=mode, subject_kind="person" if box else "nobody", aspect=WIDTH / HEIGHT)  # type: ignore[arg-type]
    resolved = resolve(facts, edits, settings)
    out = np.zeros((len(facts), HEIGHT, WIDTH), bool)
    for frame in range(len(facts)):
        y = np.full((HEIGHT, WIDTH), 200, np.uint8)
        colours = (np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8) for _ in "uv")
        out[frame] = compose(Planes(y, *colours), resolved.drawing(frame)).y == 200
    return out


def as_it_is(picture: Picture, number: int) -> Picture:
    return picture


@pytest.mark.parametrize("mode", ["hide", "reveal"])
@pytest.mark.parametrize("change", [as_it_is, night, shaken, jumping], ids=lambda each: each.__name__)
def test_choosing_somebody_in_a_crowd_uncovers_nobody_else(change: Change, mode: str) -> None:
    facts, moved = crowd(change), truth_of(crowded)
    if change is shaken:
        steps = SHAKES / [WIDTH, HEIGHT]
        moved = [
            [(x + steps[n][0], y + steps[n][1], w, h) for x, y, w, h in boxes]
            for n, boxes in enumerate(moved)
        ]
    for chosen in range(3):
        before, after = left_open(facts, None, "hide"), left_open(facts, moved[0][chosen], mode)
        for frame, boxes in enumerate(moved):
            for other in (each for place, each in enumerate(boxes) if place != chosen):
                if shown(~before[frame], head(other)) <= 0.1:
                    assert shown(~after[frame], head(other)) <= 0.1, (chosen, frame)
        own = [shown(~after[frame], head(boxes[chosen])) > 0.5 for frame, boxes in enumerate(moved)]
        assert change is not as_it_is or sum(own) > 15
