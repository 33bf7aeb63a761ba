"""The score judges by pixels: what hides a head counts as covered, what compression does to it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cctv.redaction.score import truth as truths
from cctv.redaction.score.errors import ScoreError
from cctv.redaction.score.measure import measure
from cctv.redaction.score.pairing import NOBODY
from cctv.redaction.score.pictures import read
from cctv.redaction.score.scene import Samples, Scene, scene_from, scene_of
from cctv.redaction.score.scores import Score
from cctv.redaction.score.truth import Region, Truth
from tests.redaction.score import clips
from tests.redaction.score.clips import FRAMES, HEIGHT, WIDTH, Picture, encoded, on_heads

TRUTH = clips.truth()
JUDGED = 2 * FRAMES
ROOT = Path(__file__).resolve().parents[3]
# What gate-cars.json, drawn by hand, knows of the demo's clip.
COUNTED = {"judged": 14, "blank": 0, "outside": 0}


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    return clips.source()


@pytest.fixture(scope="module")
def source(pictures: list[Picture]) -> bytes:
    return encoded(pictures)


@pytest.fixture(scope="module")
def scene(source: bytes) -> Scene:
    return scene_of(source, TRUTH)


@pytest.fixture
def score(source: bytes, scene: Scene) -> Callable[..., Score]:
    def of(made: list[Picture], *, how: dict[str, Any] | None = None, **options: Any) -> Score:
        return measure(encoded(made, **(how or {})), source, TRUTH, scene=scene, **options)

    return of


def black(_part: Picture) -> int:
    return 0


@pytest.mark.parametrize("how", [{}, {"crf": 42}, {"size": (160, 120)}, {"size": (480, 360)}, {"bf": "0"}])
def test_an_untouched_head_is_exposed_however_it_was_compressed(score, pictures, how) -> None:
    made = score(pictures, how=how)
    assert made.heads_exposed_pct == 100
    assert made.counts["head", "judged"] > JUDGED * 0.8


@pytest.mark.parametrize("level", [0, 25, 128, 255])
def test_a_covered_head_is_hidden_whatever_the_covers_colour(score, pictures, level) -> None:
    # 25 is the colour of the hair: black on black.
    made = score(on_heads(pictures, TRUTH, lambda _part: level))
    assert made.heads_exposed_pct == 0
    assert made.counts["head", "judged"] > JUDGED * 0.8
    assert made.overblur_pct is not None
    assert made.overblur_pct < 0.3


def test_a_cover_that_just_fits_hides_although_its_edge_looks_like_the_heads(score, pictures) -> None:
    made = score(on_heads(pictures, TRUTH, black, grow=1.15))
    assert made.counts["head", "exposed"] <= 1


def test_a_cover_one_can_see_through_exposes_and_a_trace_does_not(score, pictures) -> None:
    def veil(opacity: float) -> Callable[[Picture], Picture]:
        return lambda part: (part * (1 - opacity) + 128 * opacity).astype(np.uint8)

    assert score(on_heads(pictures, TRUTH, veil(0.7))).heads_exposed_pct > 85
    assert score(on_heads(pictures, TRUTH, veil(0.9))).heads_exposed_pct > 85
    assert score(on_heads(pictures, TRUTH, veil(0.99))).heads_exposed_pct == 0


TONES: dict[str, Callable[[float], float]] = {
    "negative": lambda value: 255 - value,
    "a fifth of the contrast": lambda value: 128 + (value - 128) / 5,
    "a tenth, negative": lambda value: 128 - (value - 128) / 10,
    "folded": lambda value: abs(value - 128) * 2,
}


@pytest.mark.parametrize("tone", TONES)
def test_other_tones_hide_nobody(score, pictures, tone) -> None:
    table = np.clip([TONES[tone](value) for value in range(256)], 0, 255).astype(np.uint8)
    assert score([table[each] for each in pictures]).heads_exposed_pct == 100
    assert score(on_heads(pictures, TRUTH, lambda part: table[part])).heads_exposed_pct > 85
    # And what is covered stays covered, whatever becomes of the tones afterwards.
    covered = [table[each] for each in on_heads(pictures, TRUTH, lambda part: round(float(part.mean())))]
    assert score(covered).heads_exposed_pct == 0
    assert score([table[clips.scene()]] * FRAMES, reveal=True).heads_exposed_pct == 0


def test_a_half_covered_head_is_exposed(score, pictures) -> None:
    def half(part: Picture) -> Picture:
        part = part.copy()
        part[:, : part.shape[1] // 2] = 0
        return part

    assert score(on_heads(pictures, TRUTH, half)).heads_exposed_pct > 85


def test_a_cover_beside_the_head_exposes_it_and_is_needless(score, pictures) -> None:
    made = score(on_heads(pictures, TRUTH, black, right=2.5))
    assert made.heads_exposed_pct > 85
    assert made.overblur_pct is not None
    assert made.overblur_pct > 1


def test_a_fine_mosaic_or_blur_exposes_and_a_coarse_one_hides(score, pictures) -> None:
    def mosaic(cells: int) -> Callable[[Picture], Picture]:
        def cover(part: Picture) -> Picture:
            small = cv2.resize(part, (cells, cells), interpolation=cv2.INTER_AREA)
            size = (part.shape[1], part.shape[0])
            return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_NEAREST), np.uint8)

        return cover

    assert score(on_heads(pictures, TRUTH, mosaic(8))).heads_exposed_pct > 90
    assert score(on_heads(pictures, TRUTH, mosaic(1))).heads_exposed_pct == 0

    def smeared(part: Picture) -> Picture:
        return np.asarray(cv2.GaussianBlur(part, (0, 0), part.shape[0]), np.uint8)

    blurred = on_heads(pictures, TRUTH, smeared)
    assert score(blurred).heads_exposed_pct == 0


def test_the_empty_scene_in_a_heads_place_hides_it(score) -> None:
    made = score([clips.scene()] * FRAMES, reveal=True, subject="near")
    assert made.heads_exposed_pct == 0
    assert made.subject_visible_pct == 0
    assert made.overblur_pct is None
    worst = made.worst(3)
    assert [each["identity"] for each in worst["subject_hidden"]] == ["near"] * 3
    assert worst["exposed"] == worst["overblur"] == []


def test_a_plate_that_looks_a_little_like_a_head_is_nobodys(score) -> None:
    plate = cv2.GaussianBlur(clips.scene(), (0, 0), 8)
    cv2.ellipse(plate, (160, 78), (60, 12), 0, 0, 360, 20, -1)
    plate = np.asarray(cv2.GaussianBlur(plate, (0, 0), 4), np.uint8)
    made = score([plate] * FRAMES, reveal=True)
    assert made.heads_exposed_pct == 0


def test_the_subject_is_asked_for_only_where_nobody_nearer_hides_them(score, pictures) -> None:
    made = score(on_heads(pictures, TRUTH, black, but="far"), subject="far")
    assert made.heads_exposed_pct == 0
    # They meet in the middle: there "near" stands before the head of "far".
    assert made.counts["subject", "outside"] >= 2
    assert made.counts["subject", "judged"] == FRAMES - made.counts["subject", "outside"]
    # A cover over the nearer head touches the subject's beside it, once or twice.
    assert made.subject_visible_pct > 80

    nearer = score(on_heads(pictures, TRUTH, black, but="near"), subject="near")
    assert nearer.counts["subject", "outside"] == 0
    assert nearer.subject_visible_pct > 80


def test_exposed_heads_are_named_with_their_pictures(score, pictures) -> None:
    made = on_heads(pictures, TRUTH, black)
    made[5] = pictures[5]
    found = score(made)
    assert {(each["frame"], each["identity"]) for each in found.worst(9)["exposed"]} == {
        (5, "far"),
        (5, "near"),
    }
    assert found.figures()["exposed_of"] == {"far": 1, "near": 1}
    assert found.figures()["heads"]["exposed"] == 2


def test_a_moved_picture_is_moved_back(score, pictures) -> None:
    assert score([np.roll(each, (2, 4), (0, 1)) for each in pictures]).heads_exposed_pct == 100


def test_covering_everything_is_needless(score, pictures) -> None:
    made = score([np.zeros_like(each) for each in pictures])
    assert made.heads_exposed_pct == 0
    assert made.overblur_pct > 80


def test_heads_in_the_dark_are_blank_and_not_hidden() -> None:
    night = np.full((HEIGHT, WIDTH), 30, np.uint8)
    dark = [np.where(each > 60, 31, 30).astype(np.uint8) for each in clips.source(scene_of=night, hair=30)]
    clip = encoded(dark)
    made = measure(clip, clip, TRUTH)
    assert made.counts["head", "blank"] > JUDGED * 0.8
    assert made.heads_exposed_pct is None


def test_somebody_who_never_moves_is_judged_too() -> None:
    still = clips.truth({"still": ((100.0, 80.0, 40.0, 100.0), 0.0)})
    pictures = clips.source(still)
    clip = encoded(pictures)
    assert measure(clip, clip, still).heads_exposed_pct == 100
    assert measure(encoded(on_heads(pictures, still, black)), clip, still).heads_exposed_pct == 0


def test_a_part_is_scored_alone_from_a_whole_output_or_from_its_piece(score, pictures) -> None:
    made = on_heads(pictures[:12], TRUTH, black) + pictures[12:]
    assert score(made, frames=(0, 11)).heads_exposed_pct == 0
    assert score(made, frames=(12, 23)).heads_exposed_pct == 100
    piece = score(made[12:], frames=(12, 23))
    assert piece.heads_exposed_pct == 100
    assert (piece.pictures, piece.worst(1)["exposed"][0]["frame"] >= 12) == (12, True)


def test_plates_are_judged_as_drawn_and_belong_to_their_vehicle() -> None:
    car, plate = (60.0, 60.0, 160.0, 100.0), (110.0, 120.0, 48.0, 14.0)
    other, other_plate = (225.0, 60.0, 90.0, 100.0), (240.0, 120.0, 48.0, 14.0)
    regions = tuple(
        Region(name, kind, box)
        for name, kind, box in (
            ("ours", "vehicle", car),
            ("ours", "plate", plate),
            ("theirs", "vehicle", other),
            ("theirs", "plate", other_plate),
        )
    )
    known = Truth(dict.fromkeys(range(4), regions), (WIDTH, HEIGHT))
    picture = clips.scene().copy()
    for box in (plate, other_plate):
        x, y = int(box[0]), int(box[1])
        cv2.putText(picture, "LTH 42", (x, y + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 0, 1)
    clip = encoded([picture] * 4)
    untouched = measure(clip, clip, known, subject="ours")
    assert (untouched.plates_exposed_pct, untouched.subject_visible_pct) == (100, 100)
    covered = picture.copy()
    covered[118:136, 236:292] = 0
    made = measure(encoded([covered] * 4), clip, known, subject="ours")
    assert (made.plates_exposed_pct, made.subject_visible_pct) == (0, 100)


def test_what_cannot_be_compared_is_an_error_that_says_what(score, pictures, source, scene) -> None:
    def code(*arguments: Any, **options: Any) -> str:
        with pytest.raises(ScoreError) as caught:
            score(*arguments, **options)
        assert "%" not in str(caught.value)
        return caught.value.code

    assert code(pictures[:20]) == "frames_differ"
    assert code(pictures[:1] + pictures[:-1]) == "frames_late"
    assert code(pictures[1:] + pictures[-1:]) == "frames_late"
    assert code(pictures[::-1]) == "frames_disordered"
    assert code([*pictures[12:], *pictures[:12]]) == "frames_disordered"
    assert code([255 - each for each in on_heads(pictures, TRUTH, black)[::-1]]) == "frames_disordered"
    exchanged = [*pictures[:2], pictures[20], *pictures[3:20], pictures[2], *pictures[21:]]
    assert code(exchanged) == "frames_disordered"
    assert code([each[:, :240] for each in pictures]) == "shapes_differ"
    assert code([np.roll(each, 30, 1) for each in pictures]) == "picture_moved"
    assert code(pictures, subject="nobody") == "no_such_subject"
    assert code(pictures, frames=(20, 24)) == "no_such_frames"
    for data, expected in ((b"no video at all", "unreadable_video"), (b"", "unreadable_video")):
        with pytest.raises(ScoreError) as caught:
            measure(data, source, TRUTH, scene=scene)
        assert caught.value.code == expected
    elsewhere = Truth({0: (Region("1", "person", (5000.0, 10.0, 20.0, 50.0)),)}, (WIDTH, HEIGHT))
    for wrong, expected in (
        (elsewhere, "truth_elsewhere"),
        (Truth({99: TRUTH.at(0)}), "truth_elsewhere"),
        (Truth(TRUTH.frames, (2 * WIDTH, HEIGHT)), "truth_shape"),
    ):
        with pytest.raises(ScoreError, match=expected):
            measure(source, source, wrong)


def test_plain_pictures_where_nothing_was_recorded_are_passed_over_and_no_others(pictures) -> None:
    first, second = [*range(10)], [*range(30, 44)]
    recorded = encoded(pictures, at=[*first, *second])
    plain = np.full_like(pictures[0], 90)
    cut, later = len(first), [each + 20 for each in (*first, *second)]
    longer = [plain, *pictures[:cut], plain, *pictures[cut:], plain]
    at = [0, *later[:cut], 30, *later[cut:], 64]
    made = measure(encoded(longer, at=at), recorded, TRUTH)
    assert (made.figures()["plain_pictures"], made.pictures, made.heads_exposed_pct) == (
        3,
        len(pictures),
        100,
    )
    assert made.latest_ms == pytest.approx(0, abs=1)
    hidden = on_heads(pictures, TRUTH, lambda _part: 0)
    trailing = encoded([*hidden, plain], at=[*first, *second, 44])
    assert measure(trailing, recorded, TRUTH).heads_exposed_pct == 0
    piece = measure(encoded([*hidden[3:9], plain], at=[*range(6), 20]), recorded, TRUTH, frames=(3, 8))
    assert (piece.pictures, piece.plain) == (6, 1)
    for other, times in (
        ([*hidden, pictures[-1]], [*first, *second, 44]),  # somebody is shown besides
        ([*hidden[:-1], plain, plain], [*first, *second[:-1], 44, 45]),  # one is missing
        ([*hidden, plain], [*first[:-1], 10, *second, 44]),  # one is a tenth late
    ):
        with pytest.raises(ScoreError, match="frames_differ"):
            measure(encoded(other, at=times), recorded, TRUTH)


def test_plain_pictures_besides_are_no_part_of_the_empty_scene(pictures) -> None:
    plain = np.full_like(pictures[0], 90)
    kept = [(0, pictures[0]), (1, plain), (2, plain)]
    samples = Samples(kept, np.arange(3.0), np.asarray([False, True, True]))
    made = scene_from(samples, TRUTH, (WIDTH, HEIGHT), np.asarray([0, NOBODY, NOBODY]))
    assert made.known.any()
    assert (made.luma == pictures[0])[made.known].all()


def test_pictures_that_nobody_looked_at_are_not_judged(score, source, pictures) -> None:
    sparse = Truth({4: TRUTH.at(4), 9: ()}, (WIDTH, HEIGHT))
    dark = [np.zeros_like(each) for each in pictures]
    made = measure(encoded([*pictures[:10], *dark[10:]]), source, sparse)
    assert (made.pictures, made.heads_exposed_pct) == (2, 100)
    assert made.overblur_pct is not None
    assert made.overblur_pct < 0.1
    assert [each["frame"] for each in made.worst(9)["overblur"]] == [9, 4]


def test_every_plate_of_the_gate_is_found_untouched_and_none_when_covered() -> None:
    known = truths.read(Path(__file__).with_name("gate-cars.json"))
    clip = ROOT / "config" / "demo" / "media" / "gate-cars.mp4"
    wanted = sorted(known.frames)
    gate = [luma for number, (luma, _at) in enumerate(read(clip)) if number in known.frames]
    short = Truth({place: known.at(number) for place, number in enumerate(wanted)}, known.size)
    assert short.size == (gate[0].shape[1], gate[0].shape[0])
    covered = [each.copy() for each in gate]
    for place, picture in enumerate(covered):
        for region in short.at(place):
            if region.kind == "plate":
                left, top, width, height = (round(value) for value in region.box)
                picture[max(0, top - 4) : top + height + 4, max(0, left - 4) : left + width + 4] = 90
    source = encoded(gate)
    assert measure(source, source, short).figures()["plates"] == COUNTED | {"exposed": 14}
    made = measure(encoded(covered), source, short)
    assert made.figures()["plates"] == COUNTED | {"exposed": 0}


def test_pictures_that_are_covered_whole_for_a_while_are_in_their_places(pictures) -> None:
    bright = [np.clip(each.astype(np.int16) + 60, 0, 255).astype(np.uint8) for each in pictures]
    clip = encoded([*pictures[:8], *bright[8:12], *pictures[12:]])
    white = [np.full_like(each, 235) for each in pictures]
    covered = [*pictures[:4], *white[4:16], *pictures[16:]]
    made = measure(encoded(covered), clip, TRUTH)
    assert made.pictures == FRAMES
