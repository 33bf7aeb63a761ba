"""Linking: tracks have a box in every frame, from before somebody was seen until after."""

from __future__ import annotations

import numpy as np
import pytest

from cctv.redaction.looking.facts import LOOK, FrameFacts
from cctv.redaction.tracks.boxes import Box, How, Kind, Track, clipped, iou, overlaps, padded, within
from cctv.redaction.tracks.covering import Padding, cover, covers
from cctv.redaction.tracks.linking import LinkSettings, link

STEP_MS = 40.0
Seen = list[tuple[Box, float]]


def frame(
    number: int,
    seen: Seen | None = None,
    *,
    moving: list[Box] | None = None,
    at_ms: float | None = None,
    shift: tuple[float, float] = (0.0, 0.0),
    poor: bool = False,
    looks: list[int] | None = None,
) -> FrameFacts:
    """What is seen in one picture; None: the detector did not run on it."""
    boxes = seen or []
    look = np.zeros((len(boxes), LOOK), np.uint8)
    for row, colour in enumerate(looks or [0] * len(boxes)):
        look[row, colour] = 255
    return FrameFacts(
        at_ms=number * STEP_MS if at_ms is None else at_ms,
        boxes=np.array([box for box, _ in boxes], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score in boxes], np.float32),
        kinds=np.zeros(len(boxes), np.uint8),
        looks=look,
        moving=np.array(moving or [], np.float32).reshape(-1, 4),
        detected=seen is not None,
        shift=shift,
        poor=poor,
    )


def person(x: float, y: float = 0.4) -> Box:
    return x, y, 0.05, 0.2


def walk(number: int, speed: float = 0.004, start: float = 0.2) -> Box:
    return person(start + speed * number)


def people(tracks: list[Track]) -> list[Track]:
    return [track for track in tracks if track.kind == Kind.PERSON]


def near(track: Track, number: int, box: Box, least: float = 0.8) -> bool:
    mine = track.box(number)
    return mine is not None and float(iou(np.float32([mine]), np.float32([box]))[0, 0]) >= least  # type: ignore[arg-type]


def test_every_third_picture_is_enough_for_a_box_in_each() -> None:
    facts = [frame(n, [(walk(n), 0.8)] if n % 3 == 0 else None) for n in range(31)]
    (track,) = link(facts)
    assert (track.first, track.stop) == (0, 31)
    assert all(near(track, n, walk(n), 0.95) for n in range(31))
    assert [track.how[n] for n in (0, 1, 3)] == [How.SEEN, How.FILLED, How.SEEN]


def test_weak_detections_go_on_where_one_was_sure_and_alone_are_nothing() -> None:
    facts = [frame(n, [(walk(n), 0.6 if n == 15 else 0.12), (person(0.8), 0.2)]) for n in range(30)]
    (track,) = link(facts)
    assert (track.first, track.stop) == (0, 30)
    assert near(track, 0, walk(0))


def test_weak_ones_count_where_something_moves() -> None:
    facts = [frame(n, [(walk(n), 0.22)], moving=[walk(n)]) for n in range(30)]
    assert len(people(link(facts))) == 1


def test_what_never_moves_must_be_a_little_surer() -> None:
    def stone(score: float) -> list[Track]:
        return people(link([frame(n, [(person(0.5), score)]) for n in range(40)]))

    assert stone(0.33) == []
    assert len(stone(0.45)) == 1


def test_a_gap_is_filled() -> None:
    facts = [frame(n, [] if 20 <= n < 60 else [(walk(n), 0.8)]) for n in range(90)]
    (track,) = people(link(facts))
    assert all(near(track, n, walk(n), 0.7) for n in range(90))


def test_somebody_is_covered_before_and_after_being_seen() -> None:
    facts = [frame(n, [(walk(n), 0.8)] if 30 <= n < 50 else []) for n in range(80)]
    (track,) = people(link(facts))
    assert track.first <= 18
    assert track.stop >= 62
    assert track.how[0] == How.AHEAD
    for n in (track.first, track.stop - 1):
        assert near(track, n, walk(n), 0.3)


def test_and_for_as_long_as_something_moves_there() -> None:
    facts = [
        frame(n, [(walk(n), 0.8)] if 60 <= n < 80 else [], moving=[walk(n)] if 0 < n < 140 else [])
        for n in range(150)
    ]
    (track,) = people(link(facts))
    assert track.first <= 5
    assert track.stop >= 136
    assert all(near(track, n, walk(n), 0.35) for n in range(track.first, track.stop))


def test_whoever_leaves_the_picture_is_gone_with_it() -> None:
    facts = [frame(n, [(walk(n, 0.02), 0.8)] if n < 36 else []) for n in range(100)]
    (track,) = people(link(facts))
    assert track.stop < 48


def test_somebody_who_stood_still_is_held() -> None:
    facts = [frame(n, [(person(0.5), 0.8)] if 20 <= n < 60 else []) for n in range(200)]
    (track,) = people(link(facts))
    assert track.stop >= 60 + 45


def test_somebody_who_stood_undetected_for_ten_seconds_is_one_track() -> None:
    facts = [frame(n, [(person(0.5), 0.8)] if n < 40 or n >= 290 else []) for n in range(330)]
    (track,) = people(link(facts))
    assert (track.first, track.stop) == (0, 330)


def test_nobody_is_taken_across_a_hole_in_the_recording() -> None:
    facts = [
        frame(n, [(person(0.5), 0.8)], at_ms=n * STEP_MS + (60_000 if n >= 40 else 0)) for n in range(80)
    ]
    first, second = people(link(facts))
    assert first.stop <= 40 <= second.first


def test_two_who_cross_stay_two_by_their_colours() -> None:
    facts = []
    for n in range(0, 100):
        seen = [(walk(n, 0.006, 0.1), 0.8), (walk(n, -0.006, 0.7), 0.8)]
        facts.append(frame(n, None if n % 3 else seen, looks=None if n % 3 else [3, 20]))
    first, second = people(link(facts))
    assert all(near(first, n, walk(n, 0.006, 0.1)) for n in (0, 99))
    assert all(near(second, n, walk(n, -0.006, 0.7)) for n in (0, 99))


def test_a_shaken_camera_takes_the_boxes_along() -> None:
    sway = np.array([0.02 * (-1) ** n if n % 3 else 0.0 for n in range(60)])
    shifts = np.diff(sway, prepend=0.0)
    facts = []
    for n in range(60):
        box = person(0.5 + float(sway[n]))
        facts.append(frame(n, None if n % 3 else [(box, 0.8)], shift=(float(shifts[n]), 0.0)))
    (track,) = people(link(facts))
    assert all(near(track, n, person(0.5 + float(sway[n])), 0.9) for n in range(60))


def test_in_poor_pictures_boxes_are_wider_and_less_is_believed() -> None:
    def run(poor: bool) -> list[Track]:
        return people(link([frame(n, [(walk(n), 0.2)], poor=poor) for n in range(30)]))

    assert run(poor=False) == []
    (track,) = run(poor=True)
    box = track.box(10)
    assert box is not None
    assert box[2] > 1.2 * 0.05


def test_motion_that_nobody_explains_is_a_track_of_its_own() -> None:
    facts = [
        frame(n, [(walk(n), 0.8)], moving=[walk(n), (0.7, 0.1 + 0.002 * n, 0.06, 0.1)]) for n in range(50)
    ]
    tracks = link(facts)
    assert [track.kind for track in tracks] == [Kind.PERSON, Kind.MOTION]
    assert all(near(tracks[1], n, (0.7, 0.1 + 0.002 * n, 0.06, 0.1), 0.75) for n in range(50))


def test_what_sticks_out_of_a_track_is_covered_too() -> None:
    wide = (0.2, 0.4, 0.15, 0.2)
    facts = [frame(n, [(person(0.2), 0.8)], moving=[wide]) for n in range(30)]
    boxes = np.array(covers(link(facts), 15), np.float32)
    held = np.zeros((200, 200), np.bool_)
    for x, y, w, h in boxes * 200:
        held[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))] = True
    assert held[80:120, 40:70].all()


def test_a_speck_in_one_picture_is_noise_and_a_big_thing_is_not() -> None:
    def run(box: Box) -> list[Track]:
        return link([frame(n, [], moving=[box] if n == 10 else []) for n in range(20)])

    assert run((0.5, 0.5, 0.01, 0.01)) == []
    (track,) = run((0.5, 0.5, 0.2, 0.2))
    assert track.first < 10 < track.stop - 1


def test_what_moves_soon_after_the_beginning_was_there_before() -> None:
    def first(number: int) -> int:
        box = (0.4, 0.4, 0.2, 0.2)
        (track,) = link([frame(n, [], moving=[box] if n >= number else []) for n in range(100)])
        return track.first

    assert first(30) == 0
    assert first(70) > 50


def test_nothing_links_to_nothing() -> None:
    assert link([]) == []
    assert link([frame(0, [])]) == []
    (track,) = link([frame(0, [(person(0.5), 0.9)])])
    assert len(track.boxes) == 1


def test_the_same_facts_always_give_the_same_tracks() -> None:
    random = np.random.default_rng(5)
    facts = []
    for n in range(60):
        seen = [
            (walk(n, float(v), 0.1 + 0.1 * k), float(random.uniform(0.1, 0.9)))
            for k, v in enumerate([0.001, 0.002])
        ]
        facts.append(frame(n, seen))
    one, other = link(facts), link(facts)
    assert [(track.number, track.first) for track in one] == [(track.number, track.first) for track in other]
    assert all((a.boxes == b.boxes).all() for a, b in zip(one, other, strict=True))


def test_covers_are_wider_the_less_is_known_and_by_hand_as_drawn() -> None:
    box = person(0.5)

    def width(how: How) -> float:
        track = Track(
            0, Kind.PERSON, 3, np.array([box], np.float32), np.ones(1, np.float32), np.array([how], np.uint8)
        )
        found = cover(track, 3)
        assert found is not None
        return found[2]

    assert 0.05 < width(How.SEEN) < width(How.FILLED) < width(How.AHEAD)
    assert width(How.HAND) == pytest.approx(0.05)
    assert cover(link([frame(0, [(box, 0.9)])])[0], 7) is None
    assert Padding().above > 0


def test_geometry_of_boxes() -> None:
    ours = np.array([[0, 0, 0.5, 0.5]], np.float32)
    theirs = np.array([[0.25, 0, 0.5, 0.5], [0.6, 0.6, 0.1, 0.1]], np.float32)
    assert overlaps(ours, theirs)[0] == pytest.approx([0.125, 0])
    assert iou(ours, theirs)[0] == pytest.approx([1 / 3, 0])
    assert within(ours, theirs)[0] == pytest.approx([0.5, 0])
    assert clipped((-0.1, 0.5, 0.2, 0.7)) == pytest.approx((0, 0.5, 0.1, 0.5))
    assert clipped((1.1, 0, 0.2, 0.2)) is None
    assert padded((0.4, 0.4, 0.1, 0.2), 0.1, 0.5) == pytest.approx((0.39, 0.3, 0.12, 0.32))
    assert LinkSettings().start > LinkSettings().go_on
