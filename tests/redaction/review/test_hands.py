"""Whoever had a hand in a redaction does not review it, whatever they did to it."""

from __future__ import annotations

from typing import Any

import pytest

from cctv.core.errors import LetheError
from cctv.people.models import RoleGrant
from cctv.redaction import services as life
from cctv.redaction.editing import services as editing
from cctv.redaction.editing.stretches import log_stretches
from cctv.redaction.models import Redaction, RedactionAct
from cctv.redaction.review import selectors, services
from tests.footage.conftest import TERMINAL

from .conftest import Waiting

pytestmark = pytest.mark.django_db(databases=["default", "log"])

ACTS = {
    "undo": lambda waiting, session: editing.undo(waiting.redaction, session, revision=1),
    "redo": lambda waiting, session: editing.redo(waiting.redaction, session, revision=1),
    "submit": lambda waiting, session: editing.submit(waiting.redaction, session, revision=1),
    "retry": lambda waiting, _session: life.retry(redaction=waiting.redaction, actor=waiting.reviewer),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_colleague_who_changed_nothing_but_what_others_decided_does_not_review_it(
    waiting: Waiting, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "wake", lambda: None)
    monkeypatch.setattr(editing, "wake", lambda: None)
    room = waiting.desk.room
    RoleGrant.objects.create(account=waiting.reviewer, role="operator", site=room.site)
    if act == "redo":
        waiting.redaction.edits.update(undone=True)
    begun = waiting.begun()
    assert not services.has_hand_in(waiting.redaction, waiting.reviewer)
    do: Any = ACTS[act]
    do(waiting, room.open_as(waiting.reviewer))
    assert RedactionAct.objects.latest("pk").kind == act
    Redaction.objects.update(state="review", work="", revision=1)  # as it stood when they began
    assert services.has_hand_in(waiting.redaction, waiting.reviewer)
    for what in (
        waiting.begun,
        lambda: services.approve(review=begun, actor=begun.reviewer, terminal=TERMINAL),
    ):
        with pytest.raises(LetheError) as error:
            what()
        assert error.value.code == "own_redaction"
    listed = selectors.overview(sites=None, review_sites=None, reader=waiting.reviewer)
    assert (listed.waiting, len(listed.others_wait)) == ([], 1)


def test_who_keeps_a_place_of_it_for_the_camera_does_not_review_it(waiting: Waiting) -> None:
    desk, camera = waiting.desk, waiting.redaction.camera
    assert desk.decide("mask", id="m1", polygon=[[0, 0], [0.2, 0], [0.2, 0.2]]).status_code == 200
    room = desk.room
    RoleGrant.objects.create(account=waiting.reviewer, role="operator", site=room.site)
    found = Redaction.objects.select_related("site", "camera__site").get(pk=waiting.redaction.pk)
    session = room.open_as(waiting.reviewer)
    assert not services.has_hand_in(found, waiting.reviewer)
    editing.keep_mask(found, session, revision=found.revision, mask="m1")
    camera.refresh_from_db()
    assert camera.privacy_masks
    assert services.has_hand_in(found, waiting.reviewer)
    assert found.acts.filter(made_by=waiting.reviewer).count() == 1
    editing.keep_mask(found, session, revision=found.revision, mask="m1")  # it is the camera's already
    assert found.acts.filter(made_by=waiting.reviewer).count() == 1
    assert log_stretches(found) == 2  # theirs, and the one of whoever drew it
