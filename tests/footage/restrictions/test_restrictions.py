"""What is restricted is shown to nobody, at no door, from the moment it is placed until it is lifted."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry, LogIndex
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage import playback
from cctv.footage.media import fmp4
from cctv.footage.models import CoveredSpan, Segment, ViewedSpan
from cctv.footage.restrictions import services
from cctv.footage.restrictions.errors import FootageRestricted, RestrictionOver, RestrictionRefused
from cctv.footage.restrictions.models import Restriction
from cctv.footage.thumbnails import make_thumbnails
from cctv.people.models import Account, RoleGrant
from cctv.people.policy import Forbidden
from tests.footage.conftest import SEGMENT_S, TERMINAL, Room, body_of
from tests.people.cast import give_password

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "log"])
JSON = {"Accept": "application/json"}


@pytest.fixture
def officer(room: Room) -> Account:
    account = Account.objects.create_user("officer@example.org", "pw", name="Lee Seoyeon", employer="Us")
    RoleGrant.objects.create(account=account, role="privacy_officer", site=room.site)
    return account


def place(room: Room, officer: Account, *, first: float = 0, last: float = 60, **options: Any) -> Restriction:
    """Restrict seconds of the recording, counted from its beginning."""
    values: dict[str, Any] = {
        "cameras": [room.gate], "starts_at": room.starts_at + timedelta(seconds=first),
        "ends_at": room.starts_at + timedelta(seconds=last), "ground": "objection",
        "reason": "R-2026-047 is looked at", "reference": "R-2026-047",
    }  # fmt: skip
    return services.place(actor=officer, terminal=TERMINAL, site=room.site, **values | options)


def ask(room: Room, address: str, **data: Any) -> Any:
    client = room.client(room.operator)
    return client.post(address, data, headers=JSON) if data else client.get(address, headers=JSON)


def error_of(response: Any) -> str:
    return str(response.json()["error"]["code"])


def test_invariant_1_no_byte_of_restricted_footage_leaves_by_any_door(room: Room, officer: Account) -> None:
    make_thumbnails(limit=9)
    session = room.open()
    place(room, officer)
    urls = room.urls(session)
    still = {"reason": "for the case", "at": clock.rfc3339(room.starts_at + timedelta(seconds=1))}
    answers = [ask(room, urls[door]) for door in ("init", "part", "thumb")] + [
        ask(room, urls["still"], **still)
    ]
    assert [(each.status_code, error_of(each)) for each in answers] == [(403, "footage_restricted")] * 4
    assert "m4s" not in body_of(ask(room, urls["playlist"])).decode()
    # Nothing was reserved and nothing noted: the log says of no second of it that it was released.
    assert not CoveredSpan.objects.exists()
    assert not ViewedSpan.objects.exists()


def test_the_refusal_says_when_and_who_to_ask_and_nothing_of_the_person(room: Room, officer: Account) -> None:
    place(room, officer, reason="Sato objects")
    error = ask(room, room.urls(room.open())["part"]).json()["error"]
    assert "Gate 1" in error["message"]
    assert f"{room.starts_at:%Y}" in error["message"]
    assert "privacy officer" in error["hint"]
    assert not {"Sato", "R-2026-047", "objection", "Lee"} & set((error["message"] + error["hint"]).split())


def test_what_lies_beside_a_restriction_is_shown_and_lifting_shows_the_rest(
    room: Room, officer: Account
) -> None:
    restricted = place(room, officer, first=SEGMENT_S, last=SEGMENT_S + 1)
    session = room.open()
    first, second, third = Segment.objects.filter(camera=room.gate).order_by("starts_at")
    answers = [ask(room, room.urls(session, segment=each)["part"]) for each in (first, second, third)]
    assert [each.status_code for each in answers] == [200, 403, 200]
    listed = body_of(ask(room, room.urls(session)["playlist"])).decode()
    assert [str(each.pk) in listed for each in (first, second, third)] == [True, False, True]
    yard = room.record(room.yard, room.starts_at + timedelta(seconds=SEGMENT_S))
    other = room.open(room.yard)
    assert ask(room, room.urls(other, room.yard, yard)["part"]).status_code == 200
    services.lift(restriction_id=restricted.pk, actor=officer, terminal=TERMINAL, reason="Decided")
    assert ask(room, room.urls(session, segment=second)["part"]).status_code == 200


def test_placing_while_somebody_watches_cuts_them_off_at_the_next_piece(
    room: Room, officer: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "PIECE_BYTES", 1000)
    monkeypatch.setattr(playback, "LOOK_AGAIN_S", 0)
    session = room.open()
    response = room.client(room.operator).get(room.urls(session)["part"])
    pieces = iter(response.streaming_content)  # type: ignore[attr-defined]
    assert len(next(pieces)) == 1000
    place(room, officer)
    assert list(pieces) == []


def test_a_restriction_that_comes_while_a_part_is_made_stops_it(
    room: Room, officer: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = room.open()

    def slow(*args: Any, **options: Any) -> bytes:
        data = fmp4.media_part(*args, **options)
        place(room, officer)
        return data

    monkeypatch.setattr(playback, "media_part", slow)
    answer = ask(room, room.urls(session)["part"])
    assert (answer.status_code, error_of(answer)) == (403, "footage_restricted")


def test_a_still_whose_picture_was_taken_within_a_restriction_is_refused(
    room: Room, officer: Account
) -> None:
    # The picture that stands 10 ms after the end was taken before it.
    place(room, officer, last=1.99)
    at = clock.rfc3339(room.starts_at + timedelta(milliseconds=1995))
    refused = ask(room, room.urls(room.open())["still"], at=at, reason="case")
    assert (refused.status_code, error_of(refused)) == (403, "footage_restricted")
    beside = clock.rfc3339(room.starts_at + timedelta(seconds=3))
    assert ask(room, room.urls(room.open())["still"], at=beside, reason="case").status_code == 200


def test_the_entry_comes_first_and_is_found_by_each_camera(room: Room, officer: Account) -> None:
    made = place(room, officer, cameras=[room.gate, room.yard])
    assert made.placed_entry is not None
    receipt = load_receipt(made.placed_entry)
    assert receipt.kind == "restriction.placed"
    assert receipt.body["reason"] == "R-2026-047 is looked at"
    assert receipt.body["ground"]["code"] == "objection"
    assert [camera["code"] for camera in receipt.body["cameras"]] == ["gate", "yard"]
    rows = LogIndex.objects.filter(index=receipt.index)
    assert set(rows.values_list("camera", flat=True)) == {str(room.gate.pk), str(room.yard.pk)}
    lifted = services.lift(restriction_id=made.pk, actor=officer, terminal=TERMINAL, reason="Decided")
    assert lifted.lifted_entry is not None
    assert load_receipt(lifted.lifted_entry).kind == "restriction.lifted"
    with pytest.raises(RestrictionOver):
        services.lift(restriction_id=made.pk, actor=officer, terminal=TERMINAL, reason="Again")


def test_without_the_log_nothing_is_restricted_and_nothing_lifted(
    room: Room, officer: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = place(room, officer)

    def down(**_options: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(services, "append", down)
    with pytest.raises(LogUnavailable):
        place(room, officer, first=30)
    with pytest.raises(LogUnavailable):
        services.lift(restriction_id=made.pk, actor=officer, terminal=TERMINAL, reason="Decided")
    assert Restriction.objects.filter(lifted_at=None).count() == 1


def test_the_same_form_sent_twice_places_one_with_one_entry(room: Room, officer: Account) -> None:
    token = room.gate.pk
    assert place(room, officer, restriction_id=token).pk == place(room, officer, restriction_id=token).pk
    assert LogEntry.objects.filter(kind="restriction.placed").count() == 1
    assert (
        place(room, officer, restriction_id=token, last=30).pk != Restriction.objects.earliest("placed_at").pk
    )


def test_only_the_privacy_officer_places_and_only_what_makes_sense(room: Room, officer: Account) -> None:
    with pytest.raises(Forbidden):
        place(room, room.operator)
    wrongs: tuple[dict[str, Any], ...] = ({"cameras": []}, {"last": -1}, {"ground": "whim"}, {"reason": " "})
    for wrong in wrongs:
        with pytest.raises(RestrictionRefused):
            place(room, officer, **wrong)
    assert not Restriction.objects.exists()


def test_free_spans_are_what_no_restriction_lies_over(room: Room, officer: Account) -> None:
    for first, last in ((10, 20), (15, 30), (50, 99)):
        place(room, officer, first=first, last=last)
    start, second = room.starts_at, timedelta(seconds=1)
    free = services.free_spans(room.gate, start, start + 60 * second)
    assert [((a - start) / second, (b - start) / second) for a, b in free] == [(0, 10), (30, 50)]
    services.require_free(room.gate, start, start + 10 * second)
    with pytest.raises(FootageRestricted):
        services.require_free(room.gate, start, start + 11 * second)


def test_the_pages_place_show_and_lift(room: Room, officer: Account) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(officer)
    give_password(client, officer)
    page = client.get("/sites/seoul/restrict/?camera=gate&day=2026-11-14&start=10:00&end=10:05")
    assert 'value="2026-11-14"' in page.content.decode()
    form = {
        "token": room.gate.pk, "camera": ["gate", "yard"], "day": "2026-11-14", "start": "10:00",
        "end_day": "2026-11-14", "end": "10:05", "ground": "dispute", "reference": "R-7", "reason": "Pending",
    }  # fmt: skip
    assert client.post("/sites/seoul/restrict/", {**form, "end": "09:00"}).status_code == 400
    placed = client.post("/sites/seoul/restrict/", form)
    made = Restriction.objects.get()
    assert placed.headers["Location"] == f"/restrictions/{made.pk}/"
    assert made.ends_at - made.starts_at == timedelta(minutes=5)
    shown = client.get("/restrictions/").content.decode()
    assert "R-7" in shown
    assert "Gate 1, Yard east" in shown
    assert "Pending" in client.get(f"/restrictions/{made.pk}/").content.decode()
    assert client.post(f"/restrictions/{made.pk}/lift/", {"reason": ""}).status_code == 400
    assert client.post(f"/restrictions/{made.pk}/lift/", {"reason": "Decided"}).status_code == 302
    assert "Decided" in client.get(f"/restrictions/{made.pk}/").content.decode()
    assert client.get(f"/restrictions/{made.pk}/lift/").status_code == 302
