"""A still leaves or is kept for a reason that the log has first, and a kept one dies with its recording."""

from datetime import timedelta
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.core import clock
from cctv.footage import sealed, viewing
from cctv.footage.errors import FootageExpired
from cctv.footage.marks import stills
from cctv.footage.marks.errors import ReasonRequired, StillNotKept
from cctv.footage.marks.models import Still
from cctv.footage.models import CloseReason, Segment, ViewingSession
from cctv.footage.restrictions.errors import FootageRestricted
from cctv.footage.restrictions.models import Restriction
from cctv.footage.viewings import entries
from cctv.ledger import readings
from cctv.ledger.models import LedgerLine
from cctv.people.models import Account, Role, RoleGrant
from cctv.people.policy import Forbidden
from cctv.retention.holds import services as holds
from cctv.vault.sealing import WrongKey
from tests.footage.conftest import TERMINAL, Room, body_of
from tests.footage.test_viewing import kinds, last_body
from tests.media.clips import numbers_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "log"])
SECOND = timedelta(seconds=1)


def keep(room: Room, session: ViewingSession | None = None) -> Still:
    """One second into the first segment: its picture is number 25."""
    session = session or room.open(case="2026-118")
    return stills.keep(session, camera=room.gate, at=room.starts_at + SECOND, reason="the van")


def show(room: Room, still: Still, **options: Any) -> Any:
    return stills.show(
        Still.objects.select_related("camera__site", "segment__epoch", "site").get(pk=still.pk),
        **{
            "actor": room.operator,
            "terminal": TERMINAL,
            "purpose": room.purpose,
            "reason": "for the report",
            **options,
        },
    )


def down(**_: Any) -> None:
    raise LogUnavailable


def test_a_picture_leaves_with_its_reason_as_a_file_that_says_camera_and_moment(room: Room) -> None:
    url = room.urls(room.open())["still"]
    client = room.client(room.operator)
    at = clock.rfc3339(room.starts_at + SECOND)
    without = client.post(url, {"at": at, "reason": "  "}, headers={"Accept": "application/json"})
    assert (without.status_code, without.json()["error"]["code"]) == (400, "reason_required")
    assert "still.covered" not in kinds()
    answer = client.post(url, {"at": at, "reason": "the van"})
    assert numbers_of(body_of(answer)) == [25]
    assert last_body("still.covered")["reason"] == "the van"
    assert answer["Content-Disposition"].startswith('attachment; filename="gate_20')


def test_a_kept_still_is_sealed_and_nothing_of_it_leaves(room: Room) -> None:
    session = room.open(case="2026-118")
    answer = room.client(room.operator).post(
        room.urls(session)["still"].replace(".jpg", ".json"),
        {"at": clock.rfc3339(room.starts_at + SECOND), "reason": "the van"},
    )
    assert answer.status_code == 201
    row = Still.objects.get()
    assert (row.camera, row.taken_by, row.case, row.reason) == (
        room.gate, room.operator, "2026-118", "the van",
    )  # fmt: skip
    assert (row.width, row.height) == (320, 180)
    assert b"JFIF" not in bytes(row.sealed)
    body = last_body("still.kept")
    assert (body["still"], body["reason"], body["case"]) == (str(row.pk), "the van", "2026-118")
    assert LogEntry.objects.filter(kind="still.kept").get().index == row.entry_index
    viewing.close_viewing(session, reason=CloseReason.USER)
    assert last_body("viewing.closed")["sent"] == []


def test_invariant_1_a_still_is_neither_kept_nor_shown_when_the_log_is_down(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, session = keep(room), room.open()
    with monkeypatch.context() as patch:
        patch.setattr(entries, "append", down)
        client = room.client(room.operator)
        for url, fields in (
            (room.urls(session)["still"], {"at": clock.rfc3339(room.starts_at)}),
            (room.urls(session)["still"].replace(".jpg", ".json"), {"at": clock.rfc3339(room.starts_at)}),
            (f"/sites/seoul/stills/{kept.pk}/picture.jpg", {"purpose": room.purpose.code}),
        ):
            answer = client.post(url, {**fields, "reason": "x"}, headers={"Accept": "application/json"})
            assert answer.status_code == 503, url
            assert b"JFIF" not in body_of(answer)
    assert Still.objects.count() == 1


def test_opening_a_kept_still_is_a_viewing_of_its_own(room: Room) -> None:
    kept = keep(room)
    client = room.client(room.operator)
    page = client.get(f"/sites/seoul/stills/{kept.pk}/")
    assert page.status_code == 200
    url = f"/sites/seoul/stills/{kept.pk}/picture.jpg"
    assert client.post(url, {"purpose": room.purpose.code, "reason": ""}).status_code == 400
    assert "still.shown" not in kinds()
    answer = client.post(url, {"purpose": room.purpose.code, "reason": "for the report"})
    assert numbers_of(body_of(answer)) == [25]
    assert "no-store" in answer["Cache-Control"]
    assert kinds()[-3:] == ["viewing.opened", "still.shown", "viewing.closed"]
    body = last_body("still.shown")
    assert (body["still"], body["purpose"]["reason"]) == (str(kept.pk), "for the report")
    (sent,) = last_body("viewing.closed")["sent"]
    assert (sent["kind"], sent["from"]) == ("still", clock.rfc3339(kept.at))
    readings.write_readings()
    assert "for the report" in LedgerLine.objects.get().reason


def test_invariant_3_a_kept_still_is_refused_and_not_listed_once_its_recording_has_expired(
    room: Room,
) -> None:
    kept = keep(room)
    client = room.client(room.operator)
    assert str(kept.pk) in client.get("/sites/seoul/stills/").content.decode()
    now = clock.now()
    Segment.objects.update(expires_at=now, ends_at=now - SECOND)
    with pytest.raises(FootageExpired):
        show(room, kept)
    assert str(kept.pk) not in client.get("/sites/seoul/stills/").content.decode()
    assert client.get(f"/sites/seoul/stills/{kept.pk}/").status_code == 410
    assert "still.shown" not in kinds()


def test_invariant_4_a_sealed_still_opens_with_its_recordings_key_alone_and_goes_with_it(room: Room) -> None:
    kept = keep(room)
    other = Segment.objects.select_related("epoch", "camera").latest("starts_at")
    session = room.open()
    span = (kept.at, kept.at + SECOND)
    facts = {"still": str(kept.pk)}
    receipt = viewing.cover(
        session, camera=room.gate, start=span[0], end=span[1], kind="still.shown", facts=facts
    )
    mine = Segment.objects.select_related("epoch", "camera").get(pk=kept.segment_id)
    opened = sealed.for_person(receipt, mine, session=session, span=span)
    with pytest.raises(WrongKey):
        opened.fact(sealed.STILL, bytes(kept.sealed), "another still")
    Segment.objects.filter(pk=mine.pk).update(wrapped_key=other.wrapped_key)
    mine.refresh_from_db()
    with pytest.raises(WrongKey):
        sealed.for_person(receipt, mine, session=session, span=span).fact(
            sealed.STILL, bytes(kept.sealed), str(kept.pk)
        )
    mine.delete()
    assert not Still.objects.filter(pk=kept.pk).exists()


def test_what_a_hold_alone_keeps_gives_no_kept_still(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    approver = Account.objects.create_user("approver@example.org", "pw", name="Approver", employer="Hub")
    RoleGrant.objects.create(account=approver, role=Role.APPROVER, site=room.site)
    segment = Segment.objects.earliest("starts_at")
    hold = holds.place_hold(
        actor=approver, terminal=TERMINAL, site=room.site, cameras=[room.gate], case="2026-118",
        reason="a fall", ground="incident", starts_at=segment.starts_at, ends_at=segment.ends_at,
        until=clock.now() + timedelta(days=90),
    ).hold  # fmt: skip
    session = room.open(hold=hold)
    living = keep(room, session)
    assert numbers_of(show(room, living).data) == [25], "kept through a hold while the recording lives"
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=31))
    later = room.open(hold=hold)
    with pytest.raises(StillNotKept):
        keep(room, later)
    with pytest.raises(FootageExpired):
        show(room, living)
    handed = stills.hand_out(later, camera=room.gate, at=room.starts_at + SECOND, reason="the fall")
    assert numbers_of(handed.data) == [25]


def test_a_restricted_moment_gives_no_still_and_opens_none(room: Room) -> None:
    kept, session = keep(room), room.open()
    restriction = Restriction.objects.create(
        site=room.site, starts_at=room.starts_at, ends_at=room.starts_at + 2 * SECOND, ground="dispute",
        reason="a dispute", placed_by=room.administrator,
    )  # fmt: skip
    restriction.cameras.add(room.gate)
    for act in (lambda: keep(room, session), lambda: show(room, kept)):
        with pytest.raises(FootageRestricted):
            act()
    assert not {"still.shown"} & set(kinds())


def test_who_took_it_and_the_privacy_officer_delete_it_and_nobody_else(room: Room) -> None:
    officer = Account.objects.create_user("officer@example.org", "pw", name="Officer", employer="Hub")
    RoleGrant.objects.create(account=officer, role=Role.PRIVACY_OFFICER, site=room.site)
    RoleGrant.objects.create(account=room.elsewhere, role=Role.OPERATOR, site=room.site)
    first, second = keep(room), keep(room)
    with pytest.raises(Forbidden):
        stills.delete(first, actor=room.elsewhere, terminal=TERMINAL)
    stills.delete(first, actor=room.operator, terminal=TERMINAL)
    client = room.client(officer)
    assert client.get("/sites/seoul/stills/").status_code == 200
    assert client.post(f"/sites/seoul/stills/{second.pk}/picture.jpg").status_code == 403
    assert client.post(f"/sites/seoul/stills/{second.pk}/delete/").status_code == 302
    assert kinds().count("still.deleted") == 2
    assert not Still.objects.exists()


def test_stills_are_listed_newest_first_page_by_page(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from cctv.footage.marks import selectors

    session = room.open(case="2026-118")
    rows = [keep(room, session) for _number in range(3)]
    found = selectors.stills(site=room.site)
    first = selectors.page(found, by="taken_at", size=2)
    assert [row.pk for row in first.rows] == [rows[2].pk, rows[1].pk]
    assert (first.newer, bool(first.older)) == ("", True)
    second = selectors.page(found, by="taken_at", before=first.older, size=2)
    assert [row.pk for row in second.rows] == [rows[0].pk]
    assert second.older == ""
    back = selectors.page(found, by="taken_at", after=second.newer, size=2)
    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]
    assert back.newer == ""
    assert selectors.cases(found) == ["2026-118"]
    assert not selectors.stills(site=room.site, case="2026-9")


def test_a_still_needs_words(room: Room) -> None:
    kept = keep(room)
    with pytest.raises(ReasonRequired):
        show(room, kept, reason=" ")


def test_invariant_1_a_kept_still_is_refused_when_the_frame_it_shows_is_restricted_later(room: Room) -> None:
    """A camera that records one picture a second: what stands at +1.9 s was recorded at +1 s."""
    slow = room.record(room.yard, room.starts_at, fps=1)
    session = room.open(room.yard)
    kept = stills.keep(session, camera=room.yard, at=room.starts_at + 1.9 * SECOND, reason="the van")
    assert kept.segment == slow
    assert kept.at == room.starts_at + SECOND
    restriction = Restriction.objects.create(
        site=room.site, starts_at=room.starts_at + 0.9 * SECOND, ends_at=room.starts_at + 1.5 * SECOND,
        ground="dispute", reason="a dispute", placed_by=room.administrator,
    )  # fmt: skip
    restriction.cameras.add(room.yard)
    with pytest.raises(FootageRestricted):
        show(room, kept)
    assert "still.shown" not in kinds()


def test_a_restriction_that_comes_while_a_kept_still_is_opened_stops_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, real = keep(room), viewing.record_sent

    def restricted_meanwhile(*given: Any, **named: Any) -> None:
        real(*given, **named)
        Restriction.objects.create(
            site=room.site, starts_at=room.starts_at, ends_at=room.starts_at + 2 * SECOND, ground="dispute",
            reason="a dispute", placed_by=room.administrator,
        ).cameras.add(room.gate)  # fmt: skip

    monkeypatch.setattr(viewing, "record_sent", restricted_meanwhile)
    with pytest.raises(FootageRestricted):
        show(room, kept)
    assert kinds()[-1] == "viewing.closed"
