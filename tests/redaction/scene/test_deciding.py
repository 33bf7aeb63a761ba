"""The still of the sharp scene: shown under an entry, used once a second person has approved that one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage.models import Segment
from cctv.footage.restrictions.models import Restriction
from cctv.people.models import RoleGrant
from cctv.redaction import services as life
from cctv.redaction.models import SceneVerdict
from cctv.redaction.review import selectors
from cctv.redaction.scene.standing import How
from cctv.sites.models import Site
from tests.footage.conftest import body_of
from tests.redaction.editing.conftest import LEFT, kinds_logged
from tests.redaction.review.conftest import colleague

from .conftest import STILL, Asked

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def last(kind: str) -> dict[str, Any]:
    row = LogEntry.objects.using("log").filter(kind=kind).latest("index")
    return dict(load_receipt(row.index).body)


def mine(asked: Asked) -> selectors.Overview:
    return selectors.overview(sites=None, review_sites=None, reader=asked.reviewer)


def test_invariant_1_the_still_is_shown_under_an_entry(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(**_entry: Any) -> None:
        raise LogUnavailable

    scene = asked.made()
    assert asked.url("still.jpg") in asked.client.get(asked.url()).content.decode()
    with monkeypatch.context() as patched:
        patched.setattr("cctv.redaction.services.append", down)
        assert asked.look().status_code == 503
    assert "redaction.plate_shown" not in kinds_logged()
    answer = asked.look()
    assert (body_of(answer), answer["Content-Type"]) == (STILL, "image/jpeg")
    assert last("redaction.plate_shown")["still_sha256"] == scene.sha256
    asked.look()
    assert kinds_logged().count("redaction.plate_shown") == 1, "once for a person, a place and half a day"


def test_once_approved_the_result_is_drawn_with_that_still(asked: Asked) -> None:
    scene = asked.made()
    assert [each.pk for each in mine(asked).scenes] == [asked.redaction.pk]
    assert (asked.how, asked.drawn_with()) == (How.WAITS, b"")
    before = asked.redaction
    asked.look()
    assert asked.decide("approve").status_code == 302
    assert (asked.how, asked.drawn_with()) == (How.APPROVED, STILL)
    assert asked.redaction.revision == before.revision + 1
    assert last("redaction.plate_approved")["still_sha256"] == scene.sha256
    assert mine(asked).scenes == []
    assert asked.decide("approve").status_code == 409
    told = asked.desk.data().json()["redaction"]["scene"]
    assert (told["how"], told["settled"]) == ("approved", True)
    assert asked.reviewer.name in told["says"]


def test_refused_it_needs_a_remark_and_the_coarse_scene_stays(asked: Asked) -> None:
    asked.made()
    asked.look()
    assert asked.decide("refuse").status_code == 400
    assert asked.how == How.WAITS
    revision = asked.redaction.revision
    assert asked.decide("refuse", "Somebody sits at the door").status_code == 302
    assert (asked.how, asked.drawn_with(), asked.redaction.revision) == (How.REFUSED, b"", revision)
    assert last("redaction.plate_refused")["remark"] == "Somebody sits at the door"
    assert "Somebody sits at the door" in asked.desk.data().json()["redaction"]["scene"]["says"]
    assert asked.desk.decide("sharp").status_code == 200
    assert asked.redaction.work == "scene", "another one may be asked for"


def test_who_has_not_been_sent_the_picture_does_not_decide(asked: Asked) -> None:
    asked.made()
    assert asked.decide("approve").status_code == 409
    _account, other = colleague(asked.desk.room, name="third")
    asked.look(other)
    assert asked.decide("approve").status_code == 409
    assert asked.how == How.WAITS


def test_nobody_who_had_a_hand_in_it_decides_and_the_password_is_asked_for(asked: Asked) -> None:
    asked.made()
    room = asked.desk.room
    RoleGrant.objects.create(account=room.operator, role="approver", site=room.site)
    own = room.client(room.operator)
    assert asked.look(own).status_code == 403
    assert asked.decide("approve", client=own).status_code == 403
    assert "redaction.plate_shown" not in kinds_logged()
    asked.look()
    fresh = asked.decide("approve", client=room.client(asked.reviewer))
    assert "reauthenticate" in fresh["Location"]
    assert asked.how == How.WAITS


def test_invariant_8_elsewhere_it_does_not_exist_and_without_the_role_it_is_refused(asked: Asked) -> None:
    asked.made()
    room = asked.desk.room
    other = Site.objects.create(
        organisation=room.site.organisation, code="busan", name="Port", time_zone="Asia/Seoul",
        jurisdiction="KR", storage_place="Security office",
    )  # fmt: skip
    RoleGrant.objects.create(account=room.elsewhere, role="approver", site=other)
    assert asked.look(room.client(room.elsewhere)).status_code == 404
    RoleGrant.objects.create(account=room.elsewhere, role="auditor", site=room.site)
    assert asked.look(room.client(room.elsewhere)).status_code == 403


def test_another_still_than_the_one_looked_at_is_not_approved(asked: Asked) -> None:
    first = asked.made()
    asked.look()
    assert asked.desk.decide("sharp").status_code == 200
    second = asked.made(b"another JPEG")
    asked.look()
    assert asked.decide("approve", still=first).status_code == 409
    assert asked.decide("approve", still="nothing").status_code == 409
    assert (asked.how, asked.drawn_with()) == (How.WAITS, b"")
    asked.decide("approve", still=second)
    assert asked.drawn_with() == b"another JPEG"


def test_an_approval_of_an_older_still_is_not_used(asked: Asked) -> None:
    asked.approved()
    corner = [[0, 0], [0.2, 0], [0.2, 0.2]]
    assert asked.desk.decide("mask", id="m1", polygon=corner).status_code == 200
    assert (asked.how, asked.drawn_with()) == (How.ASKED, b""), "it is made anew, with the mask"
    asked.made(b"masked")
    assert (asked.how, asked.drawn_with()) == (How.WAITS, b"")
    asked.desk.post("undo.json")
    assert asked.how == How.ASKED, "the first picture is gone"


def test_the_cameras_masks_of_today_are_in_it_or_it_is_not_used(asked: Asked) -> None:
    asked.desk.decide("subject", frame=10, box=list(LEFT))
    asked.approved()
    camera = asked.desk.room.gate
    camera.privacy_masks = [[[0, 0], [0.2, 0], [0.2, 0.2]]]
    camera.save()
    assert (asked.how, asked.drawn_with()) == (How.OUTDATED, b"")
    answer = asked.desk.post("submit.json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "scene_undecided")


def test_it_is_undone_and_done_again_as_other_decisions_are(asked: Asked) -> None:
    asked.approved()
    asked.desk.post("undo.json")
    assert (asked.how, asked.drawn_with()) == (How.NONE, b"")
    asked.desk.post("redo.json")
    assert (asked.how, asked.drawn_with()) == (How.APPROVED, STILL), "it is the very still that was approved"
    assert asked.desk.decide("coarse").status_code == 200
    assert (asked.how, asked.drawn_with()) == (How.BACK, b"")


def test_taken_back_while_it_is_made_nobody_makes_it(asked: Asked) -> None:
    assert asked.redaction.work == "scene"
    assert asked.desk.decide("coarse").status_code == 200
    assert (asked.redaction.work, asked.how) == ("", How.BACK)


def test_nothing_is_rendered_while_it_waits(asked: Asked) -> None:
    asked.desk.decide("subject", frame=10, box=list(LEFT))
    assert asked.redaction.work == "scene", "other decisions may be taken meanwhile"
    for _when in range(2):
        answer = asked.desk.post("submit.json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "scene_undecided")
        if asked.redaction.work:
            asked.made()
    assert "redaction.submitted" not in kinds_logged()
    asked.look()
    asked.decide("refuse", "no")
    assert asked.desk.post("submit.json").status_code == 200


def test_who_asks_is_in_the_log_before_anybody_works_on_it(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_entry: Any, **_more: Any) -> None:
        raise LogUnavailable

    assert last("redaction.plate_asked")["actor"]["id"] == str(asked.desk.room.operator.pk)
    asked.desk.decide("coarse")
    with monkeypatch.context() as patched:
        patched.setattr("cctv.redaction.scene.asking.write_entry", down)
        assert asked.desk.decide("sharp").status_code == 503
    assert (asked.how, asked.redaction.edits.count()) == (How.BACK, 2)


def test_only_where_the_subject_alone_is_shown(asked: Asked) -> None:
    asked.approved()
    asked.desk.decide("mode", mode="hide")
    assert (asked.how, asked.drawn_with()) == (How.NONE, b"")
    assert asked.desk.decide("sharp").status_code == 409
    asked.desk.decide("mode", mode="reveal")
    assert (asked.how, asked.drawn_with()) == (How.APPROVED, STILL)


def test_invariant_3_restricted_or_ended_nobody_sees_it(asked: Asked) -> None:
    asked.made()
    room, redaction = asked.desk.room, asked.redaction
    row = Restriction.objects.create(
        site=room.site, starts_at=redaction.starts_at, ends_at=redaction.ends_at, ground="subject",
        reason="contested", placed_by=room.operator,
    )  # fmt: skip
    row.cameras.add(room.gate)
    assert asked.look().status_code == 403
    assert "redaction.plate_shown" not in kinds_logged()
    row.delete()
    assert asked.look().status_code == 200
    Segment.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert asked.look().status_code == 410
    assert asked.redaction.scenes.get().verdict == SceneVerdict.OPEN


def test_cancelled_nothing_of_it_stays(asked: Asked) -> None:
    from cctv.footage.derived import selectors as derived

    asked.approved()
    life.cancel(redaction=asked.redaction, actor=asked.desk.room.operator, terminal="127.0.0.1")
    assert not derived.labels_of(owner=asked.redaction.pk)
    assert asked.look().status_code == 409
    assert asked.redaction.scenes.get().verdict == SceneVerdict.APPROVED, "who approved what stays"


def test_the_page_and_its_progress_say_how_it_stands(asked: Asked) -> None:
    asked.made()
    number = asked.redaction.number
    page = asked.client.get(f"/redactions/{number}/").content.decode()
    assert asked.url() in page
    assert json.loads(asked.client.get(f"/redactions/{number}/progress.json").content)["scene"] == "waits"
    room = asked.desk.room
    assert asked.url() not in room.client(room.operator).get(f"/redactions/{number}/").content.decode()


def test_masks_that_cannot_be_read_keep_nobody_from_the_list_the_page_and_ending_it(asked: Asked) -> None:
    asked.made()
    type(asked.redaction.camera).objects.filter(pk=asked.redaction.camera_id).update(privacy_masks=["?"])
    assert asked.how == How.UNREADABLE
    number = asked.redaction.number
    page = f"/redactions/{number}/"
    for client in (asked.desk.client, asked.client):
        for address in ("/redactions/", page, f"{page}progress.json"):
            answer = client.get(address)
            assert answer.status_code == 200, address
        assert number in client.get("/redactions/").content.decode()
    assert "cannot be read" in asked.client.get(page).content.decode()
    assert mine(asked).scenes == []
    assert asked.look().status_code == 409
    assert asked.desk.client.post(f"{page}cancel/").status_code == 302
    assert asked.redaction.state == "cancelled"
