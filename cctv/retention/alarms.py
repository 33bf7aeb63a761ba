"""Mail to the privacy officers when destruction stops or an object will not go; each said once.

The page and the log say the same. A mail names no camera and no recording: only what to look at.
"""

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.people.models import Account, Role, RoleGrant
from cctv.people.outbox import link, queue_mail
from cctv.retention import selectors
from cctv.retention.models import PurgeFailure, PurgeRun
from cctv.retention.promises import SiteIds


def paused(run: PurgeRun) -> None:
    """A guard has stopped the run: one mail for each officer of its sites."""
    for officer in _officers(run.items.values_list("site_id", flat=True)):
        queue_mail(
            kind="purge.paused",
            about=f"purge/{run.pk}/paused/{officer.pk}",
            to=officer,
            subject=lambda: _("Destruction has stopped and waits"),
            text=partial(_paused_text, run, _sites(officer)),
        )


def _paused_text(run: PurgeRun, sites: SiteIds) -> str:
    reason = selectors.pause_sentence(run, sites=sites)
    said = _("Nothing is destroyed at the moment. %(reason)s") % {"reason": reason}
    return f"{said}\n\n{link('retention')}\n"


def failed(run: PurgeRun) -> None:
    """At the end of the run: objects that would not go for the first time, in one mail for each officer of
    their sites.
    """
    new = list(PurgeFailure.objects.filter(run=run, first_failed_at__gte=run.cutoff_at))
    for officer in _officers({failure.site_id for failure in new}) if new else ():
        queue_mail(
            kind="purge.item_failed",
            about=f"purge/{run.pk}/failed/{officer.pk}",
            to=officer,
            subject=lambda: _("Footage could not be deleted"),
            text=lambda: (
                ngettext(
                    "%(n)d object could not be deleted. It cannot be viewed any more and is tried again.",
                    "%(n)d objects could not be deleted. They cannot be viewed any more and are tried again.",
                    len(new),
                ) % {"n": len(new)}
                + "\n\n" + link("retention") + "\n"
            ),
        )  # fmt: skip


def _officers(sites: Iterable[UUID]) -> list[Account]:
    """Privacy officers of the sites, or of any where none is named; also where the clock runs behind."""
    wanted = list(sites)
    grants = _grants().filter(account__is_active=True)
    if wanted:
        grants = grants.filter(Q(site=None) | Q(site_id__in=wanted))
    return list(Account.objects.filter(pk__in=grants.values("account")).order_by("pk"))


def _sites(officer: Account) -> SiteIds:
    """The sites that the officer may know of; None for all."""
    granted = _grants().filter(account=officer)
    if granted.filter(site=None).exists():
        return None
    return frozenset(granted.values_list("site_id", flat=True))


def _grants() -> "QuerySet[RoleGrant]":
    """Not those in force: where the clock runs behind, none has begun."""
    return RoleGrant.objects.not_over().filter(role=Role.PRIVACY_OFFICER)
