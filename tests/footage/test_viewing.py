"""Nothing is shown without a purpose and an entry, and the log says exactly what was sent."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connections

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage import playback, sealed, viewing
from cctv.footage.models import CloseReason, CoveredSpan, Segment, ViewingSession
from cctv.footage.thumbnails import make_thumbnails
from cctv.footage.viewings import entries
from cctv.people.models import RoleGrant
from cctv.vault import services as vault
from tests.footage.conftest import SEGMENT_S, TERMINAL, Room, body_of
from tests.media.clips import numbers_of

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
    pytest.mark.both_databases,
]


def kinds() -> list[str]:
    return list(LogEntry.objects.order_by("index").values_list("kind", flat=True))


def last_body(kind: str) -> dict[str, Any]:
    index = LogEntry.objects.filter(kind=kind).order_by("-index").values_list("index", flat=True)[0]
    return dict(load_receipt(index).body)


def test_a_viewing_needs_a_purpose_that_all_its_cameras_are_registered_for(room: Room) -> None:
    page = f"/sites/seoul/view/?camera=gate&day={room.starts_at:%Y-%m-%d}&start=10:00&end=10:10"
    client = room.client(room.operator)
    fields = {
        "camera": "gate",
        "day": f"{room.starts_at:%Y-%m-%d}",
        "start": "10:00",
        "end": "10:10",
        "minutes": "30",
    }
    assert client.get(page).status_code == 200
    without = client.post("/sites/seoul/view/", fields)
    assert without.status_code == 400
    assert "Say for which purpose" in without.content.decode()
    room.yard.purposes.clear()
    foreign = client.post(
        "/sites/seoul/view/", {**fields, "camera": ["gate", "yard"], "purpose": "crime-prevention"}
    )
    assert foreign.status_code == 400
    assert not ViewingSession.objects.exists()
    assert "viewing.opened" not in kinds()
    with_purpose = client.post("/sites/seoul/view/", {**fields, "purpose": "crime-prevention"})
    assert with_purpose.status_code == 302
    assert kinds()[-1] == "viewing.opened"


def test_invariant_1_the_entry_of_a_viewing_covers_its_last_fraction_of_a_millisecond(room: Room) -> None:
    session = room.open(seconds=5.0004)
    assert clock.parse_rfc3339(last_body("viewing.opened")["to"]) >= session.ends_at


def test_the_part_that_is_sent_plays_and_is_covered_by_an_entry_first(room: Room) -> None:
    session = room.open()
    client, urls = room.client(room.operator), room.urls(session)
    assert urls["part"].split("/")[-2] in body_of(client.get(urls["playlist"])).decode()
    init, part = body_of(client.get(urls["init"])), body_of(client.get(urls["part"]))
    numbers = numbers_of(init + part)
    assert numbers == list(range(SEGMENT_S * 25))
    body = last_body("view.covered")
    assert (body["actor"]["name"], body["camera"]["code"], body["purpose"]["code"]) == (
        "operator", "gate", "crime-prevention",
    )  # fmt: skip
    start, end = clock.parse_rfc3339(body["from"]), clock.parse_rfc3339(body["to"])
    assert start <= room.starts_at
    assert timedelta(seconds=SEGMENT_S) <= end - start <= viewing.COVER


def test_an_hour_of_one_camera_needs_no_entry_for_each_part(room: Room) -> None:
    session = room.open()
    client = room.client(room.operator)
    for segment in Segment.objects.order_by("starts_at"):
        body_of(client.get(room.urls(session, segment=segment)["part"]))
    assert kinds().count("view.covered") == 1
    assert CoveredSpan.objects.count() == 1


def test_closing_says_exactly_which_seconds_were_sent(room: Room) -> None:
    session = room.open()
    client = room.client(room.operator)
    segments = list(Segment.objects.order_by("starts_at"))
    for segment in (segments[0], segments[1]):
        body_of(client.get(room.urls(session, segment=segment)["part"]))
    client.post(f"/viewings/{session.pk}/close/")
    sent = last_body("viewing.closed")["sent"]
    assert [(row["camera"]["code"], row["from"], row["to"]) for row in sent] == [
        (
            "gate",
            clock.rfc3339(room.starts_at),
            clock.rfc3339(room.starts_at + timedelta(seconds=2 * SEGMENT_S)),
        )
    ]
    assert "Gate 1" in client.get(f"/viewings/{session.pk}/").content.decode()


def test_what_is_on_its_way_when_the_viewing_closes_stands_in_the_closing_entry(room: Room) -> None:
    session = room.open()
    response = room.client(room.operator).get(room.urls(session)["part"])
    viewing.close_viewing(session, reason=CloseReason.USER)
    assert body_of(response)
    (sent,) = last_body("viewing.closed")["sent"]
    assert (sent["from"], sent["kind"]) == (clock.rfc3339(room.starts_at), "video")


def test_a_long_answer_stops_when_the_viewing_closes(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "PIECE_BYTES", 1000)
    monkeypatch.setattr(playback, "LOOK_AGAIN_S", 0)
    session = room.open()
    response = room.client(room.operator).get(room.urls(session)["part"])
    pieces = iter(response.streaming_content)  # type: ignore[attr-defined]
    assert len(next(pieces)) == 1000
    viewing.close_viewing(session, reason=CloseReason.USER)
    assert list(pieces) == []


def test_no_byte_leaves_when_what_is_sent_cannot_be_noted(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = room.open()

    def locked(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(viewing, "record_sent", locked)
    answer = room.client(room.operator).get(
        room.urls(session)["part"], headers={"Accept": "application/json"}
    )
    assert answer.status_code >= 500
    assert b"moof" not in body_of(answer)


def test_another_terminal_gets_nothing_of_the_viewing(room: Room) -> None:
    session = room.open()
    answer = room.client(room.operator).get(
        room.urls(session)["part"], headers={"Accept": "application/json"}, REMOTE_ADDR="10.0.0.8"
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "other_terminal")


def test_a_small_picture_of_a_moment_outside_the_viewing_is_refused(room: Room) -> None:
    session = viewing.open_viewing(
        actor=room.operator,
        terminal=TERMINAL,
        cameras=[room.gate],
        purpose=room.purpose,
        starts_at=room.starts_at + timedelta(seconds=3),
        ends_at=room.starts_at + timedelta(seconds=20),
        minutes=30,
    )
    make_thumbnails()
    segments = list(Segment.objects.order_by("starts_at"))
    client = room.client(room.operator)
    answers = [client.get(room.urls(session, segment=segment)["thumb"]).status_code for segment in segments]
    assert answers == [403, 200, 200]


def test_closing_sums_small_pictures_up_apart_from_what_played(room: Room) -> None:
    session = room.open()
    make_thumbnails()
    client = room.client(room.operator)
    for segment in Segment.objects.order_by("starts_at"):
        assert body_of(client.get(room.urls(session, segment=segment)["thumb"]))
    viewing.close_viewing(session, reason=CloseReason.USER)
    body = last_body("viewing.closed")
    assert body["sent"] == []
    (small,) = body["small_pictures"]
    assert (small["camera"]["code"], small["count"], small["from"]) == (
        "gate",
        3,
        clock.rfc3339(room.starts_at),
    )


def test_the_stream_parameters_of_another_day_are_refused_and_not_logged(room: Room) -> None:
    late = room.record(room.gate, room.starts_at + timedelta(seconds=120))
    session = room.open(seconds=60)
    assert room.client(room.operator).get(room.urls(session, segment=late)["init"]).status_code == 403
    assert "view.covered" not in kinds()


def test_invariant_4_a_small_picture_does_not_outlive_a_segment_that_is_purged_meanwhile(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = Segment.objects.earliest("starts_at")
    real = sealed.add_thumb

    def purged_meanwhile(receipt: Any, row: Segment, jpeg: bytes, *, job: str) -> int:
        size = real(receipt, row, jpeg, job=job)
        if row.pk == segment.pk:
            Segment.objects.filter(pk=row.pk).delete()
        return size

    monkeypatch.setattr(sealed, "add_thumb", purged_meanwhile)
    make_thumbnails()
    assert not vault.object_exists(vault.part_name(segment.sealed_name, "thumb"))
    assert Segment.objects.filter(thumb_size_bytes__gt=0).count() == 2


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_outside_the_calendar_are_not_found_or_refused(room: Room, day: str) -> None:
    client = room.client(room.operator)
    assert client.get(f"/sites/seoul/cameras/gate/{day}/").status_code == 404
    assert client.get(f"/sites/seoul/view/?camera=gate&day={day}&start=10:00&end=11:00").status_code == 400


def test_invariant_1_no_frame_without_an_entry_when_the_log_fails(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = room.open()
    urls = room.urls(session)

    def down(**_: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(entries, "append", down)
    client = room.client(room.operator)
    for name in ("part", "init", "thumb"):
        if name == "thumb":
            Segment.objects.update(thumb_size_bytes=10)
        answer = client.get(urls[name], headers={"Accept": "application/json"})
        assert answer.status_code == 503, name
        assert b"moof" not in body_of(answer)
    still = client.post(
        urls["still"],
        {"at": clock.rfc3339(room.starts_at), "reason": "the van"},
        headers={"Accept": "application/json"},
    )
    assert still.status_code == 503
    assert not CoveredSpan.objects.exists()


def test_invariant_1_the_log_database_made_unwritable_in_the_middle_of_playing(room: Room) -> None:
    session = room.open(seconds=200)
    client = room.client(room.operator)
    assert body_of(client.get(room.urls(session)["part"]))
    late = room.record(room.gate, room.starts_at + timedelta(seconds=100))
    connection = connections["log"]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER broken BEFORE INSERT ON log_entry BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        else:
            cursor.execute("ALTER TABLE log_entry ADD CONSTRAINT broken CHECK (false) NOT VALID")
    try:
        answer = client.get(room.urls(session, segment=late)["part"], headers={"Accept": "application/json"})
        assert answer.status_code == 503
        assert answer.json()["error"]["code"]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "DROP TRIGGER broken"
                if connection.vendor == "sqlite"
                else "ALTER TABLE log_entry DROP CONSTRAINT broken"
            )
    assert client.get(room.urls(session, segment=late)["part"]).status_code == 200


def test_invariant_3_an_expired_segment_is_refused_without_any_purge(room: Room) -> None:
    session = room.open()
    client, urls = room.client(room.operator), room.urls(session)
    Segment.objects.update(
        expires_at=clock.now(), ends_at=clock.now() - timedelta(seconds=1), thumb_size_bytes=10
    )
    assert body_of(client.get(urls["playlist"])).count(b".m4s") == 0
    for name in ("part", "init", "thumb"):
        answer = client.get(urls[name], headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (410, "footage_expired"), name
    assert "view.covered" not in kinds()


def test_invariant_8_somebody_elses_viewing_does_not_exist(room: Room) -> None:
    RoleGrant.objects.create(account=room.elsewhere, role="operator", site=room.site)
    session = room.open()
    for url in [f"/viewings/{session.pk}/", *room.urls(session).values()]:
        method = (
            room.client(room.elsewhere).post if url.endswith("still.jpg") else room.client(room.elsewhere).get
        )
        assert method(url).status_code == 404, url


def test_invariant_8_an_administrator_sees_no_footage(room: Room) -> None:
    client = room.client(room.administrator)
    session = room.open()
    assert client.get("/sites/seoul/").status_code == 403
    assert client.get(room.urls(session)["part"]).status_code == 403


def test_a_camera_outside_the_viewing_is_refused(room: Room) -> None:
    room.record(room.yard, room.starts_at)
    session = room.open(room.gate)
    answer = room.client(room.operator).get(
        room.urls(session, room.yard)["part"], headers={"Accept": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "outside_viewing")


def test_a_time_outside_the_viewing_is_refused(room: Room) -> None:
    late = room.record(room.gate, room.starts_at + timedelta(seconds=120))
    session = room.open(seconds=60)
    answer = room.client(room.operator).get(
        room.urls(session, segment=late)["part"], headers={"Accept": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "outside_viewing")


def test_a_closed_or_ended_viewing_sends_nothing(room: Room) -> None:
    client = room.client(room.operator)
    closed, ended = room.open(), room.open()
    viewing.close_viewing(closed, reason=CloseReason.USER)
    ViewingSession.objects.filter(pk=ended.pk).update(valid_until=clock.now())
    for session in (closed, ended):
        answer = client.get(room.urls(session)["part"], headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "viewing_closed")


def test_a_revoked_role_ends_the_viewing_at_once(room: Room) -> None:
    session = room.open()
    client = room.client(room.operator)
    assert client.get(room.urls(session)["part"]).status_code == 200
    RoleGrant.objects.filter(account=room.operator).update(revoked_at=clock.now())
    assert client.get(room.urls(session)["part"]).status_code == 403
    viewing.close_idle_viewings()
    session.refresh_from_db()
    assert session.close_reason == CloseReason.REVOKED


def test_a_still_is_one_frame_under_an_entry_of_its_own(room: Room) -> None:
    session = room.open()
    at = room.starts_at + timedelta(seconds=1)
    answer = room.client(room.operator).post(
        room.urls(session)["still"], {"at": clock.rfc3339(at), "reason": "the van"}
    )
    data = body_of(answer)
    assert answer["Content-Type"] == "image/jpeg"
    assert "no-store" in answer["Cache-Control"]
    assert numbers_of(data) == [25]
    body = last_body("still.covered")
    assert (body["from"], body["reason"]) == (clock.rfc3339(at), "the van")


def test_a_closing_that_a_crash_cut_off_is_written_later_and_once(room: Room) -> None:
    session = room.open()
    ViewingSession.objects.filter(pk=session.pk).update(
        closed_at=clock.now() - timedelta(minutes=1), close_reason=CloseReason.USER
    )
    viewing.close_idle_viewings()
    viewing.close_idle_viewings()
    assert kinds().count("viewing.closed") == 1
    session.refresh_from_db()
    viewing.log_closing(session)
    assert kinds().count("viewing.closed") == 1
