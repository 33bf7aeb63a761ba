"""Mail: said once, in the reader's language, tried again with pauses, and nothing depends on it."""

import smtplib
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail as django_mail
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext_lazy

from cctv.core import clock
from cctv.people import outbox
from cctv.people.models import OutgoingMail
from cctv.people.outbox import queue_mail, send_waiting
from tests.people.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    held = [clock.now() + timedelta(minutes=1)]  # later than the rows' own defaults
    monkeypatch.setattr(clock, "now", lambda: held[0])
    return held


@pytest.fixture
def server(settings: Any) -> Any:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.DEFAULT_FROM_EMAIL = "lethe@example.org"
    return django_mail


def queue(cast: Cast, about: str = "hold/1") -> OutgoingMail:
    return queue_mail(kind="hold.confirm", about=about, to=cast.approver, subject="Decide", text="Please.")


def test_it_is_said_once_for_each_thing_it_is_about(cast: Cast, server: Any) -> None:
    assert queue(cast).pk == queue(cast).pk
    assert send_waiting() == 1
    assert send_waiting() == 0
    (sent,) = server.outbox
    assert (sent.to, sent.subject, sent.from_email) == (
        ["approver@example.org"],
        "Decide",
        "lethe@example.org",
    )
    assert queue(cast).sent_at is not None


def test_words_are_put_into_the_readers_language(cast: Cast) -> None:
    cast.approver.language = "ko"
    with translation.override("ja"):
        mail = queue_mail(
            kind="x", about="y", to=cast.approver, subject=lambda: translation.get_language(),
            text=gettext_lazy("Sites"),
        )  # fmt: skip
    assert mail.subject == "ko"
    with translation.override("ko"):
        assert mail.text == str(gettext_lazy("Sites")) != "Sites"


def test_without_a_server_nothing_is_attempted_and_the_row_says_so(cast: Cast, settings: Any) -> None:
    settings.EMAIL_HOST, settings.EMAIL_BACKEND = "", "django.core.mail.backends.dummy.EmailBackend"
    queue(cast)
    assert send_waiting() == 0
    waiting = outbox.unsent().get()
    assert (waiting.error, waiting.attempts) == (outbox.NO_SERVER, 0)


def test_a_failure_is_tried_again_with_growing_pauses_and_holds_up_no_other(
    cast: Cast, server: Any, now: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = queue(cast, "bad"), queue(cast, "good")
    real = django_mail.EmailMessage.send
    OutgoingMail.objects.filter(pk=bad.pk).update(subject="bad")

    def send(message: Any, fail_silently: bool = False) -> int:
        if message.subject == "bad":
            raise smtplib.SMTPServerDisconnected("gone")
        return int(real(message, fail_silently))

    monkeypatch.setattr(django_mail.EmailMessage, "send", send)
    assert send_waiting() == 1
    good.refresh_from_db()
    assert good.sent_at is not None
    pauses = []
    for attempt in range(1, 6):
        bad.refresh_from_db()
        assert bad.attempts == attempt
        pauses.append(bad.next_attempt_at - now[0])
        assert "gone" in bad.error
        assert send_waiting() == 0
        bad.refresh_from_db()
        assert bad.attempts == attempt, "not before its time"
        now[0] = bad.next_attempt_at
        send_waiting()
    assert pauses == sorted(pauses)
    assert pauses[-1] > 8 * pauses[0]
    now[0] += outbox.STALE
    send_waiting()
    bad.refresh_from_db()
    assert bad.given_up_at is not None


def test_a_closed_account_gets_nothing(cast: Cast, server: Any) -> None:
    mail = queue(cast)
    cast.approver.is_active = False
    cast.approver.save()
    send_waiting()
    mail.refresh_from_db()
    assert (mail.given_up_at is not None, server.outbox) == (True, [])


def test_two_processes_do_not_send_the_same_row(cast: Cast, server: Any) -> None:
    mail = queue(cast)
    stale = OutgoingMail.objects.get(pk=mail.pk)
    send_waiting()
    assert not outbox._send(stale)
    assert len(server.outbox) == 1


def test_the_administrator_sees_what_did_not_go_out_but_not_what_it_says(
    cast: Cast, settings: Any, client: Client
) -> None:
    settings.EMAIL_HOST = ""
    queue(cast)
    client.force_login(cast.administrator)
    page = client.get("/people/mail/").content.decode()
    assert "approver@example.org" in page
    assert "Decide" not in page
    client.force_login(cast.site_administrator)
    assert "approver@example.org" not in client.get("/people/mail/").content.decode()
