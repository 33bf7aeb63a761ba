"""Mail to requesters says that there is something to read, and nothing else."""

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from cctv.subjects.deciding import texts
from cctv.subjects.requests import ending, mails, messages, withdrawing
from cctv.subjects.requests.models import RequestMail
from tests.subjects.requests.counter import DAY, DETAILS, HOUR, MINUTE, TERMINAL, Counter

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]

TEXT = "We have found you at the gate"


def test_it_goes_to_the_address_once_and_names_neither_person_nor_secret(counter: Counter) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=HOUR), language="en")
    messages.add(received.request, TEXT, by=counter.court.people.officer, terminal="t")
    assert mails.send_waiting() == 2
    assert not RequestMail.objects.filter(sent_at=None).exists()
    counter.court.yard.move(DAY)
    assert mails.send_waiting() == 0
    assert [each.to for each in mail.outbox] == [[DETAILS.email]] * 2
    words = "".join(f"{each.subject} {each.body}" for each in mail.outbox)
    assert received.request.reference in words
    for name in DETAILS.__slots__:
        assert getattr(DETAILS, name) not in words, name
    assert received.secret not in words
    assert TEXT not in words


def test_it_speaks_the_language_of_the_request(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "mail", lambda kind, _request, language: (f"{kind} {language}", "text"))
    for language in ("en", "ja"):
        counter.ask(counter.court.yard.segment(expires_in=HOUR), language=language)
    mails.send_waiting()
    assert [each.subject for each in mail.outbox] == ["received en", "received ja"]


def test_without_an_address_nothing_is_tried_again(counter: Counter) -> None:
    counter.ask(counter.court.yard.segment(expires_in=HOUR), details=counter.other(email=""))
    assert mails.send_waiting() == 0
    row = RequestMail.objects.get()
    assert (row.error, row.given_up_at) == (mails.NO_ADDRESS, counter.court.yard.now)


def test_what_a_server_says_of_the_address_is_kept_nowhere(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    counter.ask(counter.court.yard.segment(expires_in=HOUR))

    def refuse(*_args: Any, **_options: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({DETAILS.email: (550, b"no such user")})

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", refuse)
        assert mails.send_waiting() == 0
    row = RequestMail.objects.get()
    assert (row.error, row.attempts) == ("SMTPRecipientsRefused", 1)
    assert DETAILS.email not in caplog.text
    assert mails.send_waiting() == 0, "it waits a minute"
    counter.court.yard.move(MINUTE + timedelta(seconds=1))
    assert mails.send_waiting() == 1


def test_what_is_days_old_is_given_up(counter: Counter) -> None:
    counter.ask(counter.court.yard.segment(expires_in=HOUR))
    counter.court.yard.move(4 * DAY)
    assert mails.send_waiting() == 0
    assert RequestMail.objects.get().given_up_at is not None


def test_whoever_did_not_withdraw_it_hears_that_it_was(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=HOUR), language="en").request
    mails.send_waiting()
    withdrawing.withdraw(request, terminal=TERMINAL)
    assert mails.send_waiting() == 1
    assert "withdrawn" in mail.outbox[-1].subject


def test_nobody_is_written_to_once_the_file_has_ended(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=HOUR)).request
    ending.end_file(request)
    assert mails.send_waiting() == 0
    assert mail.outbox == []
