"""Mail to requesters: a row each, without words; they are made from the request when it goes.

No mail names a person, a secret or what is in the picture: it says that there is something to read, and
where.
"""

import logging
import smtplib
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.people.outbox import NO_SERVER, is_configured
from cctv.subjects.deciding import texts
from cctv.subjects.requests import details
from cctv.subjects.requests.models import RequestMail, SubjectRequest

log = logging.getLogger("lethe.subjects")

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
STALE = timedelta(days=3)
AT_ONCE = 50
NO_ADDRESS = "no_address"


def queue(request: SubjectRequest, kind: str, about: str) -> RequestMail:
    """Put a mail of this kind into the outbox, once for each `about` (at most 120 characters)."""
    try:
        with transaction.atomic():
            row, _made = RequestMail.objects.get_or_create(
                about=about,
                defaults={"request": request, "kind": kind, "error": "" if is_configured() else NO_SERVER},
            )
    except IntegrityError:  # another process said it first
        row = RequestMail.objects.get(about=about)
    return row


@sensitive_variables()
def send_code(request: SubjectRequest, address: str, code: str, *, minutes: int) -> bool:
    """Send a code at once, since it is good for minutes only; False where the server does not take it."""
    subject, text = texts.code_mail(request, code, minutes=minutes)
    message = EmailMessage(
        subject=" ".join(subject.split())[:200], body=text, from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address], headers={"Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=20) if settings.EMAIL_HOST else None,
    )  # fmt: skip
    try:
        message.send()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        log.warning("a code could not be sent: %s", type(error).__name__)
        return False
    return True


def is_mailed(request: SubjectRequest, kind: str) -> bool:
    """Whether a mail of this kind goes to the requester: there is an address, and a server to send it."""
    known = details.read(request)
    if known is None or not known.email or not is_configured():
        return False
    return request.mails.filter(kind=kind, given_up_at=None).exists()


def send_waiting(*, limit: int = AT_ONCE) -> int:
    """Send what is due; how many went out. One that fails holds up no other."""
    now = clock.now()
    waiting = RequestMail.objects.filter(sent_at=None, given_up_at=None)
    waiting.filter(made_at__lte=now - STALE).update(given_up_at=now)
    if not is_configured():
        waiting.exclude(error=NO_SERVER).update(error=NO_SERVER)
        return 0
    due = waiting.filter(next_attempt_at__lte=now).select_related("request__site").order_by("made_at")
    return sum(_send(mail) for mail in list(due[:limit]))


def _send(mail: RequestMail) -> bool:
    """Take the row by moving its next attempt, so that no other process sends it too; then send."""
    now = clock.now()
    pause = min(FIRST_PAUSE * 2 ** min(mail.attempts, 12), LONGEST_PAUSE)
    mine = RequestMail.objects.filter(
        pk=mail.pk, sent_at=None, given_up_at=None, attempts=mail.attempts, next_attempt_at__lte=now
    )
    if not mine.update(attempts=mail.attempts + 1, next_attempt_at=now + pause):
        return False
    known = details.read(mail.request)
    if known is None or not known.email:
        RequestMail.objects.filter(pk=mail.pk).update(given_up_at=now, error=NO_ADDRESS)
        return False
    subject, text = texts.mail(mail.kind, mail.request, mail.request.language)
    message = EmailMessage(
        subject=" ".join(subject.split())[:200], body=text, from_email=settings.DEFAULT_FROM_EMAIL,
        to=[known.email], headers={"Message-ID": f"<{mail.pk}@lethe>", "Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=20) if settings.EMAIL_HOST else None,
    )  # fmt: skip
    try:
        message.send()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        # Neither the row nor the process's log gets the address, which a server's words may repeat.
        log.warning("mail %s could not be sent: %s", mail.pk, type(error).__name__)
        RequestMail.objects.filter(pk=mail.pk).update(error=type(error).__name__)
        return False
    RequestMail.objects.filter(pk=mail.pk).update(sent_at=clock.now(), error="")
    return True
