"""Who is told that requests wait to be looked at: they are not frozen until somebody does."""

from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.people.models import Account
from cctv.people.outbox import queue_mail
from cctv.people.policy import who_may
from cctv.sites.models import Site

HANDLE = "request.handle"


def to_screen(site: Site) -> None:
    """A mail to everybody who handles requests there, once a day however many come."""
    day = f"{clock.now():%Y%m%d}"
    ids = {pk for pk, site_id in who_may(HANDLE) if site_id in (None, site.pk)}
    words = {"site": site.name}
    for to in Account.objects.filter(pk__in=ids, is_active=True):
        queue_mail(
            kind="request.screening",
            about=f"screening/{site.pk}/{day}/{to.pk}",
            to=to,
            subject=lambda: _("Requests at %(site)s wait to be looked at, and hold nothing") % words,
            text=lambda: _(
                "More was asked for at %(site)s than is held for people whom nobody has identified yet. What"
                " goes beyond is not frozen, and its footage may run out. Please look at these requests now:"
                " accept them, and their footage is held."
            ) % words,
        )  # fmt: skip
