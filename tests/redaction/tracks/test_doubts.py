"""Doubtful moments: found where they are, few, and settled ones stay settled."""

from __future__ import annotations

import numpy as np

from cctv.redaction.tracks.boxes import How, Kind, Track
from cctv.redaction.tracks.doubts import MOST, Doubt, Scene, find

from ._made import still, times, walk

FRAMES = 300
MIDDLE = (0.4, 0.4, 0.05, 0.2)


def scene(
    *hidden: Track,
    subject: Track | None = None,
    sure: float = 1.0,
    hides: bool = True,
    bare: list[Track] | None = None,
) -> Scene:
    boxes = scores = None
    if subject is not None:
        boxes = np.full((FRAMES, 4), np.nan, np.float32)
        boxes[subject.first : subject.stop] = subject.boxes
        scores = np.full(FRAMES, sure, np.float32)
    whole = np.zeros(FRAMES, np.bool_)
    return Scene(times(FRAMES), whole, list(hidden), bare or [], boxes, scores, hides)


def kinds(found: list[Doubt]) -> list[str]:
    return [doubt.kind for doubt in found]


ALL_THROUGH = still(1, 0, FRAMES, MIDDLE)
SUBJECT = still(9, 0, FRAMES, (0.1, 0.4, 0.05, 0.2))


def test_somebody_who_is_seen_throughout_is_no_doubt() -> None:
    assert find(scene(ALL_THROUGH), ()) == []


def test_a_track_that_ends_in_the_middle_of_the_picture_is_doubtful_one_that_walks_out_is_not() -> None:
    ends = still(1, 0, 100, MIDDLE)
    walks_out = walk(2, 0, 100, MIDDLE, (0.99, 0.4, 0.05, 0.2))
    found = find(scene(ends, walks_out), ())
    assert [(doubt.kind, doubt.tracks, doubt.last) for doubt in found] == [("break", (1,), 99)]


def test_a_track_that_another_goes_on_with_is_no_break() -> None:
    assert find(scene(still(1, 0, 100, MIDDLE), ALL_THROUGH), ()) == []


def test_a_stretch_that_was_only_guessed_is_doubtful() -> None:
    track = still(1, 0, FRAMES, MIDDLE)
    track.how[100:130] = How.FILLED
    assert [(doubt.kind, doubt.first, doubt.last) for doubt in find(scene(track), ())] == [("low", 100, 129)]


def test_boxes_between_two_looks_of_the_detector_are_no_doubt() -> None:
    track = still(1, 0, FRAMES, MIDDLE)
    track.how[np.arange(FRAMES) % 3 > 0] = How.FILLED
    assert find(scene(track), ()) == []


def test_somebody_hardly_recognised_is_doubtful() -> None:
    track = still(1, 0, FRAMES, MIDDLE)
    track.scores[50:80] = 0.15
    assert [(doubt.kind, doubt.first, doubt.last) for doubt in find(scene(track), ())] == [("low", 50, 79)]


def test_somebody_half_in_the_picture_is_doubtful() -> None:
    assert kinds(find(scene(still(1, 0, FRAMES, (0.0, 0.4, 0.02, 0.2), score=0.3)), ())) == ["edge"]


def test_who_crosses_the_subject_is_doubtful_and_only_there() -> None:
    passes = walk(2, 0, FRAMES, (0.0, 0.4, 0.05, 0.2), (0.95, 0.4, 0.05, 0.2))
    found = find(scene(passes, subject=SUBJECT, hides=False), ())
    assert kinds(found) == ["start", "crossing"]
    assert 0 < found[1].first < found[1].last < 80
    later = still(3, 120, 160, (0.11, 0.4, 0.05, 0.2))
    found = find(scene(later, subject=SUBJECT, hides=False), ())
    assert [(each.first, each.last) for each in found if each.kind == "crossing"] == [(120, 159)]


def test_a_subject_that_is_lost_found_again_or_hardly_told_is_doubtful() -> None:
    lost = scene(subject=SUBJECT, hides=False)
    assert lost.subject is not None
    assert lost.sure is not None
    lost.subject[100:200] = np.nan
    assert kinds(find(lost, ())) == ["start", "break", "start"]
    lost.sure[20:60] = 0.2
    assert kinds(find(lost, ())) == ["start", "low", "break", "start"]


def test_frames_that_are_covered_whole_are_said() -> None:
    flash = scene(ALL_THROUGH)
    flash.whole[50:55] = True
    assert [(doubt.kind, doubt.first, doubt.last) for doubt in find(flash, ())] == [("whole", 50, 54)]


def test_what_moves_without_being_told_is_one_doubt_a_stretch() -> None:
    leaves = [still(n, 20 + n, 120 + n, (0.1 * n, 0.1, 0.05, 0.05), kind=Kind.MOTION) for n in range(1, 6)]
    found = find(scene(*leaves), ())
    assert kinds(found) == ["motion"]
    assert found[0].tracks == (1, 2, 3, 4, 5)


def test_where_only_the_subject_is_shown_the_others_are_no_doubts() -> None:
    assert find(scene(still(1, 50, 100, MIDDLE), hides=False), ()) == []


def test_what_is_not_covered_by_hand_is_doubtful() -> None:
    assert kinds(find(scene(hides=False, bare=[still(3, 10, 100, MIDDLE)]), ())) == ["motion"]


def test_a_settled_doubt_stays_settled_when_unrelated_things_change() -> None:
    ends = still(1, 0, 100, MIDDLE)
    key = find(scene(ends), ())[0].key
    other = still(2, 30, 60, (0.7, 0.1, 0.05, 0.2))
    found = {doubt.key: doubt.settled for doubt in find(scene(ends, other), [key])}
    assert found.pop(key) is True
    assert len(found) == 2
    assert not any(found.values())


def test_a_settled_doubt_stays_settled_under_its_key_when_it_moves_a_little() -> None:
    key = find(scene(still(1, 0, 100, MIDDLE)), ())[0].key
    assert [(doubt.key, doubt.settled) for doubt in find(scene(still(1, 0, 98, MIDDLE)), [key])] == [
        (key, True)
    ]
    assert [doubt.settled for doubt in find(scene(still(1, 0, 150, MIDDLE)), [key])] == [False]


def test_there_are_never_more_than_a_person_can_look_through_and_none_is_left_out() -> None:
    places = [
        (0.03 + 0.047 * column, 0.03 + 0.047 * row, 0.02, 0.02) for column in range(20) for row in range(20)
    ]
    begins = np.random.default_rng(1).integers(1, 270, len(places)).tolist()
    many = [
        still(n, at, at + 20, box) for n, (at, box) in enumerate(zip(begins, places, strict=True), start=1)
    ]
    found = find(scene(*many), ())
    assert len(found) <= MOST
    assert {number for doubt in found for number in doubt.tracks} == set(range(1, 401))
    joined = next(doubt for doubt in found if len(doubt.tracks) > 1)
    settled = [doubt for doubt in find(scene(*many), [joined.key]) if doubt.settled]
    assert {number for doubt in settled for number in doubt.tracks} >= set(joined.tracks)
