"""A viewing may go on for another purpose: the log has each in its turn, and no picture has the wrong one."""

from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from cctv.core import clock
from cctv.footage import viewing
from cctv.footage.errors import PurposeRequired, ViewingClosed
from cctv.footage.models import CloseReason, CoveredSpan, Segment, ViewingSession
from cctv.footage.viewings import entries, purposes
from cctv.footage.viewings.purposes import in_turn, in_turn_of
from cctv.ledger import readings
from cctv.ledger.models import LedgerLine
from cctv.sites.models import Purpose
from tests.footage.conftest import Room, body_of
from tests.footage.test_viewing import kinds, last_body

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "log"])
JSON = {"Accept": "application/json"}


@pytest.fixture
def fire(room: Room) -> Purpose:
    """A second purpose of the gate's; the yard is not registered for it."""
    purpose = Purpose.objects.create(organisation=room.site.organisation, code="fire", name="Fire safety")
    room.gate.purposes.add(purpose)
    return purpose


def test_what_follows_a_change_has_an_entry_with_the_new_purpose(room: Room, fire: Purpose) -> None:
    session = room.open(case="2026-118", reason="the van")
    client = room.client(room.operator)
    part = room.urls(session)["part"]
    assert body_of(client.get(part))
    page = client.get(f"/viewings/{session.pk}/purpose/")
    assert page.status_code == 200
    answer = client.post(
        f"/viewings/{session.pk}/purpose/", {"purpose": "fire", "reason": "smoke"}, headers=JSON
    )
    assert (answer.status_code, answer.json()["purpose"], answer.json()["case"]) == (200, "Fire safety", "")
    body = last_body("viewing.purpose_changed")
    assert (body["purpose"]["code"], body["before"]["code"], body["before"]["case"]) == (
        "fire", "crime-prevention", "2026-118",
    )  # fmt: skip
    assert not CoveredSpan.objects.exists()
    assert body_of(client.get(part))
    assert last_body("view.covered")["purpose"] == {"code": "fire", "text": "Fire safety", "reason": "smoke"}
    assert [kind for kind in kinds() if kind.startswith("view")] == [
        "viewing.opened", "view.covered", "viewing.purpose_changed", "view.covered",
    ]  # fmt: skip


def test_the_closing_entry_the_pages_and_the_ledger_tell_the_purposes_in_turn(
    room: Room, fire: Purpose
) -> None:
    session = room.open(case="2026-118")
    client = room.client(room.operator)
    assert body_of(client.get(room.urls(session)["part"]))
    session = viewing.change_purpose(session, purpose=fire, reason="smoke")
    session = viewing.change_purpose(session, purpose=room.purpose)
    viewing.close_viewing(session, reason=CloseReason.USER)
    told = last_body("viewing.closed")["purposes"]
    assert [(each["code"], each.get("case", "")) for each in told] == [
        ("crime-prevention", "2026-118"), ("fire", ""), ("crime-prevention", ""),
    ]  # fmt: skip
    assert [each.reason for each in in_turn(session)] == ["", "smoke", ""]
    assert "Fire safety" in client.get(f"/viewings/{session.pk}/").content.decode()
    assert "Fire safety" in client.get("/viewings/").content.decode()
    readings.write_readings()
    assert "2026-118; Fire safety · smoke; Crime prevention" in LedgerLine.objects.get().reason


def test_the_changes_of_other_viewings_hide_none_of_a_viewing_s_own(
    room: Room, fire: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purposes, "PAGE", 3)
    kept, session, other = room.open(), room.open(case="2026-118"), room.open()
    session = viewing.change_purpose(session, purpose=fire, reason="smoke")
    for number in range(7):
        other = viewing.change_purpose(other, purpose=fire, reason=f"look {number}")
    session = viewing.change_purpose(session, purpose=room.purpose)
    wanted = [("crime-prevention", "2026-118"), ("fire", ""), ("crime-prevention", "")]
    assert [(each.code, each.case) for each in in_turn(session)] == wanted
    viewing.close_viewing(session, reason=CloseReason.USER)
    told = last_body("viewing.closed")["purposes"]
    assert [(each["code"], each.get("case", "")) for each in told] == wanted
    viewing.change_purpose(other, purpose=fire, reason="after")
    session.refresh_from_db()
    turns = in_turn_of([session, kept, other])
    assert {pk: len(each) for pk, each in turns.items()} == {session.pk: 3, other.pk: 9}
    assert [each.code for each in in_turn(kept)] == ["crime-prevention"]


def test_a_viewing_s_purpose_changes_only_so_often(
    room: Room, fire: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert purposes.MOST_CHANGES <= 20
    monkeypatch.setattr(purposes, "MOST_CHANGES", 2)
    session, other = room.open(), room.open()
    for number in range(2):
        session = viewing.change_purpose(session, purpose=fire, reason=f"look {number}")
    client, fields = room.client(room.operator), {"purpose": "fire", "reason": "once more"}
    answer = client.post(f"/viewings/{session.pk}/purpose/", fields, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "purpose_changes_spent")
    assert "open a new viewing" in answer.json()["error"]["hint"]
    assert kinds().count("viewing.purpose_changed") == 2
    session.refresh_from_db()
    assert session.purpose_text == "look 1"
    assert client.post(f"/viewings/{other.pk}/purpose/", fields, headers=JSON).status_code == 200


def test_a_viewing_that_keeps_its_purpose_tells_it_once(room: Room) -> None:
    session = room.open()
    assert viewing.change_purpose(session, purpose=room.purpose) is session
    viewing.close_viewing(session, reason=CloseReason.USER)
    assert "purposes" not in last_body("viewing.closed")
    assert "viewing.purpose_changed" not in kinds()


def test_a_purpose_that_not_all_cameras_are_registered_for_is_refused(room: Room, fire: Purpose) -> None:
    both, closed = room.open(room.gate, room.yard), room.open()
    with pytest.raises(PurposeRequired):
        viewing.change_purpose(both, purpose=fire)
    answer = room.client(room.operator).post(
        f"/viewings/{both.pk}/purpose/", {"purpose": "fire"}, headers=JSON
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "purpose_required")
    viewing.close_viewing(closed, reason=CloseReason.USER)
    with pytest.raises(ViewingClosed):
        viewing.change_purpose(ViewingSession.objects.get(pk=closed.pk), purpose=fire)
    assert "viewing.purpose_changed" not in kinds()


def test_the_purpose_stays_when_the_log_is_down(
    room: Room, fire: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = room.open()

    def down(**_: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(entries, "append", down)
    with pytest.raises(LogUnavailable):
        viewing.change_purpose(session, purpose=fire)
    session.refresh_from_db()
    assert session.purpose == room.purpose


def test_a_request_that_was_on_its_way_reserves_nothing_under_the_old_purpose(
    room: Room, fire: Purpose
) -> None:
    session = room.open()
    stale = ViewingSession.objects.select_related("actor", "site", "purpose").get(pk=session.pk)
    viewing.change_purpose(session, purpose=fire)
    segment = Segment.objects.earliest("starts_at")
    receipt = viewing.cover(stale, camera=room.gate, start=segment.starts_at, end=segment.ends_at)
    assert receipt.body["purpose"]["code"] == "crime-prevention"
    assert not CoveredSpan.objects.exists()


def test_a_purpose_that_is_retired_meanwhile_serves_to_the_end_and_gets_no_more_time(room: Room) -> None:
    session, client = room.open(), room.client(room.operator)
    Purpose.objects.filter(pk=room.purpose.pk).update(retired_at=clock.now())
    assert body_of(client.get(room.urls(session)["part"]))
    answer = client.post(f"/viewings/{session.pk}/extend/", headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "purpose_retired")
    assert kinds().count("viewing.extended") == 0
    room.purpose.refresh_from_db()
    with pytest.raises(PurposeRequired):
        room.open()


def test_extending_answers_a_script_without_a_page(room: Room) -> None:
    session = room.open(minutes=5)
    client = room.client(room.operator)
    told = client.post(f"/viewings/{session.pk}/extend/", headers=JSON).json()
    assert 34 * 60 < told["seconds_left"] <= 35 * 60
    assert told["ends"].endswith(" KST")
    alive = client.post(f"/viewings/{session.pk}/alive/", headers=JSON).json()
    assert alive["ends"] == told["ends"]
