"""What the portal says of mail: nothing is promised that nobody sends, and strangers' words are not kept."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import Client

from cctv.core import clock
from cctv.people import outbox
from cctv.people.models import OutgoingMail
from cctv.subjects.portal import selectors
from cctv.subjects.requests.models import RequestState, SubjectRequest
from tests.subjects.portal.asking import Person
from tests.subjects.portal.test_asking import filled
from tests.subjects.requests.counter import DAY, Counter

__all__ = ["filled"]

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]
QUESTION = {"text": "Is the east gate filmed?", "reach": "asker@people.example"}


def test_a_question_goes_to_the_privacy_officers_and_is_forgotten_once_it_was_sent(counter: Counter) -> None:
    answer = Client().post("/portal/contact/", QUESTION)
    assert answer["Location"].endswith("?sent=1")
    assert OutgoingMail.objects.filter(kind="portal.contact", text__contains="east gate").exists()
    outbox.send_waiting()
    (sent,) = {each.body for each in mail.outbox if "east gate" in each.body}
    assert QUESTION["reach"] in sent
    outbox.send_waiting()
    assert not OutgoingMail.objects.filter(text__contains="east gate").exists()
    assert not OutgoingMail.objects.filter(text__contains=QUESTION["reach"]).exists()


def test_a_question_without_words_is_told_what_is_missing(counter: Counter) -> None:
    answer = Client().post("/portal/contact/", {"text": "", "reach": "x"})
    assert answer.status_code == 400
    assert "It is not sent yet" in answer.content.decode()


def test_nothing_is_taken_that_nobody_would_get(counter: Counter, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    page = Client().get("/portal/contact/").content.decode()
    assert "cannot be sent from here" in page
    assert "<textarea" not in page
    assert "cannot be sent from here" in Client().post("/portal/contact/", QUESTION).content.decode()
    assert not OutgoingMail.objects.filter(kind="portal.contact").exists()


@pytest.mark.parametrize(("email", "server", "said"), [
    ("a@people.example", True, True), ("", True, False), ("a@people.example", False, False),
])  # fmt: skip
def test_a_receipt_by_mail_is_promised_only_where_one_goes(
    filled: Person, settings: Any, email: str, server: bool, said: bool
) -> None:
    if not server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    filled.go(filled.at.replace("/check/", "/contact/"))
    filled.say(name="Kim Chulsoo", phone="010-5550-1234", email=email)
    filled.send()
    page = filled.client.get("/portal/receipt/").content.decode()
    assert ("on its way to your e-mail address" in page) == said


def test_a_page_says_what_stands_and_not_that_an_answer_is_there(filled: Person) -> None:
    filled.send()
    row = SubjectRequest.objects.get()
    for state, objected, words in (
        (RequestState.DECIDED, False, "Our answer is here"),
        (RequestState.DECIDED, True, "somebody else looks at it again"),
        (RequestState.OPEN, False, "You need do nothing now"),
    ):
        row.state, row.decided_at, row.verified_at = state, row.received_at, row.received_at
        row.objected_at = row.received_at + DAY if objected else None
        row.save()
        page = filled.client.get("/portal/status/").content.decode()
        assert words in page, state


def test_days_left_are_counted_by_the_calendar_also_in_the_night_of_the_clock_change(
    filled: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.send()
    row = SubjectRequest.objects.select_related("site").get()
    row.site.time_zone = "Europe/Berlin"
    # The last day is Sunday 25 October 2026, which has 25 hours.
    row.due_at = datetime(2026, 10, 26, tzinfo=ZoneInfo("Europe/Berlin"))
    for day, hour, left in ((24, 0, 1), (24, 23, 1), (25, 23, 0), (26, 1, 0)):
        now = datetime(2026, 10, day, hour, 30, tzinfo=ZoneInfo("Europe/Berlin"))
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        assert selectors._days_left(row) == left, now
