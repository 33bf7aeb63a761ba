"""Mail about holds, each in the reader's language and said once."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.people.models import Account
from cctv.people.outbox import Words, link, queue_mail
from cctv.retention.holds.deciders import asked, deciders
from cctv.retention.holds.models import Hold


def to_confirm(hold: Hold) -> None:
    """To those who may confirm: it waits for you."""
    for to in asked(hold):
        queue_mail(
            kind="hold.confirm",
            about=f"hold/{hold.pk}/confirm/{to.pk}",
            to=to,
            subject=lambda: _("Hold %(number)s waits for your decision") % {"number": hold.number},
            text=lambda: _asking(hold),
        )


def escalated(hold: Hold, deputy: Account) -> None:
    """To the deputy: nobody has decided yet."""
    queue_mail(
        kind="hold.escalated",
        about=f"hold/{hold.pk}/escalated/{deputy.pk}",
        to=deputy,
        subject=lambda: _("Hold %(number)s still waits: please decide as the deputy") % _words(hold),
        text=lambda: _asking(hold),
    )


def lapsed(hold: Hold) -> None:
    """To whoever placed it and to those who could have confirmed it."""
    _everybody(
        hold,
        "lapsed",
        lambda: _("Hold %(number)s has lapsed: nobody confirmed it") % _words(hold),
        lambda: (
            _("Nobody confirmed hold %(number)s (case %(case)s) by %(confirm_by)s. It holds nothing any more:"
              " what is past its retention is being destroyed.") % _words(hold)
        ) + _foot(hold),
    )  # fmt: skip


def expiring(hold: Hold, days: int) -> None:
    """To whoever placed it and to those who may prolong it: it ends soon."""
    _everybody(
        hold,
        f"expiring/{hold.until:%Y%m%dT%H%M}/{days}",
        lambda: ngettext(
            "Hold %(number)s ends in %(days)d day", "Hold %(number)s ends in %(days)d days", days
        ) % (_words(hold) | {"days": days}),
        lambda: (
            _("Hold %(number)s (case %(case)s) ends on %(until)s. What it holds past its retention is"
              " destroyed then. If it is still needed, an approver has to prolong it before.") % _words(hold)
        ) + _foot(hold),
    )  # fmt: skip


def _everybody(hold: Hold, about: str, subject: Words, text: Words) -> None:
    for to in _unique([each for each in (hold.placed_by, *deciders(hold)) if each]):
        queue_mail(
            kind=f"hold.{about.split('/')[0]}", about=f"hold/{hold.pk}/{about}/{to.pk}", to=to,
            subject=subject, text=text,
        )  # fmt: skip


def _unique(accounts: Iterable[Account]) -> list[Account]:
    return [each for each in {each.pk: each for each in accounts}.values() if each.is_active]


def _asking(hold: Hold) -> str:
    words = _words(hold)
    asks = _(
        "%(placed_by)s placed hold %(number)s (case %(case)s) at %(site)s on %(cameras)s, footage from"
        " %(start)s to %(end)s. It holds already, until you or somebody else decides."
    )
    due = _("If nobody confirms it, it lapses at %(confirm_by)s and what is past its retention is destroyed.")
    return f"{asks % words}\n\n{due % words}{_foot(hold)}"


def _foot(hold: Hold) -> str:
    return "\n\n" + link("hold", hold.number) + "\n"


def _words(hold: Hold) -> dict[str, str]:
    zone = ZoneInfo(hold.site.time_zone)

    def told(moment: datetime | None) -> str:
        if moment is None:
            return ""
        local = moment.astimezone(zone)
        return f"{date_format(local, 'DATE_FORMAT')} {local:%H:%M %Z}"

    return {
        "number": hold.number,
        "case": hold.case,
        "site": hold.site.name,
        "cameras": ", ".join(camera.name for camera in hold.cameras.order_by("name")),
        "placed_by": hold.placer,
        "start": told(hold.starts_at),
        "end": told(hold.ends_at),
        "until": told(hold.until),
        "confirm_by": told(hold.confirm_by),
    }
