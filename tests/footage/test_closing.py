"""Every viewing ends with its entry: however much there is to say, and whatever becomes of another's."""

from datetime import timedelta
from typing import Any

import pytest

from accesslog import Receipt, canonical, records
from accesslog.errors import BodyTooLarge
from cctv.core import clock
from cctv.footage import viewing
from cctv.footage.models import CloseReason, ViewedSpan, ViewingSession
from cctv.footage.viewings import closing, entries
from cctv.footage.viewings.entries import purpose_fields, write_entry
from cctv.ledger import readings
from cctv.ledger.models import LedgerLine
from tests.footage.conftest import Room
from tests.footage.test_viewing import last_body

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "log"])


def change_often(room: Room, session: ViewingSession, times: int, words: str) -> None:
    """As a viewing could when nothing bounded it: straight into the log."""
    for number in range(times):
        session.purpose_text, session.case = f"{number} {words}"[:300], words[:40]
        before = purpose_fields(room.purpose, f"{number - 1} {words}"[:300])
        write_entry(session, "viewing.purpose_changed", {"before": before}, cameras=[room.gate])
    session.save()


def test_a_closing_entry_that_would_be_too_long_says_less_and_how_much_it_leaves_out(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 18_000)
    session = room.open()
    change_often(room, session, 8, "\N{VIDEO CAMERA}" * 298)
    for second in range(60):
        viewing.record_sent(
            session, camera=room.gate, start=room.starts_at + timedelta(seconds=second),
            end=room.starts_at + timedelta(seconds=second, milliseconds=1), kind="still",
        )  # fmt: skip
    viewing.close_viewing(session, reason=CloseReason.USER)
    session.refresh_from_db()
    assert session.closed_entry is not None
    body = last_body("viewing.closed")
    assert 0 < len(body["sent"]) == 60 - body["sent_left_out"]
    told = [each["reason"][:2] for each in body["purposes"]]
    assert (told, body["purposes_left_out"]) == (["-1", "7 "], 7)
    readings.write_readings()
    line = LedgerLine.objects.get()
    assert (line.footage_from, line.footage_to) == (session.starts_at, session.ends_at)


def test_footage_that_plays_to_nobody_keeps_no_viewing_open(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = room.open(minutes=60)
    client, now = room.client(room.operator), clock.now()
    alive = f"/viewings/{session.pk}/alive/"
    later = now + closing.IDLE_AFTER - timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.get(room.urls(session)["part"]).status_code == 200
    assert client.post(alive).json()["idle_left"] <= 120, "to ask how long it lasts is no use of it"
    assert client.post(alive, {"here": "1"}).json()["idle_left"] > 590
    later = now + 2 * closing.IDLE_AFTER - timedelta(minutes=3)
    assert client.get(room.urls(session)["part"]).status_code == 200
    assert viewing.close_idle_viewings() == 0
    later = now + 2 * closing.IDLE_AFTER
    assert viewing.close_idle_viewings() == 1
    session.refresh_from_db()
    assert session.close_reason == CloseReason.IDLE


def test_purposes_have_a_bounded_room_in_the_closing_entry() -> None:
    turns = [{"code": str(number), "reason": "\N{VIDEO CAMERA}" * 300} for number in range(205)]
    facts = closing._purposes(turns, closing.ROOMS[0] // 2)
    told = [int(each["code"]) for each in facts["purposes"]]
    assert (told[0], told[1:]) == (0, list(range(206 - len(told), 205)))
    assert len(told) + facts["purposes_left_out"] == 205
    assert len(canonical.encode(facts["purposes"])) <= closing.ROOMS[0] // 2
    assert "purposes_left_out" not in closing._purposes(turns[:21], closing.ROOMS[0] // 2)


def test_a_closing_that_fails_keeps_no_other_viewing_from_its_own(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest, failing, unfinished, torn, newest = (room.open() for _ in range(5))
    over = clock.now() - timedelta(minutes=1)
    ViewingSession.objects.filter(pk__in=[oldest.pk, failing.pk, newest.pk]).update(valid_until=over)
    ViewingSession.objects.filter(pk__in=[unfinished.pk, torn.pk]).update(
        closed_at=over, close_reason=CloseReason.USER
    )
    real = entries.write_entry

    def write(session: ViewingSession, *args: Any, **more: Any) -> Receipt:
        if session.pk in (failing.pk, torn.pk):
            raise BodyTooLarge
        return real(session, *args, **more)

    monkeypatch.setattr(entries, "write_entry", write)
    assert viewing.close_idle_viewings() == 2
    without = ViewingSession.objects.filter(closed_entry=None).values_list("pk", flat=True)
    assert set(without) == {failing.pk, torn.pk}
    assert not ViewingSession.objects.filter(closed_at=None).exists()
    monkeypatch.undo()
    ViewingSession.objects.filter(pk=failing.pk).update(closed_at=over)
    viewing.close_idle_viewings()
    assert not ViewingSession.objects.filter(closed_entry=None).exists()


def test_what_is_sent_beyond_the_bound_is_counted(room: Room) -> None:
    session = room.open()
    spans = [
        ViewedSpan(
            session=session, camera=room.gate, kind="still",
            starts_at=room.starts_at + timedelta(milliseconds=number),
            ends_at=room.starts_at + timedelta(milliseconds=number + 1),
        )
        for number in range(closing.MOST_SENT + 7)
    ]  # fmt: skip
    ViewedSpan.objects.bulk_create(spans)
    viewing.close_viewing(session, reason=CloseReason.USER)
    body = last_body("viewing.closed")
    assert (len(body["sent"]), body["sent_left_out"]) == (closing.MOST_SENT, 7)
