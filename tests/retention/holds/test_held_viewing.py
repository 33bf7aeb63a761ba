"""Held footage is seen through its hold, logged like every viewing, and no moment longer than it stands."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import boot, clock
from cctv.core.boot import Boot
from cctv.footage import thumbnails, viewing
from cctv.footage.errors import HoldEnded, OutsideViewing
from cctv.footage.models import Segment, ViewingSession
from cctv.footage.restrictions import services as restrictions
from cctv.footage.selectors import live_segments
from cctv.people.models import Account, Role, RoleGrant
from cctv.retention import guards, purge
from cctv.retention.holds import services
from cctv.retention.holds.models import Hold
from cctv.vault import rings
from tests.footage.conftest import TERMINAL, Room, body_of, room

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

__all__ = ["room"]


@dataclass
class Case:
    """A room whose footage is held, weeks later."""

    room: Room
    approver: Account
    held: Segment
    free: Segment
    hold: Hold
    shift: list[timedelta]

    def later(self, step: timedelta) -> None:
        """Let time pass that the purge watches."""
        self.shift[0] += step
        guards.beat(clock.now())

    def open(self, **options: Any) -> ViewingSession:
        """The operator views what the hold holds."""
        self.hold.refresh_from_db()
        return self.room.open(hold=self.hold, **options)

    def release(self) -> None:
        """The approver ends it."""
        services.release_hold(hold_id=self.hold.pk, actor=self.approver, terminal=TERMINAL, reason="settled")


@pytest.fixture
def case(room: Room, monkeypatch: pytest.MonkeyPatch) -> Case:
    approver = Account.objects.create_user("approver@example.org", "pw", name="Approver", employer="Hub")
    RoleGrant.objects.create(account=approver, role=Role.APPROVER, site=room.site)
    thumbnails.make_thumbnails()
    held, free, _last = Segment.objects.order_by("starts_at")
    placed = services.place_hold(
        actor=approver, terminal=TERMINAL, site=room.site, cameras=[room.gate], case="2026-118",
        reason="a fall", ground="incident", starts_at=held.starts_at, ends_at=held.ends_at,
        until=clock.now() + 90 * DAY,
    )  # fmt: skip
    assert placed.held == 1
    shift, real = [timedelta()], clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + shift[0])
    monkeypatch.setattr(boot, "read", lambda: Boot("one", shift[0]))
    made = Case(room, approver, held, free, placed.hold, shift)
    guards.beat(clock.now())
    return made


def sees(room: Room, session: ViewingSession, segment: Segment) -> dict[str, int]:
    client = room.client(room.operator)
    urls = room.urls(session, segment=segment)
    found = {name: client.get(urls[name]) for name in ("playlist", "init", "part", "thumb")}
    at = clock.rfc3339(segment.starts_at)
    found["still"] = client.post(urls["still"], {"at": at, "reason": "the fall"})
    return {name: answer.status_code for name, answer in found.items()}


def test_it_plays_past_its_retention_and_past_its_epoch_and_only_what_is_held(case: Case) -> None:
    case.later(31 * DAY)
    purge.purge_due(trigger="manual")
    assert [segment.pk for segment in Segment.objects.all()] == [case.held.pk], "the rest is destroyed"
    assert not rings.footage().has(case.held.epoch.key_id)
    session = case.open()
    client = case.room.client(case.room.operator)
    urls = case.room.urls(session, segment=case.held)
    assert str(case.held.pk) in body_of(client.get(urls["playlist"])).decode()
    assert b"moof" in body_of(client.get(urls["part"]))
    assert body_of(client.get(urls["thumb"]))[:2] == b"\xff\xd8"
    assert set(sees(case.room, session, case.held).values()) == {200}
    opened = load_receipt(session.opened_entry or 0).body
    assert opened["hold"] == {"id": str(case.hold.pk), "name": case.hold.number}


def test_before_it_expires_a_held_viewing_still_shows_nothing_that_is_not_held(case: Case) -> None:
    session = case.open()
    assert set(sees(case.room, session, case.held).values()) == {200}
    free = sees(case.room, session, case.free)
    assert free.pop("playlist") == 200
    assert set(free.values()) == {404}
    client = case.room.client(case.room.operator)
    listed = body_of(client.get(case.room.urls(session)["playlist"])).decode()
    assert str(case.held.pk) in listed
    assert str(case.free.pk) not in listed


def test_invariant_1_no_byte_of_held_footage_before_its_entry(case: Case) -> None:
    case.later(31 * DAY)
    session = case.open()
    covered = LogEntry.objects.filter(kind="view.covered")
    assert not covered.exists()
    body_of(case.room.client(case.room.operator).get(case.room.urls(session, segment=case.held)["part"]))
    (index,) = covered.values_list("index", flat=True)
    body = load_receipt(index).body
    assert body["hold"]["name"] == case.hold.number
    assert body["actor"]["id"] == str(case.room.operator.pk)


def test_invariant_3_a_regular_viewing_never_shows_expired_footage_held_or_not(case: Case) -> None:
    session = case.room.open(minutes=120)
    ViewingSession.objects.filter(pk=session.pk).update(valid_until=clock.now() + 40 * DAY)
    case.later(31 * DAY)
    answers = sees(case.room, session, case.held)
    assert answers.pop("playlist") == 200
    assert set(answers.values()) == {410}
    span = {"start": case.held.starts_at, "end": case.held.ends_at}
    assert not live_segments(camera_id=case.room.gate.pk, **span).exists()
    page = case.room.client(case.room.operator).get(f"/viewings/{session.pk}/")
    assert "recorded_seconds" not in page.content.decode()


def test_invariant_3_it_ends_at_once_when_the_hold_ends(case: Case) -> None:
    case.later(31 * DAY)
    session = case.open()
    case.release()
    assert set(sees(case.room, session, case.held).values()) == {403}, "closed with its hold"
    ViewingSession.objects.filter(pk=session.pk).update(closed_at=None, close_reason="")
    assert set(sees(case.room, session, case.held).values()) == {410}, "and nothing would open without that"
    with pytest.raises(HoldEnded):
        case.open()
    session.refresh_from_db()
    with pytest.raises(HoldEnded):
        viewing.record_sent(session, camera=case.room.gate, start=case.held.starts_at, end=case.held.ends_at)
    assert not viewing.may_go_on(session)


def test_invariant_3_it_ends_with_the_holds_time_even_if_no_tick_has_ended_the_hold(case: Case) -> None:
    case.later(90 * DAY - HOUR)
    session = case.open(minutes=120)
    assert session.valid_until <= case.hold.until, "no session outlives its hold"
    ViewingSession.objects.filter(pk=session.pk).update(valid_until=clock.now() + DAY)
    case.later(2 * HOUR)
    assert Hold.objects.get().protects
    assert set(sees(case.room, session, case.held).values()) == {410}


def test_only_the_holds_own_cameras(case: Case) -> None:
    with pytest.raises(OutsideViewing):
        case.room.open(case.room.yard, hold=case.hold)


def test_the_sheet_opens_it_for_who_may_view_and_know_the_hold(case: Case) -> None:
    case.later(31 * DAY)
    start = (case.held.starts_at + 9 * HOUR).replace(tzinfo=None)
    span = {"camera": "gate", "day": f"{start:%Y-%m-%d}", "start": f"{start:%H:%M:%S}"}
    span["end"] = f"{start + timedelta(seconds=4):%H:%M:%S}"
    client: Client = case.room.client(case.room.operator)
    url = f"/sites/{case.room.site.code}/view/"
    sheet = client.get(url, span | {"hold": str(case.hold.pk)})
    assert case.hold.number in sheet.content.decode()
    opened = client.post(
        url,
        span
        | {"hold": str(case.hold.pk), "purpose": "crime-prevention", "case": "2026-118", "minutes": "30"},
    )
    assert opened.status_code == 302, opened.content.decode()[:500]
    session = ViewingSession.objects.latest("opened_at")
    assert session.hold == case.hold
    page = client.get(f"/viewings/{session.pk}/").content.decode()
    assert case.hold.number in page
    for wrong in ("nonsense", str(session.pk)):
        assert client.get(url, span | {"hold": wrong}).status_code == 404
    case.release()
    assert (
        client.post(
            url, span | {"hold": str(case.hold.pk), "purpose": "crime-prevention", "minutes": "30"}
        ).status_code
        == 410
    )


def test_restricted_footage_is_not_shown_through_a_hold_either(case: Case) -> None:
    officer = Account.objects.create_user("officer@example.org", "pw", name="Officer", employer="Hub")
    RoleGrant.objects.create(account=officer, role=Role.PRIVACY_OFFICER, site=case.room.site)
    session = case.open()
    restrictions.place(
        actor=officer, terminal=TERMINAL, site=case.room.site, cameras=[case.room.gate],
        starts_at=case.held.starts_at, ends_at=case.held.ends_at, ground="objection", reason="R-2026-047",
    )  # fmt: skip
    seen = sees(case.room, session, case.held)
    assert seen.pop("playlist") == 200
    assert set(seen.values()) == {403}
