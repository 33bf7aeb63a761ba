"""Mail to accounts: a row each, sent by a task, tried again with growing pauses.

Nothing depends on mail: what it says stands on a page as well. Without a mail server nothing is
attempted, and the row waits and says so; what is older than `STALE` when a server comes is given up.
"""

import logging
import smtplib
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.people.models import Account, OutgoingMail

log = logging.getLogger("lethe.people")

Words = str | Promise | Callable[[], str]
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
STALE = timedelta(days=3)
# Mail names people; it is no record, and what it was about has its entry in the log.
KEPT = timedelta(days=90)
# Written by people outside, whose words are nobody's any more once they were sent or given up.
OF_STRANGERS = ("portal.contact",)
AT_ONCE = 50
NO_SERVER = "no_mail_server"


def queue_mail(*, kind: str, about: str, to: Account, subject: Words, text: Words) -> OutgoingMail:
    """Put a message into the outbox, once for each `about` (at most 120 characters, recipient included).

    Words that are lazy or callable are put into the recipient's language. Never touches the network.
    """
    with translation.override(to.language or settings.LANGUAGE_CODE):
        values = {
            "kind": kind,
            "to": to,
            "subject": " ".join(_said(subject).split())[:200],
            "text": _said(text),
            "error": "" if is_configured() else NO_SERVER,
        }
    try:
        with transaction.atomic():
            mail, _made = OutgoingMail.objects.get_or_create(about=about, defaults=values)
    except IntegrityError:  # another process said it first
        mail = OutgoingMail.objects.get(about=about)
    return mail


def link(url_name: str, *args: str) -> str:
    """The address of a page for a mail: whole where LETHE_URL says where Lethe is, else its path."""
    base = settings.LETHE_URL.rstrip("/")
    # The process that serves the portal alone writes mails too, and knows no page of the office by itself.
    path = reverse(url_name, urlconf=settings.LETHE_OFFICE_URLS, args=args)
    if base:
        return f"{base}{path}"
    return _("Open Lethe at %(path)s to see it.") % {"path": path}


def _said(words: Words) -> str:
    return words() if callable(words) else str(words)


def is_configured() -> bool:
    """Whether there is a mail server to hand mail to."""
    return bool(settings.EMAIL_HOST) or "locmem" in settings.EMAIL_BACKEND


def unsent() -> QuerySet[OutgoingMail]:
    """What waits or was given up, the newest first: what somebody did not get."""
    return OutgoingMail.objects.filter(sent_at=None).select_related("to")


def send_waiting(*, limit: int = AT_ONCE) -> int:
    """Send what is due; how many went out. One message that fails holds up no other."""
    now = clock.now()
    OutgoingMail.objects.filter(made_at__lte=now - KEPT).delete()
    over = OutgoingMail.objects.filter(kind__in=OF_STRANGERS).exclude(sent_at=None, given_up_at=None)
    over.exclude(text="").update(text="")
    waiting = OutgoingMail.objects.filter(sent_at=None, given_up_at=None)
    if not is_configured():
        waiting.exclude(error=NO_SERVER).update(error=NO_SERVER)
        return 0
    waiting.filter(made_at__lte=now - STALE).update(given_up_at=now)
    due = list(waiting.filter(next_attempt_at__lte=now).order_by("made_at")[:limit])
    return sum(_send(mail) for mail in due)


def _send(mail: OutgoingMail) -> bool:
    """Take the row by moving its next attempt, so that no other process sends it too; then send."""
    now = clock.now()
    pause = min(FIRST_PAUSE * 2 ** min(mail.attempts, 12), LONGEST_PAUSE)
    mine = OutgoingMail.objects.filter(
        pk=mail.pk, sent_at=None, given_up_at=None, attempts=mail.attempts, next_attempt_at__lte=now
    )
    if not mine.update(attempts=mail.attempts + 1, next_attempt_at=now + pause):
        return False
    if not mail.to.is_active:
        OutgoingMail.objects.filter(pk=mail.pk).update(given_up_at=now, error="account_closed")
        return False
    message = EmailMessage(
        subject=mail.subject,
        body=mail.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.to.email],
        headers={"Message-ID": f"<{mail.pk}@lethe>", "Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=20) if settings.EMAIL_HOST else None,
    )
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as error:
        log.warning("mail %s could not be sent: %s", mail.pk, error)
        OutgoingMail.objects.filter(pk=mail.pk).update(error=f"{type(error).__name__}: {error}"[:300])
        return False
    OutgoingMail.objects.filter(pk=mail.pk).update(sent_at=clock.now(), error="")
    return True
