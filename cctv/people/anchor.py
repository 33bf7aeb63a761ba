"""The daily mail of the log's checkpoint to every privacy officer and auditor.

It is an anchor outside the house: whoever keeps it can show later that the log was rewritten or cut back
(`manage.py log verify --against FILE`). It says how many entries there are, and nothing of anybody.
"""

from django.conf import settings
from django.utils.translation import gettext as _

from accesslog.publish import rounds
from cctv.core import clock
from cctv.people.models import Account, OutgoingMail, Role, RoleGrant
from cctv.people.outbox import queue_mail

KIND = "log.checkpoint"
READERS = (Role.PRIVACY_OFFICER, Role.AUDITOR)


def send_checkpoint() -> int:
    """Put today's mail to each reader into the outbox, once; how many were new."""
    day = f"{clock.now():%Y-%m-%d}"
    grants = RoleGrant.objects.in_force().filter(role__in=READERS, account__is_active=True)
    readers = Account.objects.filter(pk__in=grants.values("account")).order_by("pk")
    waiting = [each for each in readers if not OutgoingMail.objects.filter(about=_about(day, each)).exists()]
    note = rounds.publish(noted=True) if waiting and settings.ACCESSLOG_FOLDER else None
    if note is None:
        return 0
    for account in waiting:
        queue_mail(
            kind=KIND,
            about=_about(day, account),
            to=account,
            subject=lambda: _("Checkpoint of the access log, %(day)s") % {"day": day},
            text=lambda: _text(note),
        )
    return len(waiting)


def _about(day: str, account: Account) -> str:
    return f"checkpoint/{day}/{account.pk}"


def _text(note: str) -> str:
    keep = _("Keep this mail: with it anybody can show later whether the access log was rewritten.")
    how = _("Save it as a file and run “manage.py log verify --against FILE”.")
    return f"{note}\n{keep}\n{how}\n"
