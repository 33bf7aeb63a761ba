"""The job that makes the sharp scene, of real footage in the real child, and what is rendered with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cctv.footage.derived.models import Derived, DerivedSource
from cctv.redaction import services as life
from cctv.redaction.editing import services as editing
from cctv.redaction.models import Redaction, RedactionScene, State, Work
from cctv.redaction.rendering.work import work_due
from cctv.redaction.scene import making, moments
from cctv.redaction.scene.standing import How, standing
from cctv.vault import steps
from tests.footage.conftest import Room, body_of, room
from tests.media.moving import filmed, wall, with_square
from tests.redaction.editing.conftest import kinds_logged
from tests.redaction.rendering import helping, tiny_detector
from tests.redaction.review.conftest import colleague

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])
SECONDS = 2
STANDS = (0.55, 0.55, 0.62, 0.85)
CORNER = [[0.0, 0.0], [0.2, 0.0], [0.2, 0.3], [0.0, 0.3]]


def film(first: int) -> bytes:
    """A dark square stands there throughout, a bright one walks by above it."""
    still = with_square(wall(*helping.SIZE), STANDS, brightness=10)
    steps = range(first, first + helping.FPS)
    boxes = [(helping.STEP * n, 0.1, helping.STEP * n + helping.WIDE, 0.4) for n in steps]
    return filmed((with_square(still, box) for box in boxes), fps=helping.FPS, gop=5)


@pytest.fixture
def yard(room: Room, tmp_path: Path, settings: Any) -> Room:
    """Two seconds, each a segment, and a detector that sees nobody."""
    settings.LETHE_REDACTION_DETECTOR = str(tiny_detector.write(tmp_path / "nobody.onnx"))
    for second in range(SECONDS):
        helping.taken_in(room, room.starts_at + timedelta(seconds=second), film(second * helping.FPS))
    return room


def looked(room: Room) -> tuple[Redaction, Any]:
    session = helping.viewing(room, SECONDS)
    redaction = helping.worked(helping.begin(room, session, SECONDS, mode="reveal"))
    assert (redaction.state, redaction.error) == (State.EDITING, "")
    return redaction, session


def decide(redaction: Redaction, session: Any, kind: str, **body: Any) -> Redaction:
    now = helping.now(redaction)
    editing.decide(now, session, revision=now.revision, kind=kind, body=body)
    return helping.now(redaction)


def grey(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def at(picture: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """The inside of a box of the picture."""
    high, wide = picture.shape
    left, top, right, bottom = box
    rows = slice(round(top * high) + 3, round(bottom * high) - 3)
    return picture[rows, round(left * wide) + 3 : round(right * wide) - 3].astype(np.float64)


def test_who_stood_still_is_in_the_still_and_who_walked_is_not_and_the_result_has_it_once_approved(
    yard: Room,
) -> None:
    redaction, session = looked(yard)
    redaction = decide(redaction, session, "mask", id="m1", polygon=CORNER)
    redaction = helping.worked(decide(redaction, session, "sharp"))
    assert (redaction.work, redaction.state, redaction.error) == (Work.NONE, State.EDITING, "")
    assert standing(redaction).how == How.WAITS
    kept = Derived.objects.get(owner=redaction.pk, label="plate/sharp")
    assert (kept.part, kept.shared) == ("plate", True)
    assert DerivedSource.objects.filter(owner=redaction.pk).count() == SECONDS
    assert kinds_logged()[-1] == "redaction.plate_made"

    _account, client = colleague(yard)
    base = f"/redactions/{redaction.number}/scene/"
    still = grey(body_of(client.get(f"{base}still.jpg")))
    assert still.shape == helping.SIZE[::-1], "as large as the footage"
    assert at(still, STANDS).mean() < 40, "the reviewer sees who stood there"
    lane = (0.25, 0.1, 0.65, 0.4)
    assert np.abs(at(still, lane) - at(wall(*helping.SIZE), lane)).max() < 40, "nobody walked there"
    assert at(still, (0, 0, 0.15, 0.25)).std() < 3, "what is covered throughout is covered in it"

    scene = RedactionScene.objects.get()
    sent = {"verdict": "approve", "still": scene.pk, "remark": ""}
    assert client.post(f"{base}decide/", sent).status_code == 302
    now = helping.now(redaction)
    editing.decide(now, session, revision=now.revision, kind="subject_kind", body={"kind": "nobody"})
    now = helping.now(redaction)
    editing.submit(now, session, revision=now.revision)
    redaction = helping.worked(redaction)
    assert (redaction.state, redaction.error) == (State.REVIEW, "")
    assert redaction.parameters["plate"] == "sharp"
    shown = helping.shown(client, redaction)
    assert len(shown) == SECONDS * helping.FPS
    for _time, picture in shown:
        assert np.abs(at(picture, lane) - at(still, lane)).mean() < 6, "the scene is sharp, nobody is on it"
        assert at(picture, STANDS).mean() < 45


def test_who_was_found_all_the_time_is_not_in_it_and_their_place_is_coarse(
    yard: Room, tmp_path: Path, settings: Any
) -> None:
    left, top, right, bottom = STANDS
    found = (left, top, right, bottom, 0.9, 0.0)
    settings.LETHE_REDACTION_DETECTOR = str(tiny_detector.write(tmp_path / "somebody.onnx", found))
    redaction, session = looked(yard)
    redaction = helping.worked(decide(redaction, session, "sharp"))
    scene = RedactionScene.objects.get()
    assert scene.coarse_permille > 20
    _account, client = colleague(yard)
    still = grey(body_of(client.get(f"/redactions/{redaction.number}/scene/still.jpg")))
    assert at(still, STANDS).min() > 60, "nothing of them is left"


def test_killed_after_it_was_sealed_it_is_not_made_again_but_told(yard: Room) -> None:
    redaction, session = looked(yard)
    redaction = decide(redaction, session, "sharp")

    class Killed(BaseException):
        pass

    def kill(step: str) -> None:
        if step == "redaction.scene-sealed":
            raise Killed

    steps.listen(kill)
    try:
        with pytest.raises(Killed):
            work_due()
    finally:
        steps._listeners.remove(kill)
    first = RedactionScene.objects.get()
    assert standing(helping.now(redaction)).how == How.MAKING, "nobody sees what the log does not know"
    Redaction.objects.update(lease_until=None)
    redaction = helping.worked(redaction)
    assert RedactionScene.objects.get() == first
    assert (standing(redaction).how, kinds_logged()[-1]) == (How.WAITS, "redaction.plate_made")


def test_called_off_while_the_child_works_it_leaves_nothing(
    yard: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    redaction, session = looked(yard)
    redaction = decide(redaction, session, "sharp")
    keep = making._keep

    def taken_back(now: Redaction, *what: Any) -> RedactionScene:
        decide(now, session, "coarse")
        return keep(now, *what)

    monkeypatch.setattr(making, "_keep", taken_back)
    work_due()
    redaction = helping.now(redaction)
    assert (redaction.work, standing(redaction).how) == (Work.NONE, How.BACK)
    assert not Derived.objects.filter(owner=redaction.pk, label="plate/sharp").exists()
    assert not RedactionScene.objects.exists()


def test_too_few_pictures_are_said_and_it_can_be_tried_again_or_taken_back(
    yard: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    redaction, session = looked(yard)
    redaction = decide(redaction, session, "sharp")
    with monkeypatch.context() as patched:
        patched.setattr(moments, "FEWEST", 1000)
        redaction = helping.worked(redaction)
    assert (redaction.work, redaction.error_code) == (Work.NONE, "scene_too_few_pictures")
    assert (redaction.state, standing(redaction).how) == (State.EDITING, How.FAILED)
    redaction = life.retry(redaction=redaction, actor=yard.operator)
    assert (redaction.work, redaction.state) == (Work.SCENE, State.EDITING)
    redaction = decide(redaction, session, "coarse")
    assert (redaction.error_code, standing(redaction).how) == ("", How.BACK)


def test_invariant_1_a_mask_that_the_camera_got_meanwhile_is_in_it_or_there_is_none(
    yard: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    redaction, session = looked(yard)
    redaction = decide(redaction, session, "sharp")
    keep = making._keep

    def masked(now: Redaction, *what: Any) -> RedactionScene:
        if not yard.yard.privacy_masks:
            yard.yard.privacy_masks = [CORNER]
            yard.yard.save()
        return keep(now, *what)

    monkeypatch.setattr(making, "_keep", masked)
    redaction = helping.worked(redaction)
    assert standing(redaction).how == How.WAITS, "the one without it is not kept, and another one is made"
    _account, client = colleague(yard)
    still = grey(body_of(client.get(f"/redactions/{redaction.number}/scene/still.jpg")))
    assert RedactionScene.objects.count() == 1
    assert at(still, (0, 0, 0.15, 0.25)).std() < 3
