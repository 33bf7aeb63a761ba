"""Who reviews the log of which site: accesslog's injections ACCESSLOG_SITES and ACCESSLOG_REVIEWERS."""

from typing import Any

from django.utils.translation import gettext as _

from accesslog.review.roles import Reviewer, ReviewSite
from cctv.core import clock
from cctv.people.policy import permissions_of, who_may
from cctv.sites.models import Organisation, Site

REVIEW, REVIEW_OTHERS = "log.review", "log.review_others"
NOWHERE = ""


def sites() -> list[ReviewSite]:
    """Every site, retired ones too (their past is reviewed all the same), and what belongs to none."""
    officers, auditors = who_may(REVIEW), who_may(REVIEW_OTHERS)
    everywhere = frozenset(str(account) for account, site in officers if site is None)
    all_auditors = frozenset(str(account) for account, site in auditors if site is None)
    found = [
        ReviewSite(
            id=str(site.pk), name=site.name, zone=site.time_zone, since=site.created_at,
            officers=everywhere | {str(account) for account, where in officers if where == site.pk},
            auditors=all_auditors | {str(account) for account, where in auditors if where == site.pk},
        )
        for site in Site.objects.all()
    ]  # fmt: skip
    since = Organisation.objects.order_by("created_at").values_list("created_at", flat=True).first()
    zones = {site.zone for site in found}
    nowhere = ReviewSite(
        id=NOWHERE, name=_("What belongs to no site"), since=since or clock.now(), officers=everywhere,
        auditors=all_auditors, zone=zones.pop() if len(zones) == 1 else "UTC",
    )  # fmt: skip
    return [*found, nowhere]


def reviewer(user: Any) -> Reviewer | None:
    """What the person reviews; None hides the reviews. What belongs to no site is for those of all sites."""
    permissions = permissions_of(user)
    kinds: dict[str, frozenset[str]] = {}
    for action in (REVIEW, REVIEW_OTHERS):
        allowed = permissions.sites(action)
        every = (str(pk) for pk in Site.objects.values_list("pk", flat=True))
        kinds[action] = frozenset({*every, NOWHERE} if allowed is None else map(str, allowed))
    if not any(kinds.values()):
        return None
    return Reviewer(id=str(user.pk), officer=kinds[REVIEW], auditor=kinds[REVIEW_OTHERS])
