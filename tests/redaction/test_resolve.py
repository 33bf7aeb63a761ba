"""From what was seen and decided to what is drawn: who is not shown on purpose is hidden."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from cctv.redaction.drawing.compose import compose
from cctv.redaction.drawing.drawing import Drawing, Planes
from cctv.redaction.looking.facts import LOOK, FrameFacts
from cctv.redaction.resolve import Edit, Known, Mode, Resolved, Settings, resolve
from cctv.redaction.tracks.bodies import checked
from cctv.redaction.tracks.subject import Anchor

STEP_MS = 40.0
FRAMES = 100
# Three people: one stands left, one stands right, one walks through from left to right behind both.
LEFT, RIGHT = (0.2, 0.4, 0.06, 0.3), (0.7, 0.45, 0.06, 0.3)


def looks(number: int) -> np.ndarray:
    look = np.full(LOOK, 3, np.uint8)
    look[number * 7 % LOOK] = 200
    return look


def walker(frame: int, frames: int = FRAMES) -> tuple[float, float, float, float]:
    return (0.02 + 0.9 * frame / frames, 0.3, 0.05, 0.26)


def seen(frames: int = FRAMES, people: int = 3, whole: tuple[int, ...] = ()) -> list[FrameFacts]:
    out = []
    for frame in range(frames):
        boxes = [LEFT, RIGHT, walker(frame, frames)]
        boxes += [(0.05 + 0.08 * each, 0.75, 0.04, 0.15) for each in range(people - 3)]
        out.append(
            FrameFacts(
                frame * STEP_MS,
                np.asarray(boxes, np.float32),
                np.full(len(boxes), 0.8, np.float32),
                np.zeros(len(boxes), np.uint8),
                np.stack([looks(each) for each in range(len(boxes))]),
                whole=frame in whole,
            )
        )
    return out


def decide(facts: list[FrameFacts], *edits: tuple[str, dict[str, Any]], **settings: Any) -> Resolved:
    made = [Edit(n, kind, checked(kind, body, frames=len(facts))) for n, (kind, body) in enumerate(edits, 1)]
    return resolve(facts, made, Settings(**settings))


PICK_LEFT = ("subject", {"frame": 50, "box": LEFT})


def holds(shape: Any, x: float, y: float) -> bool:
    points = np.asarray(shape)
    if points.ndim == 2:
        points = np.r_[points.min(axis=0), np.ptp(points, axis=0)]
    return bool(points[0] <= x <= points[0] + points[2] and points[1] <= y <= points[1] + points[3])


def _hiding(drawing: Drawing) -> tuple[Any, ...]:
    return (*drawing.holes, *drawing.covers, *drawing.solid)


def shows(drawing: Drawing, box: Any) -> bool:
    """Whether the head of a box shows."""
    x, y = box[0] + box[2] / 2, box[1] + 0.1 * box[3]
    if drawing.whole or any(holds(shape, x, y) for shape in _hiding(drawing)):
        return False
    return drawing.shown is None or any(holds(shape, x, y) for shape in drawing.shown)


def test_with_nobody_picked_nobody_is_shown() -> None:
    for mode in ("reveal", "hide"):
        out = decide(seen(), mode=mode)
        for frame in range(0, FRAMES, 7):
            assert not any(shows(out.drawing(frame), box) for box in (LEFT, RIGHT, walker(frame)))


@pytest.mark.parametrize("mode", ["reveal", "hide"])
def test_the_subject_is_shown_and_the_others_are_not(mode: str) -> None:
    out = decide(seen(), PICK_LEFT, mode=mode)
    assert out.subject_track is not None
    assert out.roles[out.subject_track] == "show"
    for frame in (0, 50, 99):
        drawing = out.drawing(frame)
        assert shows(drawing, LEFT)
        assert not shows(drawing, RIGHT)
        assert not shows(drawing, walker(frame))


@pytest.mark.parametrize("mode", ["reveal", "hide"])
def test_the_head_of_who_passes_behind_the_subject_is_hidden(mode: str) -> None:
    out = decide(seen(), PICK_LEFT, mode=mode)
    for frame in range(FRAMES):
        assert not shows(out.drawing(frame), walker(frame))


# Who is chosen, and somebody beside, nearer, or farther and to the left, who stands and is lost there.
CHOSEN = (0.40, 0.35, 0.10, 0.45)
CHOSEN_THIN = (0.40, 0.40, 0.06, 0.30)
LOST = {
    "apart": (CHOSEN_THIN, (0.475, 0.40, 0.06, 0.30)),
    "beside": (CHOSEN, (0.475, 0.36, 0.09, 0.45)),
    "nearer": (CHOSEN, (0.46, 0.40, 0.09, 0.45)),
    "farther": (CHOSEN, (0.36, 0.33, 0.09, 0.42)),
    "behind": (CHOSEN, (0.437, 0.34, 0.09, 0.40)),
}


def lost_beside(subject: Any, other: Any, told: range, frames: int = 150) -> list[FrameFacts]:
    """The other is detected in the frames of `told` alone, and moves where they stand all the time."""
    out = []
    for frame in range(frames):
        here = other(frame) if callable(other) else other
        moving = np.asarray([here], np.float32)
        if frame % 3:
            out.append(FrameFacts(frame * STEP_MS, moving=moving, detected=False))
            continue
        boxes = np.asarray([subject, here] if frame in told else [subject], np.float32)
        out.append(
            FrameFacts(
                frame * STEP_MS,
                boxes,
                np.full(len(boxes), 0.8, np.float32),
                np.zeros(len(boxes), np.uint8),
                np.stack([looks(each) for each in range(len(boxes))]),
                moving=moving,
            )
        )
    return out


def exposed(drawing: Drawing, box: Any) -> float:
    """Which part of a head comes through, of those who stand in a picture of one grey."""
    planes = Planes(np.full((300, 400), 200, np.uint8), *(np.full((150, 200), 128, np.uint8) for _ in "uv"))
    painted = compose(planes, drawing).y
    x, y, w, h = box
    rows, columns = (
        slice(int(y * 300), int((y + 0.15 * h) * 300)),
        slice(int((x + w / 4) * 400), int((x + 0.75 * w) * 400)),
    )
    return float((painted[rows, columns] == 200).mean())


@pytest.mark.parametrize("mode", ["reveal", "hide"])
@pytest.mark.parametrize("where", LOST)
@pytest.mark.parametrize("told", [range(60), range(90, 150), range(40)], ids=["lost", "found", "long lost"])
def test_choosing_a_subject_uncovers_nobody_beside_it(mode: str, where: str, told: range) -> None:
    subject, other = LOST[where]
    facts = lost_beside(subject, other, told)
    nobody = decide(facts, mode="hide", subject_kind="nobody")
    chosen = decide(facts, ("subject", {"frame": 66, "box": subject}), mode=mode)
    for frame in range(0, 150, 5):
        assert exposed(nobody.drawing(frame), other) < 0.1
        assert exposed(chosen.drawing(frame), other) < 0.1, frame
    assert sum(exposed(chosen.drawing(frame), subject) > 0.2 for frame in range(0, 150, 5)) > 25


@pytest.mark.parametrize("mode", ["reveal", "hide"])
@pytest.mark.parametrize(
    ("start", "pace", "told"),
    [
        (0.36, 0.0008, range(60)),
        (0.47, -0.0008, range(60)),
        (0.33, 0.0008, range(30)),
        (0.30, 0.0008, range(90, 150)),
        (0.415, 0.0, range(60)),
        (0.36, 0.0008, range(9)),
    ],
)
def test_who_was_detected_apart_and_passes_the_subject_unseen_is_hidden(
    mode: str, start: float, pace: float, told: range
) -> None:
    """They go slowly, or stand, and are told in some frames alone."""

    def there(frame: int) -> Any:
        return start + pace * frame, 0.36, 0.10, 0.44

    facts = lost_beside(CHOSEN, there, told)
    chosen = decide(facts, ("subject", {"frame": 66, "box": CHOSEN}), mode=mode)
    nobody = decide(facts, mode="hide", subject_kind="nobody")
    for frame in range(0, 150, 5):
        assert exposed(nobody.drawing(frame), there(frame)) < 0.1
        assert exposed(chosen.drawing(frame), there(frame)) < 0.1, frame


def test_who_is_lost_beside_the_subject_stays_doubtful() -> None:
    subject, other = LOST["farther"]
    out = decide(lost_beside(subject, other, range(60)), ("subject", {"frame": 66, "box": subject}))
    crossed = [doubt for doubt in out.doubts if doubt.kind == "crossing"]
    assert all(any(doubt.first <= frame <= doubt.last for doubt in crossed) for frame in (20, 65, 90, 145))


def test_what_a_person_hides_is_hidden_also_where_it_is_the_subject() -> None:
    number = decide(seen(), PICK_LEFT).subject_track
    for mode in ("reveal", "hide"):
        out = decide(seen(), PICK_LEFT, ("role", {"track": number, "role": "hide"}), mode=mode)
        assert not shows(out.drawing(50), LEFT)


def test_a_second_person_may_be_shown() -> None:
    other = decide(seen(), ("subject", {"frame": 50, "box": RIGHT})).subject_track
    out = decide(seen(), PICK_LEFT, ("role", {"track": other, "role": "show"}), mode="reveal")
    assert shows(out.drawing(50), LEFT)
    assert shows(out.drawing(50), RIGHT)


@pytest.mark.parametrize("mode", ["reveal", "hide", "manual"])
def test_a_picture_that_cannot_be_relied_on_shows_nothing(mode: str) -> None:
    out = decide(seen(whole=(30, 31)), PICK_LEFT, mode=mode)
    assert out.drawing(30).whole
    assert out.drawing(FRAMES).whole  # nor does what was never looked at
    assert [(doubt.first, doubt.last) for doubt in out.doubts if doubt.kind == "whole"] == [(30, 31)]


@pytest.mark.parametrize("mode", ["reveal", "hide", "manual"])
def test_masks_and_covers_by_hand_are_drawn_in_every_mode(mode: str) -> None:
    corner = np.asarray([[0, 0], [0.1, 0], [0.1, 0.1]], np.float32)
    cover = {"id": "c", "shape": "box", "keys": [{"frame": 0, "shape": list(LEFT)}], "first": 20, "last": 60}
    mask = {"id": "m", "polygon": [[0.9, 0.9], [1, 0.9], [1, 1]]}
    out = decide(seen(), PICK_LEFT, ("cover", cover), ("mask", mask), mode=mode, masks=(corner,))
    assert not shows(out.drawing(50), LEFT)
    assert shows(out.drawing(70), LEFT)
    for frame in (0, 99):
        assert any(holds(shape, 0.05, 0.02) for shape in out.drawing(frame).solid)
        assert any(holds(shape, 0.95, 0.95) for shape in out.drawing(frame).solid)


def test_where_only_hand_drawn_covers_are_drawn_what_was_seen_beside_them_is_doubtful() -> None:
    out = decide(seen(), mode="manual")
    assert shows(out.drawing(50), RIGHT)
    assert [doubt.kind for doubt in out.doubts] == ["motion"]
    keys = [{"frame": 0, "shape": [0, 0, 1, 1]}]
    all_of_it = ("cover", {"id": "c", "shape": "box", "keys": keys, "first": 0, "last": FRAMES - 1})
    assert not decide(seen(), all_of_it, mode="manual").doubts


def test_a_box_set_by_hand_on_the_subject_is_where_it_is_shown() -> None:
    moved = (0.4, 0.1, 0.06, 0.3)
    number = decide(seen(), PICK_LEFT).subject_track
    out = decide(seen(), PICK_LEFT, ("box", {"track": number, "frame": 70, "box": moved}))
    assert shows(out.drawing(70), moved)


def test_a_correction_of_the_subject_gives_way_within_half_a_second() -> None:
    wider = (0.19, 0.38, 0.08, 0.34)
    out = decide(seen(), PICK_LEFT, ("subject", {"frame": 70, "box": wider, "also": True}))
    assert out.subject is not None
    widths = out.subject.boxes[:, 2]
    assert widths[70] == pytest.approx(0.08)
    assert 0.06 < widths[75] < widths[72] < 0.08
    assert widths[90] == pytest.approx(0.06, abs=1e-3)


def test_edits_of_mode_and_style_stand_above_what_was_asked_for() -> None:
    out = decide(seen(), ("mode", {"mode": "hide"}), ("style", {"style": "blur"}), mode="reveal")
    assert (out.settings.mode, out.settings.style) == ("hide", "blur")


def test_the_digest_changes_with_what_is_drawn_and_with_nothing_else() -> None:
    facts = seen()
    before = decide(facts, PICK_LEFT)
    settled = decide(facts, PICK_LEFT, ("settle", {"doubt": before.doubts[0].key}))
    assert settled.doubts[0].settled
    cover = {
        "id": "c",
        "shape": "box",
        "keys": [{"frame": 60, "shape": list(RIGHT)}],
        "first": 60,
        "last": 70,
    }
    covered = decide(facts, PICK_LEFT, ("cover", cover))
    for first, stop, same in ((0, 50, True), (50, 100, False)):
        digest = before.digest(first, stop)
        assert settled.digest(first, stop) == digest
        assert (covered.digest(first, stop) == digest) is same
        assert decide(facts, PICK_LEFT, ("style", {"style": "blur"})).digest(first, stop) != digest


def test_a_clip_without_pictures_or_people_resolves() -> None:
    assert resolve([], [], Settings()).frames == 0
    out = decide([FrameFacts(0.0)], mode="hide")
    assert out.drawing(0).covers == ()
    assert out.doubts == []


def test_somebody_elses_subject_is_never_ones_own_though_both_ask_at_once() -> None:
    facts = seen(20)

    class Raced(Known):
        """Another thread puts its answer in whenever this one has put in its own."""

        theirs = Known(facts).follow([Anchor(5, RIGHT)], Settings())
        _followed = property(lambda self: ("theirs", self.theirs), lambda _self, _value: None)

    mine = Raced(facts).follow([Anchor(5, LEFT)], Settings())
    assert np.allclose(mine.boxes[5], LEFT, atol=0.01)


def test_one_edit_more_is_quick() -> None:
    known = Known(seen(600, people=8))
    edits = [Edit(1, *PICK_LEFT)]
    resolve(known, edits, Settings())
    began = time.process_time()
    out = resolve(known, [*edits, Edit(2, "role", {"track": 3, "role": "show"})], Settings(mode="hide"))
    assert time.process_time() - began < 0.3
    assert out.frames == 600


def test_light_that_changes_at_once_covers_the_first_pictures_too() -> None:
    def facts_with(whole: int) -> list[FrameFacts]:
        return [FrameFacts(at_ms=40.0 * frame, whole=frame == whole) for frame in range(60)]

    assert resolve(facts_with(3), [], Settings(subject_kind="nobody")).whole[:5].tolist() == [True] * 4 + [
        False
    ]
    assert np.flatnonzero(resolve(facts_with(30), [], Settings(subject_kind="nobody")).whole).tolist() == [30]


@pytest.mark.parametrize(("mode", "asked"), [("hide", True), ("reveal", True), ("manual", False)])
def test_poor_pictures_are_a_moment_to_look_at(mode: Mode, asked: bool) -> None:
    facts = [FrameFacts(at_ms=40.0 * frame, poor=20 <= frame < 50) for frame in range(60)]
    found = resolve(facts, [], Settings(mode=mode, subject_kind="nobody")).doubts
    assert [(doubt.first, doubt.last) for doubt in found if doubt.kind == "poor"] == [(20, 49)] * asked
