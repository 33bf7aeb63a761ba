"""Looking goes on from part to part, and a fresh looker that was warmed says much the same."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import numpy as np
import pytest

from cctv.redaction.looking.detector import VENDORED, OnnxDetector
from cctv.redaction.looking.errors import DetectorUnusable
from cctv.redaction.looking.looker import Looker, analysis_size
from cctv.redaction.tracks.boxes import Box
from tests.redaction.looking._scenes import HEIGHT, STEP_MS, WIDTH, Told, look, wall, with_figure

FIGURE: Box = (0.4, 0.3, 0.1, 0.4)


def test_pictures_are_looked_at_small_and_even() -> None:
    assert analysis_size(768, 576) == (768, 576)
    assert analysis_size(1920, 1080) == (960, 540)
    assert analysis_size(1080, 1920) == (540, 960)
    assert analysis_size(7, 5) == (32, 32)


def test_the_detector_runs_on_the_first_and_then_now_and_then() -> None:
    facts = look([wall()] * 6, Told([[(FIGURE, 0.9)]] * 6))
    assert [one.detected for one in facts] == [True, False, True, False, True, False]
    assert [len(one.boxes) for one in facts] == [1, 0, 1, 0, 1, 0]


def test_in_slow_footage_it_runs_on_each() -> None:
    looker = Looker(WIDTH, HEIGHT, Told([]))
    assert all(looker.see(wall(), number * 500.0).detected for number in range(4))


def test_warmed_in_the_middle_it_sees_what_moves_at_once() -> None:
    before = [with_figure(wall(), 0.05 + 0.02 * step) for step in range(20)]
    after = [with_figure(wall(), 0.45 + 0.02 * step) for step in range(6)]
    through = look([*before, *after], Told([]))[20:]
    looker = Looker(WIDTH, HEIGHT, Told([]))
    for number, picture in enumerate(before):
        looker.warm(picture, number * STEP_MS)
    warmed = [looker.see(picture, (20 + number) * STEP_MS) for number, picture in enumerate(after)]
    for one, other in zip(through, warmed, strict=True):
        np.testing.assert_array_equal(one.moving, other.moving)
        assert (one.whole, one.poor) == (other.whole, other.poor)
    assert warmed[0].detected


def test_a_parked_car_too_small_to_read_is_left_alone_until_it_moves() -> None:
    class Cars(Told):
        def detect(self, rgb: np.ndarray) -> object:  # type: ignore[override]
            found = super().detect(rgb)
            return found._replace(kinds=np.ones_like(found.kinds))

    small, large = (0.1, 0.3, 0.1, 0.2), (0.5, 0.3, 0.4, 0.4)
    (still,) = look([wall()], Cars([[(small, 0.9), (large, 0.9)]]))  # type: ignore[arg-type]
    np.testing.assert_allclose(still.boxes, [large])
    moving = look([wall()] * 6 + [with_figure(wall(), 0.1)], Cars([[(small, 0.9)]] * 4))  # type: ignore[arg-type]
    assert [len(one.boxes) for one in moving] == [0, 0, 0, 0, 0, 0, 1]


def test_samples_for_the_plate_mark_who_stands_there() -> None:
    facts = look([wall()] * 140, Told([[(FIGURE, 0.9)]] * 140))
    times = [one.at_ms for one in facts if one.sample is not None]
    pauses = {round(later - earlier) for earlier, later in itertools.pairwise(times)}
    assert pauses == {400, 2000}  # often at first: a short clip has no other pictures of its scene
    samples = [one.sample for one in facts if one.sample is not None]
    assert samples[0].covered[12:24, 27:31].all()
    assert not samples[0].covered[:, :20].any()


def test_a_detector_says_which_it_is_and_refuses_what_it_cannot_use(tmp_path: Path) -> None:
    assert OnnxDetector().sha256 == hashlib.sha256(VENDORED.read_bytes()).hexdigest()
    (tmp_path / "other.onnx").write_bytes(b"not a model")
    for name in ("missing.onnx", "other.onnx"):
        with pytest.raises(DetectorUnusable):
            OnnxDetector(tmp_path / name)
