"""The empty scene in full sharpness: shown under an entry, used only once a second person has approved it."""

from __future__ import annotations

from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from cctv.footage.derived import services as derived
from cctv.footage.models import Segment
from cctv.redaction.models import Redaction, State, Work
from cctv.redaction.rendering import making
from cctv.redaction.rendering.work import _entry
from cctv.redaction.review import pictures
from tests.footage.conftest import body_of
from tests.redaction.editing.conftest import kinds_logged

from .conftest import Waiting

pytestmark = pytest.mark.django_db(databases=["default", "log"])
SHARP = b"a JPEG"


@pytest.fixture
def sharp(waiting: Waiting) -> Waiting:
    """A sharp scene has been made."""
    redaction = waiting.redaction
    segment = Segment.objects.get(pk=redaction.parts.get().segment)
    span = redaction.starts_at, redaction.ends_at
    derived.keep_fact(
        segment, owner=redaction.pk, label="plate/sharp", part="plate", span=span, of=[segment.pk], data=SHARP
    )
    return waiting


def test_invariant_1_the_sharp_scene_is_shown_under_an_entry(
    sharp: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_entry: Any) -> None:
        raise LogUnavailable

    page = sharp.client.get(sharp.url("review/")).content.decode()
    assert sharp.url("review/plate.jpg") in page
    with monkeypatch.context() as patched:
        patched.setattr("cctv.redaction.services.append", down)
        assert sharp.client.get(sharp.url("review/plate.jpg")).status_code == 503
    answer = sharp.client.get(sharp.url("review/plate.jpg"))
    assert (body_of(answer), answer["Content-Type"]) == (SHARP, "image/jpeg")
    assert kinds_logged()[-1] == pictures.SHOWN


def test_once_approved_the_result_is_rendered_anew_with_it(sharp: Waiting) -> None:
    before = sharp.redaction
    assert making_with(before) == b""
    assert sharp.client.post(sharp.url("review/plate/")).status_code == 302
    after = sharp.redaction
    assert (after.state, after.work, after.revision) == (State.RENDERING, Work.RENDER, before.revision + 1)
    assert after.plate_approved_by == sharp.reviewer
    assert making_with(after) == SHARP
    assert kinds_logged()[-1] == "redaction.plate_approved"
    assert sharp.client.post(sharp.url("review/plate/")).status_code == 409


def making_with(redaction: Redaction) -> bytes:
    """The sharp scene that the job would draw with."""
    return making.ready(redaction, _entry(redaction), list(redaction.parts.all())).recipe.sharp


def test_it_is_approved_with_the_password_and_by_nobody_who_made_it(sharp: Waiting) -> None:
    room = sharp.desk.room
    fresh = room.client(sharp.reviewer).post(sharp.url("review/plate/"))
    assert "reauthenticate" in fresh["Location"]
    assert room.client(room.operator).post(sharp.url("review/plate/")).status_code == 403
    assert sharp.redaction.plate_approved_at is None


def test_without_one_there_is_nothing_to_show_or_approve(waiting: Waiting) -> None:
    assert "plate" not in waiting.client.get(waiting.url("review/")).content.decode().replace("template", "")
    assert waiting.client.get(waiting.url("review/plate.jpg")).status_code == 409
    assert waiting.client.post(waiting.url("review/plate/")).status_code == 409
