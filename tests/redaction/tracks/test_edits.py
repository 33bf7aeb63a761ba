"""People's decisions: each does what it says, none loses a box that was seen, hostile ones are refused."""

from __future__ import annotations

import copy
from typing import Any

import cv2
import numpy as np
import pytest

from cctv.redaction.tracks.bodies import KINDS, EditRefused, checked
from cctv.redaction.tracks.boxes import How, Track
from cctv.redaction.tracks.edits import Decided, Edit, add, apply
from cctv.redaction.tracks.keyframes import FADES_MS, box_at, present

from ._made import STEP_MS, still, times, walk

FRAMES = 200
TIMES = times(FRAMES)
HERE = (0.1, 0.2, 0.05, 0.3)
THERE = (0.7, 0.2, 0.05, 0.3)


def decide(tracks: list[Track], *edits: tuple[str, dict[str, Any]]) -> Decided:
    decided = apply(tracks, [], TIMES)
    for number, (kind, body) in enumerate(edits, start=1):
        add(decided, Edit(number, kind, checked(kind, body, frames=FRAMES)), TIMES)
    return decided


def drawn(decided: Decided, number: int) -> Track:
    track = decided.drawn(number, TIMES)
    assert track is not None
    return track


def near(box: Any, other: Any, far: float = 1e-4) -> bool:
    return box is not None and bool(np.allclose(box, other, atol=far))


def test_a_box_set_by_hand_is_exactly_that_box_and_fades_within_half_a_second() -> None:
    moved = (0.3, 0.3, 0.1, 0.3)
    track = drawn(decide([still(1, 0, 100, HERE)], ("box", {"track": 1, "frame": 50, "box": moved})), 1)
    assert near(track.box(50), moved)
    assert track.how[50] == How.HAND
    fades = int(FADES_MS / STEP_MS)
    assert HERE[0] < track.boxes[50 + fades // 2, 0] < moved[0]
    assert near(track.box(50 + fades + 1), HERE)
    assert near(track.box(50 - fades - 1), HERE)


def test_boxes_between_two_set_by_hand_lie_on_the_way() -> None:
    one, two = (0.2, 0.2, 0.1, 0.2), (0.4, 0.4, 0.2, 0.4)
    edits = [("box", {"track": 1, "frame": at, "box": box}) for at, box in ((60, one), (20, two))]
    track = drawn(decide([still(1, 0, 100, HERE)], *edits), 1)
    assert near(track.box(40), (0.3, 0.3, 0.15, 0.3))
    assert (track.how[20:61] == How.HAND).all()


def test_boxes_set_by_hand_far_apart_leave_the_middle_to_the_computer() -> None:
    edits = [("box", {"track": 1, "frame": at, "box": THERE}) for at in (10, 190)]
    assert near(drawn(decide([still(1, 0, 200, HERE)], *edits), 1).box(100), HERE)


def test_a_box_after_its_last_frame_makes_a_track_longer() -> None:
    track = drawn(decide([still(1, 0, 50, HERE)], ("box", {"track": 1, "frame": 60, "box": THERE})), 1)
    assert track.stop == 61
    assert HERE[0] < track.boxes[55, 0] < THERE[0]


def test_a_box_long_after_its_last_frame_guesses_nothing_in_between() -> None:
    track = drawn(decide([still(1, 0, 50, HERE)], ("box", {"track": 1, "frame": 150, "box": THERE})), 1)
    assert near(track.box(150), THERE)
    assert box_at(track, 100) is None


def test_a_manual_track_is_only_what_was_set_by_hand() -> None:
    manual = ("role", {"track": 1, "role": "manual"})
    assert decide([still(1, 0, 100, HERE)], manual).drawn(1, TIMES) is None
    keys = [("box", {"track": 1, "frame": at, "box": THERE}) for at in (20, 30)]
    track = drawn(decide([still(1, 0, 100, HERE)], manual, *keys), 1)
    assert (track.first, track.stop) == (20, 31)
    assert near(track.box(25), THERE)


def test_a_split_makes_a_new_track_that_is_hidden_whatever_the_old_one_was() -> None:
    role = ("role", {"track": 1, "role": "show"})
    decided = decide(
        [still(1, 0, 100, HERE), still(4, 0, 9, THERE)], role, ("split", {"track": 1, "frame": 40})
    )
    assert (decided.tracks[1].first, decided.tracks[1].stop) == (0, 40)
    assert (decided.tracks[5].first, decided.tracks[5].stop) == (40, 100)
    assert decided.roles == {1: "show"}


def test_boxes_set_by_hand_go_with_the_side_of_the_split_that_they_are_on() -> None:
    keys = [("box", {"track": 1, "frame": at, "box": THERE}) for at in (10, 90)]
    decided = decide([still(1, 0, 100, HERE)], *keys, ("split", {"track": 1, "frame": 40}))
    assert (decided.hand(1), decided.hand(2)) == ([10], [90])


def test_merged_tracks_are_one_and_a_short_hole_between_them_is_closed() -> None:
    tracks = [still(1, 0, 50, HERE), still(2, 60, 100, HERE)]
    decided = decide(tracks, ("merge", {"into": 1, "track": 2}))
    assert list(decided.tracks) == [1]
    assert present(decided.tracks[1]).all()
    assert decided.tracks[1].how[55] == How.FILLED


def test_a_long_hole_between_merged_tracks_stays_a_hole() -> None:
    tracks = [still(1, 0, 50, HERE), still(2, 150, 200, THERE)]
    decided = decide(tracks, ("merge", {"into": 1, "track": 2}))
    assert box_at(decided.tracks[1], 100) is None
    assert near(box_at(decided.tracks[1], 160), THERE)


def test_what_was_seen_in_two_places_at_once_is_not_lost_by_merging() -> None:
    tracks = [still(1, 0, 60, HERE), still(2, 40, 100, THERE)]
    decided = decide(tracks, ("merge", {"into": 1, "track": 2}))
    assert near(box_at(decided.tracks[1], 50), HERE)
    assert near(box_at(decided.tracks[1], 80), THERE)
    assert (decided.tracks[2].first, decided.tracks[2].stop) == (40, 60)


def test_a_guess_gives_way_to_what_was_seen_when_tracks_are_merged() -> None:
    ahead = still(1, 0, 60, HERE)
    ahead.how[50:] = How.AHEAD
    decided = decide([ahead, still(2, 45, 100, THERE)], ("merge", {"into": 1, "track": 2}))
    assert near(box_at(decided.tracks[1], 55), THERE)
    assert near(box_at(decided.tracks[1], 47), HERE)


def test_assigning_swaps_what_two_tracks_were_in_a_stretch() -> None:
    tracks = [still(1, 0, 100, HERE), still(2, 0, 100, THERE)]
    decided = decide(tracks, ("assign", {"track": 1, "first": 50, "last": 99, "to": 2}))
    assert near(box_at(decided.tracks[2], 70), HERE)
    assert near(box_at(decided.tracks[1], 70), THERE)
    assert near(box_at(decided.tracks[1], 20), HERE)


def test_assigning_all_of_a_track_ends_it_and_the_subject_goes_along() -> None:
    tracks = [still(1, 0, 50, HERE), still(2, 50, 100, THERE)]
    subject, assign = ("subject", {"track": 2}), ("assign", {"track": 2, "first": 0, "last": 199, "to": 1})
    decided = decide(tracks, subject, assign)
    assert (list(decided.tracks), decided.subject_tracks) == ([1], [1])


@pytest.mark.parametrize("seed", range(12))
def test_no_box_that_was_seen_is_lost_by_cutting_and_joining(seed: int) -> None:
    """Every box of the computer's is still some track's, however tracks are cut and joined."""
    rng = np.random.default_rng(seed)
    tracks = []
    for number in range(1, 6):
        first = int(rng.integers(0, 100))
        start, end = ((*tuple(rng.uniform(0.05, 0.8, 2)), 0.05, 0.1) for _ in range(2))
        tracks.append(walk(number, first, int(rng.integers(first + 20, FRAMES)), start, end))
    before = {(at, *np.round(track.boxes[at - track.first], 4)) for track in tracks
              for at in range(track.first, track.stop)}  # fmt: skip
    decided = apply(tracks, [], TIMES)
    for number in range(30):
        kind = str(rng.choice(["split", "merge", "assign"]))
        one, two = (int(rng.choice(list(decided.tracks))) for _ in range(2))
        low, high = sorted(int(value) for value in rng.integers(0, FRAMES, 2))
        body = {"split": {"track": one, "frame": low}, "merge": {"into": one, "track": two},
                "assign": {"track": one, "first": low, "last": high, "to": two}}[kind]  # fmt: skip
        try:
            add(decided, Edit(number, kind, checked(kind, body, frames=FRAMES)), TIMES)
        except EditRefused:
            continue
    after = {(at, *np.round(track.boxes[at - track.first], 4)) for track in decided.tracks.values()
             for at in range(track.first, track.stop)}  # fmt: skip
    lost = before - after
    # Where two tracks saw nearly the same box at the same moment, one of them is enough.
    assert all(any(_shared(gone, other) for other in after if other[0] == gone[0]) for gone in lost)


def _shared(one: Any, other: Any) -> bool:
    (x, y, w, h), (a, b, c, d) = one[1:], other[1:]
    across, down = min(x + w, a + c) - max(x, a), min(y + h, b + d) - max(y, b)
    return across > 0 and down > 0 and across * down / (w * h + c * d - across * down) >= 0.3


def test_a_new_subject_replaces_the_old_one_and_also_adds_to_it() -> None:
    tracks = [still(1, 0, 100, HERE), still(2, 0, 100, THERE)]
    also = ("subject", {"frame": 9, "box": HERE, "also": True})
    decided = decide(tracks, ("subject", {"track": 1}), ("subject", {"track": 2}), also)
    assert decided.subject_tracks == [2, 1]
    assert [frame for frame, _box in decided.anchors] == [49, 9]
    assert not decide(tracks, ("subject", {"track": 1}), also, ("subject", {})).anchors


def test_what_was_settled_about_another_subject_or_role_is_open_again() -> None:
    tracks = [still(1, 0, 100, HERE), still(2, 0, 100, THERE)]
    crossing, low = ("settle", {"doubt": "crossing.2.5-9"}), ("settle", {"doubt": "low.2.5-9"})
    assert list(decide(tracks, crossing, low).settled) == ["crossing.2.5-9", "low.2.5-9"]
    assert list(decide(tracks, crossing, low, ("subject", {"track": 1})).settled) == ["low.2.5-9"]
    assert not decide(tracks, crossing, low, ("role", {"track": 2, "role": "show"})).settled
    assert not decide(tracks, crossing, low, ("mode", {"mode": "manual"})).settled
    unsettled = ("settle", {"doubt": "low.2.5-9", "settled": False})
    assert list(decide(tracks, crossing, low, unsettled).settled) == ["crossing.2.5-9"]


def test_covers_move_between_their_keyframes_and_stay_beyond_them() -> None:
    keys = [{"frame": 10, "shape": [0, 0, 0.2, 0.2]}, {"frame": 20, "shape": [0.4, 0, 0.2, 0.2]}]
    body = {"id": "c1", "shape": "box", "keys": keys, "first": 5, "last": 30}
    cover = decide([], ("cover", body)).covers["c1"]
    assert near(cover.at(15), (0.2, 0, 0.2, 0.2))
    assert near(cover.at(5), (0, 0, 0.2, 0.2))
    assert near(cover.at(30), (0.4, 0, 0.2, 0.2))
    assert cover.at(4) is None
    assert cover.at(31) is None
    assert not decide([], ("cover", body), ("uncover", {"id": "c1"})).covers


def test_between_shapes_of_other_corners_both_and_the_way_are_covered() -> None:
    keys = [
        {"frame": 0, "shape": [[0, 0], [0.2, 0], [0.2, 0.2]]},
        {"frame": 9, "shape": [[0.6, 0.6], [0.8, 0.6], [0.8, 0.8], [0.6, 0.8]]},
    ]
    body = {"id": "c1", "shape": "polygon", "keys": keys, "first": 0, "last": 9}
    cover = decide([], ("cover", body)).covers["c1"]
    assert [len(np.asarray(cover.at(at))) for at in (0, 9)] == [3, 4]
    for at in (1, 4, 8):
        shape = np.asarray(cover.at(at), np.float32)
        for x, y in ((0.15, 0.1), (0.7, 0.7), (0.4, 0.4)):
            assert cv2.pointPolygonTest(shape, (x, y), measureDist=False) >= 0


def test_what_no_longer_means_anything_changes_nothing() -> None:
    tracks = [still(1, 0, 100, HERE)]
    decided = apply(
        tracks, [Edit(1, "split", {"track": 7, "frame": 4}), Edit(2, "unmask", {"id": "x"})], TIMES
    )
    assert list(decided.tracks) == [1]


def test_applying_changes_none_of_the_tracks_it_was_given() -> None:
    tracks = [still(1, 0, 100, HERE), still(2, 50, 150, THERE)]
    before = copy.deepcopy(tracks)
    decide(
        tracks,
        ("box", {"track": 1, "frame": 3, "box": THERE}),
        ("merge", {"into": 1, "track": 2}),
        ("split", {"track": 1, "frame": 30}),
    )
    for one, other in zip(before, tracks, strict=True):
        assert (one.boxes == other.boxes).all()
        assert one.first == other.first


BOX = [0.1, 0.1, 0.2, 0.2]
NAN = float("nan")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("nonsense", {}),
        ("box", None),
        ("box", []),
        ("box", {"track": 1, "frame": FRAMES, "box": BOX}),
        ("box", {"track": 1, "frame": -1, "box": BOX}),
        ("box", {"track": True, "frame": 1, "box": BOX}),
        ("box", {"track": 1, "frame": 1.5, "box": BOX}),
        ("box", {"track": 1, "frame": NAN, "box": BOX}),
        ("box", {"track": 1, "frame": 1, "box": [0.1, 0.1, 0.2]}),
        ("box", {"track": 1, "frame": 1, "box": [0.1, 0.1, NAN, 0.2]}),
        ("box", {"track": 1, "frame": 1, "box": [0.1, 0.1, 1e300, 0.2]}),
        ("box", {"track": 1, "frame": 1, "box": [0.1, 0.1, 0, 0]}),
        ("box", {"track": 1, "frame": 1, "box": [5, 5, 0.1, 0.1]}),
        ("box", {"track": 1, "frame": 1, "box": "0.1"}),
        ("role", {"track": 1, "role": "admin"}),
        ("role", {"track": 1, "role": ["hide"]}),
        ("merge", {"into": 1, "track": 1}),
        ("assign", {"track": 1, "first": 9, "last": 3, "to": 2}),
        ("cover", {"id": "a b", "shape": "box", "keys": [{"frame": 1, "shape": BOX}], "first": 0, "last": 1}),
        ("cover", {"id": "a", "shape": "box", "keys": [], "first": 0, "last": 1}),
        ("cover", {"id": "a", "shape": "box", "keys": [3], "first": 0, "last": 1}),
        ("cover", {"id": "a", "shape": "star", "keys": [{"frame": 1, "shape": BOX}], "first": 0, "last": 1}),
        (
            "cover",
            {"id": "a", "shape": "box", "keys": [{"frame": 1, "shape": BOX}] * 501, "first": 0, "last": 1},
        ),
        ("mask", {"id": "a", "polygon": [[0, 0], [1, 1]]}),
        ("mask", {"id": "a", "polygon": [[0, 0], [0.5, 0.5], [1, 1]]}),
        ("mask", {"id": "a", "polygon": [[0, 0], [0, 9], [1, 1]]}),
        ("mask", {"id": "a", "polygon": [[0, 0], [0, 1], [1, 1]] * 50}),
        ("settle", {"doubt": "low.1.1-2" * 90}),
        ("settle", {"doubt": "low"}),
        ("settle", {"doubt": "low.1.1-2", "settled": "yes"}),
        ("mode", {"mode": {}}),
        ("subject", {"track": -1}),
        ("subject", {"frame": 1}),
    ],
)
def test_hostile_bodies_are_refused(kind: str, body: Any) -> None:
    with pytest.raises(EditRefused):
        checked(kind, body, frames=FRAMES)


def test_nothing_but_what_its_kind_knows_is_kept_of_a_body() -> None:
    body = {"track": 1.0, "frame": 3, "box": BOX, "note": "x" * 9000}
    assert checked("box", body, frames=FRAMES) == {"track": 1, "frame": 3, "box": BOX}


def test_every_kind_can_be_applied() -> None:
    assert set(KINDS) == set(apply.__globals__["_ACTS"])
