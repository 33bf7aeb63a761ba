"""Who gets a copy, and who gets nothing."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import override_settings

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage.restrictions import services as restrictions
from cctv.redaction.models import Redaction, State
from cctv.redaction.rendering import making
from cctv.retention import guards
from cctv.subjects.delivering import entries, sending, services
from cctv.subjects.delivering.errors import NoCode, WrongCode
from cctv.subjects.delivering.models import Delivery, DeliverySending
from cctv.subjects.delivering.tasks import tend
from cctv.subjects.requests import withdrawing
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.models import RequestState, SubjectRequest
from tests.footage.conftest import body_of
from tests.redaction.review.conftest import RESULT
from tests.subjects.delivering.conftest import Given, ask

pytestmark = pytest.mark.django_db(databases=["default", "log"])
WHOLE = making.head_of(64, 48) + RESULT


def logged(kind: str) -> list[int]:
    rows = LogEntry.objects.using("log").filter(kind=kind).order_by("index")
    return list(rows.values_list("index", flat=True))


def test_the_right_code_opens_the_copy_that_was_approved_under_one_entry(given: Given):
    client = given.granted()
    answer = client.get(given.url("clip.mp4"))
    assert (answer.status_code, body_of(answer)) == (200, WHOLE)
    part = client.get(given.url("clip.mp4"), HTTP_RANGE="bytes=3-12")
    assert (part.status_code, body_of(part)) == (206, WHOLE[3:13])
    assert part["Content-Range"] == f"bytes 3-12/{len(WHOLE)}"
    tail = client.get(given.url("clip.mp4"), HTTP_RANGE="bytes=-5")
    assert body_of(tail) == WHOLE[-5:]
    [entry] = logged("delivery.sent")
    said = load_receipt(entry).body
    assert said["actor"]["name"] == given.request.reference
    assert "Kim" not in repr(said)
    assert said["camera"]["id"] == str(given.row.redaction.camera_id)
    assert (said["from"], said["purpose"]["code"]) == (
        clock.rfc3339(given.row.redaction.starts_at), "crime-prevention",
    )  # fmt: skip
    row = given.row
    assert (row.downloads_left, row.sendings.get().sent_bytes) == (2, len(WHOLE) + 15)
    assert given.request.acts.filter(kind="fetched").count() == 1


def test_invariant_1_without_the_log_no_byte_of_a_copy_leaves(given: Given, monkeypatch: Any):
    client = given.granted()

    def refuse(**_options: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(entries, "append", refuse)
    answer = client.get(given.url("clip.mp4"))
    assert answer.status_code == 503
    assert RESULT not in body_of(answer)
    assert given.row.downloads_left == 3
    assert not DeliverySending.objects.exists()


def test_a_stolen_link_and_another_requests_secret_get_nothing(given: Given):
    other = ask(given.waiting, details=Details(name="Other", email="other@people.example"))
    for client in (given.granted(given.browser(other)), type(given.browser())()):
        for more in ("", "clip.mp4"):
            answer = client.get(given.url(more))
            assert answer.status_code in (302, 404)
            assert RESULT not in body_of(answer)
    # The page's own secret without the code shows no byte either.
    assert given.browser().get(given.url("clip.mp4")).status_code == 404
    assert logged("delivery.sent") == []


def test_a_code_is_good_once_and_for_five_guesses(given: Given):
    code = services.give_code(given.row, actor=given.officer, terminal="desk")
    for left in (4, 3, 2, 1):
        with pytest.raises(WrongCode) as wrong:
            services.take(given.row, "AAAA-AAAA")
        assert wrong.value.left == left
    with pytest.raises(NoCode):
        services.take(given.row, "AAAA-AAAA")
    with pytest.raises(NoCode):
        services.take(given.row, code)
    code = services.give_code(given.row, actor=given.officer, terminal="desk")
    assert isinstance(services.take(given.row, code.lower()), UUID)
    with pytest.raises(NoCode):
        services.take(given.row, code)


def test_a_code_comes_by_mail_to_the_address_of_the_request_alone(given: Given, settings: Any):
    settings.EMAIL_HOST = "localhost"
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        services.send_code(given.row)
    [message] = mail.outbox
    assert message.to == ["chulsoo.kim@people.example"]
    Delivery.objects.update(code_until=clock.now())
    with pytest.raises(NoCode):
        services.take(given.row, "AAAA-AAAA")


@pytest.mark.parametrize("what", ["expired", "withdrawn", "restricted", "unverified", "another result"])
def test_what_changed_meanwhile_stops_the_copy(given: Given, what: str):
    client, row = given.granted(), given.row
    assert client.get(given.url("clip.mp4")).status_code == 200
    url = given.url("clip.mp4")
    change(given, what)
    answer = client.get(url)
    assert answer.status_code in (403, 404, 409, 451, 423)
    assert RESULT not in body_of(answer)
    assert RESULT not in body_of(given.browser().get(f"/portal/result/{row.pk}/"))


def change(given: Given, what: str) -> None:
    redaction = given.row.redaction
    if what == "expired":
        Delivery.objects.update(open_until=clock.now())
    elif what == "withdrawn":
        SubjectRequest.objects.update(state=RequestState.OPEN)
        given.request.refresh_from_db()
        withdrawing.withdraw(given.request, terminal="")
    elif what == "restricted":
        restrictions.place(
            actor=given.officer, terminal="", site=redaction.site, cameras=[redaction.camera],
            starts_at=redaction.starts_at, ends_at=redaction.ends_at, ground="other", reason="asked",
        )  # fmt: skip
    elif what == "unverified":
        SubjectRequest.objects.update(verified_at=None)
    else:
        Redaction.objects.update(state=State.EDITING)


def test_a_restriction_cuts_off_what_is_being_sent(given: Given, monkeypatch: Any):
    monkeypatch.setattr(sending, "PIECE_BYTES", 10)
    answer = given.granted().get(given.url("clip.mp4"))
    pieces = iter(answer.streaming_content)  # type: ignore[attr-defined]
    sent = next(pieces) + next(pieces)
    change(given, "restricted")
    with pytest.raises(Exception, match=r"(?i)restrict"):
        sent += b"".join(pieces)
    assert len(sent) < len(WHOLE)


def test_it_begins_three_times_and_no_more(given: Given):
    for _time in range(3):
        assert given.granted().get(given.url("clip.mp4")).status_code == 200
    answer = given.granted().get(given.url("clip.mp4"))
    assert answer.status_code == 409
    assert len(logged("delivery.sent")) == 3


def test_deliveries_are_made_once_and_end_on_their_own(given: Given, monkeypatch: Any):
    services.make_deliveries(given.decision)
    row = Delivery.objects.get()
    assert given.decision.sent_at is not None
    zone = ZoneInfo(given.request.site.time_zone)
    assert row.open_until.astimezone(zone).time() == time(), "the end of the day that is told"
    days = (row.open_until - given.decision.sent_at).days
    assert days == 14
    assert given.request.mails.filter(kind="delivered").count() == 1
    services.end_due()
    assert Delivery.objects.filter(ended_at=None).exists()
    services.give_code(given.row, actor=given.officer, terminal="desk")
    monkeypatch.setattr(clock, "now", lambda: row.open_until + timedelta(seconds=1))
    services.end_due()
    row.refresh_from_db()
    assert row.ended_at is not None
    assert bytes(row.code_hash) == b""


def test_invariant_7_a_clock_that_runs_ahead_ends_no_copy(given: Given, monkeypatch: Any):
    Delivery.objects.update(open_until=clock.now())
    monkeypatch.setattr(guards, "trusted", lambda _now: False)
    tend()
    assert Delivery.objects.get().ended_at is None
    monkeypatch.setattr(guards, "trusted", lambda _now: True)
    tend()
    assert Delivery.objects.get().ended_at is not None


def test_nothing_is_delivered_to_whom_nobody_has_identified(given: Given):
    Delivery.objects.all().delete()
    SubjectRequest.objects.update(verified_at=None)
    given.decision.refresh_from_db()
    assert services.make_deliveries(given.decision) == []
    assert not Delivery.objects.exists()
