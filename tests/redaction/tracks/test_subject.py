"""Following the subject: through gaps and crossings where that is sure, and nowhere on a guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from cctv.redaction.looking.facts import LOOK, FrameFacts
from cctv.redaction.tracks.appearance import apart, roots, typical
from cctv.redaction.tracks.assigning import assign
from cctv.redaction.tracks.binding import Parted, bind
from cctv.redaction.tracks.boxes import Box, Kind, iou
from cctv.redaction.tracks.pieces import Piece, pieces, seen
from cctv.redaction.tracks.subject import Anchor, Followed, follow

STEP_MS = 100.0
WIDE, HIGH = 0.04, 0.16
Path = Callable[[int], tuple[float, float] | None]  # middle of the box by frame; None: not detected


def look(*bins: int) -> np.ndarray:
    out = np.full(LOOK, 2, np.uint8)
    for stripe, place in enumerate(bins):
        out[stripe * 12 + place] = 220
    return out


RED, GREEN = look(1, 2, 3), look(7, 8, 9)


def facts(frames: int, *people: tuple[Path, np.ndarray, float], jitter: float = 0.001) -> list[FrameFacts]:
    made = np.random.default_rng(5)
    out = []
    for frame in range(frames):
        rows = [(path(frame), colours, score) for path, colours, score in people]
        there = [(at, colours, score) for at, colours, score in rows if at is not None]
        boxes = [box_at(x, y) for (x, y), _, _ in there]
        out.append(
            FrameFacts(
                frame * STEP_MS,
                (np.array(boxes, np.float32) + made.normal(0, jitter, (len(boxes), 4)).astype(np.float32))
                if boxes
                else np.zeros((0, 4), np.float32),
                np.array([score for _, _, score in there], np.float32),
                np.zeros(len(there), np.uint8),
                np.array([colours for _, colours, _ in there], np.uint8).reshape(-1, LOOK),
            )
        )
    return out


def box_at(x: float, y: float) -> Box:
    return x - WIDE / 2, y - HIGH / 2, WIDE, HIGH


def alike(followed: Followed, frame: int, x: float, y: float) -> float:
    box = followed.box(frame)
    if box is None:
        return -1.0
    return float(iou(np.array([box], np.float32), np.array([box_at(x, y)], np.float32))[0, 0])


def right(frame: int) -> tuple[float, float]:
    return 0.2 + 0.006 * frame, 0.5


def left(frame: int) -> tuple[float, float]:
    return 0.8 - 0.006 * frame, 0.53


def unless(path: Path, *gone: range) -> Path:
    return lambda frame: None if any(frame in gap for gap in gone) else path(frame)


def test_somebody_alone_is_followed_from_one_box_both_ways() -> None:
    made = facts(100, (right, RED, 0.6))
    followed = follow(made, [Anchor(40, box_at(*right(40)))])
    assert all(alike(followed, frame, *right(frame)) > 0.7 for frame in range(100))
    assert not followed.unsure


def test_a_click_is_enough() -> None:
    made = facts(60, (right, RED, 0.6), (left, GREEN, 0.6))
    x, y = right(10)
    followed = follow(made, [Anchor(10, (x, y, 0.0, 0.0))])
    assert alike(followed, 5, *right(5)) > 0.7
    assert alike(followed, 10, *right(10)) > 0.7


def test_the_box_set_by_hand_is_the_one_that_is_shown() -> None:
    x, y, w, h = box_at(*right(30))
    drawn = (x - 0.01, y - 0.02, w + 0.02, h + 0.03)
    assert follow(facts(60, (right, RED, 0.6)), [Anchor(30, drawn)]).box(30) == pytest.approx(drawn)


def test_frames_without_the_detector_and_short_gaps_are_filled_on_the_way() -> None:
    made = facts(100, (unless(right, range(40, 52)), RED, 0.6))
    for frame in range(1, 100, 2):
        made[frame] = FrameFacts(frame * STEP_MS, detected=False)
    followed = follow(made, [Anchor(0, box_at(*right(0)))])
    assert all(alike(followed, frame, *right(frame)) > 0.6 for frame in range(99))


def test_nobody_is_shown_across_a_long_gap() -> None:
    made = facts(140, (unless(right, range(40, 75)), RED, 0.6))
    followed = follow(made, [Anchor(0, box_at(*right(0)))])
    assert all(followed.box(frame) is None for frame in range(42, 73))


def test_people_of_different_colours_cross_while_one_hides_the_other() -> None:
    hidden = range(44, 57)  # the one behind is not detected there
    made = facts(100, (unless(right, hidden), RED, 0.6), (left, GREEN, 0.6))
    for path, start in ((right, 0), (left, 0), (right, 99), (left, 99)):
        followed = follow(made, [Anchor(start, box_at(*path(start)))])
        other = left if path is right else right
        for frame in range(100):
            if alike(followed, frame, *path(frame)) >= 0:
                assert alike(followed, frame, *path(frame)) > 0.4, (start, frame)
        shown = sum(followed.box(frame) is not None for frame in range(100))
        assert shown > 80
        assert alike(followed, 5, *other(5)) < 0.1


def test_who_goes_on_as_whom_is_not_guessed_when_two_look_alike_and_meet() -> None:
    """Two in the same coat walk towards each other, are one for a while, and part again: they may have passed
    each other or turned round."""

    def one(frame: int) -> tuple[float, float]:
        return 0.5 - 0.008 * max(0, 40 - frame) + 0.008 * max(0, frame - 60), 0.5

    def other(frame: int) -> tuple[float, float]:
        return 0.5 + 0.008 * max(0, 40 - frame) - 0.008 * max(0, frame - 60), 0.5

    made = facts(100, (one, RED, 0.6), (unless(other, range(36, 65)), RED, 0.6))
    followed = follow(made, [Anchor(0, box_at(*one(0)))])
    assert all(alike(followed, frame, *one(frame)) > 0.5 for frame in range(30))
    assert all(followed.box(frame) is None for frame in range(68, 100))
    corrected = follow(made, [Anchor(0, box_at(*one(0))), Anchor(90, box_at(*other(90)))])
    assert all(alike(corrected, frame, *other(frame)) > 0.5 for frame in range(70, 100))
    assert all(alike(corrected, frame, *one(frame)) > 0.5 for frame in range(30))
    assert corrected.unsure or all(corrected.box(frame) is not None for frame in range(100))


def test_an_anchor_elsewhere_takes_the_path_away_from_somebody_else() -> None:
    made = facts(100, (right, RED, 0.6), (left, GREEN, 0.6))
    followed = follow(made, [Anchor(0, box_at(*right(0))), Anchor(99, box_at(*left(99)))])
    assert alike(followed, 2, *right(2)) > 0.5
    assert alike(followed, 97, *left(97)) > 0.5
    contradicted = [frame for frame in range(30, 70) if followed.box(frame) is None]
    assert contradicted


def test_of_two_boxes_for_one_frame_the_later_one_counts() -> None:
    made = facts(50, (right, RED, 0.6), (left, GREEN, 0.6))
    followed = follow(made, [Anchor(10, box_at(*right(10))), Anchor(10, box_at(*left(10)))])
    assert alike(followed, 20, *left(20)) > 0.5


def test_whoever_comes_in_is_not_who_went_out() -> None:
    def out(frame: int) -> tuple[float, float] | None:
        x = 0.8 + 0.008 * frame
        return (x, 0.5) if x < 0.99 else None

    def back(frame: int) -> tuple[float, float] | None:
        x = 0.99 - 0.008 * (frame - 45)
        return (x, 0.52) if frame >= 45 else None

    followed = follow(
        facts(100, (out, RED, 0.6), (back, look(1, 2, 9), 0.6)), [Anchor(2, box_at(*right(100)))]
    )
    assert all(followed.box(frame) is None for frame in range(46, 100))


def test_nothing_known_is_nothing_shown() -> None:
    assert follow([], []).sure.size == 0
    made = facts(10, (right, RED, 0.6))
    assert not follow(made, []).sure.any()
    assert not follow(made, [Anchor(70, box_at(0.5, 0.5))]).sure.any()
    lost = follow(made, [Anchor(3, box_at(0.9, 0.9))])
    assert [frame for frame in range(10) if lost.box(frame)] == [3]
    assert lost.box(-1) is None


def test_whoever_passes_behind_the_subject_undetected_is_known_to_be_there() -> None:
    hidden = range(46, 55)
    made = facts(100, (right, RED, 0.6), (unless(left, hidden), GREEN, 0.6))
    beside = follow(made, [Anchor(0, box_at(*right(0)))]).beside
    for frame in hidden:
        boxes = np.array(beside.boxes.get(frame, []), np.float32).reshape(-1, 4)
        assert iou(np.array([box_at(*left(frame))], np.float32), boxes).max(initial=0) > 0.5, frame


def test_the_subject_once_more_and_things_are_nobody_beside_it() -> None:
    def half(frame: int) -> tuple[float, float] | None:
        return right(frame) if frame % 9 == 0 else None

    made = facts(100, (right, RED, 0.6), (lambda _frame: (0.5, 0.55), GREEN, 0.2), jitter=0.0005)
    for frame, one in enumerate(made):
        x, y, w, h = (float(each) for each in one.boxes[0])
        if half(frame) is not None:
            part = np.array([[x, y, w, h * 0.45]], np.float32)
            made[frame] = FrameFacts(
                one.at_ms,
                np.concatenate([one.boxes, part]),
                np.append(one.scores, np.float32(0.2)),
                np.zeros(3, np.uint8),
                np.concatenate([one.looks, RED[None]]),
            )
    beside = follow(made, [Anchor(0, box_at(*right(0)))]).beside
    assert len(beside.things) == 1
    assert not any(beside.boxes.values())


def test_pieces_end_where_somebody_disappears_into_another() -> None:
    made = facts(
        60, (right, RED, 0.6), (unless(lambda f: (0.56 - 0.006 * f, 0.5), range(26, 40)), GREEN, 0.6)
    )
    found = [piece for piece in pieces(seen(made, [Kind.PERSON])) if len(piece.frames) > 3]
    assert all(not (piece.frames[0] < 24 and piece.frames[-1] > 45) for piece in found)


def test_two_who_are_both_told_well_are_two_however_much_they_overlap() -> None:
    def behind(frame: int) -> tuple[float, float]:
        x, y = right(frame)
        return x + 0.2 * WIDE, y - 0.05 * HIGH

    both = facts(40, (right, RED, 0.6), (behind, GREEN, 0.5), jitter=0.0)
    assert [len(one.boxes) for one in seen(both, [Kind.PERSON])] == [2] * 40
    again = facts(40, (right, RED, 0.6), (behind, GREEN, 0.3), jitter=0.0)
    assert [len(one.boxes) for one in seen(again, [Kind.PERSON])] == [1] * 40


def test_somebody_who_walks_briskly_is_one_piece_from_the_first_looks_on() -> None:
    """Between two looks they go more than half their width."""
    made = facts(20, (lambda frame: (0.1 + 0.6 * WIDE * frame, 0.5), RED, 0.6))
    assert [piece.frames for piece in pieces(seen(made, [Kind.PERSON]))] == [list(range(20))]


def test_a_box_between_two_looks_means_who_is_on_the_way_there() -> None:
    def brisk(frame: int) -> tuple[float, float]:
        return 0.1 + 0.022 * frame, 0.5

    made = facts(12, (brisk, RED, 0.6))
    looks, frames = np.zeros(LOOK, np.float32), list(range(0, 12, 2))
    boxes = [made[frame].boxes[0] for frame in frames]
    piece = Piece(frames, [made[frame].at_ms for frame in frames], boxes, [looks] * 6, [0.6] * 6)
    found, clear = bind(Anchor(5, box_at(*brisk(5))), Parted([piece]), [], made, lambda _piece: False)
    assert found is piece
    assert clear


def test_assigning_is_the_cheapest_of_all_ways() -> None:
    made = np.random.default_rng(2)
    for rows, columns in ((1, 1), (3, 3), (3, 5), (4, 6)):
        cost = made.uniform(0, 10, (rows, columns))
        chosen, total = assign(cost)
        ways = permutations(range(columns), rows)
        best = min(sum(cost[row, column] for row, column in enumerate(way)) for way in ways)
        assert total == pytest.approx(best)
        assert len(set(chosen)) == rows
    with pytest.raises(ValueError):
        assign(np.zeros((2, 1)))


def test_colours_tell_people_apart() -> None:
    rows = roots(np.stack([RED, RED, GREEN, np.zeros(LOOK, np.uint8)]))
    unlike = apart(rows, rows)
    assert unlike[0, 1] < 0.02
    assert unlike[0, 2] > 0.6
    mixed = roots(np.stack([RED] * 6 + [GREEN]))
    assert apart(typical(mixed, np.ones(7, np.float32))[None], rows[:1])[0, 0] < 0.1


def test_a_vehicle_that_is_hardly_detected_is_followed_by_what_moves_and_never_as_two() -> None:
    def car(frame: int, lane: float) -> tuple[float, float, float, float]:
        return lane, 0.05 + 0.012 * frame, 0.2, 0.3

    made = []
    for frame in range(50):
        one, other = car(frame, 0.2), car(frame, 0.45)
        # For a while both are one region that moves.
        both = [(0.2, one[1], 0.45, 0.3)] if 25 <= frame < 33 else [one, other]
        made.append(FrameFacts(frame * STEP_MS, moving=np.array(both, np.float32), detected=frame % 2 == 0))
    followed = follow(made, [Anchor(5, car(5, 0.2))], kind="vehicle")
    assert sum(followed.box(frame) is not None for frame in range(25)) > 20
    for frame in range(50):
        box = followed.box(frame)
        assert box is None or box[0] + box[2] < 0.45, frame


@pytest.mark.parametrize(("poor", "score", "shown"), [(True, 0.2, 1), (True, 0.6, 40), (False, 0.2, 40)])
def test_who_is_hardly_told_in_a_poor_picture_is_not_shown(poor: bool, score: float, shown: int) -> None:
    """A weak box in the dark may hold two people, or be somebody else's; what a person said of it counts."""
    walker = facts(40, (lambda frame: (0.3 + 0.005 * frame, 0.5), RED, score))
    seen = [replace(one, poor=poor) for one in walker]
    followed = follow(seen, [Anchor(10, box_at(0.35, 0.5))])
    assert sum(followed.box(frame) is not None for frame in range(40)) == shown
    assert followed.box(10) is not None
