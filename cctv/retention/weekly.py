"""The weekly mail of coming deletions, one to each privacy officer, in their language.

It says of each site what ends within seven days, camera by camera, what holds keep back, and whether
anything is overdue. It names cameras, numbers and times, and nobody.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.people.models import Account, OutgoingMail, Role, RoleGrant
from cctv.people.outbox import link, queue_mail
from cctv.retention import headline, plan, selectors
from cctv.retention.holds.models import PROTECTING, HeldObject
from cctv.sites.models import Site
from cctv.sites.selectors import common_zone
from cctv.templatetags._times import absolute, localise

WEEK = timedelta(days=7)
CAMERAS = 60
KIND = "retention.weekly"


def send_weekly() -> int:
    """Put this ISO week's mail to each privacy officer into the outbox, once; how many were new."""
    now = clock.now()
    grants = RoleGrant.objects.in_force().filter(role=Role.PRIVACY_OFFICER, account__is_active=True)
    officers = Account.objects.filter(pk__in=grants.values("account")).order_by("pk")
    return sum(_send(account, _sites(account), now) for account in officers)


def _sites(account: Account) -> list[Site]:
    """The sites that the account is a privacy officer of; those that are closed still have footage."""
    ids = list(
        RoleGrant.objects.in_force()
        .filter(account=account, role=Role.PRIVACY_OFFICER)
        .values_list("site_id", flat=True)
    )
    found = Site.objects.all() if None in ids else Site.objects.filter(pk__in=ids)
    return list(found.order_by("name"))


def _send(account: Account, sites: list[Site], now: datetime) -> int:
    if not sites:
        return 0
    week = now.astimezone(common_zone(frozenset(site.pk for site in sites))).isocalendar()
    name = f"{week.year}-W{week.week:02d}"
    about = f"weekly/{name}/{account.pk}"
    if OutgoingMail.objects.filter(about=about).exists():
        return 0
    queue_mail(
        kind=KIND,
        about=about,
        to=account,
        subject=lambda: _("Footage that ends within a week, %(week)s") % {"week": name},
        text=lambda: _text(sites, now),
    )
    return 1


def _text(sites: Iterable[Site], now: datetime) -> str:
    parts = ["\n".join(_site(site, now)) for site in sites]
    return "\n\n".join([*parts, link("retention")]) + "\n"


def _site(site: Site, now: datetime) -> list[str]:
    zone = ZoneInfo(site.time_zone)
    until = _moment(now + WEEK, zone)
    coming = Segment.objects.filter(camera__site=site, expires_at__gt=now, expires_at__lte=now + WEEK)
    rows = list(
        coming.exclude(plan.protected("segment"))
        .order_by()
        .values("camera__name", "camera__code")
        .annotate(n=Count("pk"), first=Min("starts_at"), last=Max("ends_at"))
        .order_by("camera__name", "camera__code")
    )
    lines = [site.name, ""]
    if not rows:
        lines.append(_("Until %(until)s nothing ends here.") % {"until": until})
    else:
        total = sum(row["n"] for row in rows)
        text = ngettext(
            "Until %(until)s %(n)d recording ends and is destroyed:",
            "Until %(until)s %(n)d recordings end and are destroyed:",
            total,
        )
        lines.append(text % {"until": until, "n": total})
    lines += [_camera(row, zone) for row in rows[:CAMERAS]]
    if more := len(rows) - CAMERAS if len(rows) > CAMERAS else 0:
        lines.append(ngettext("and %(n)d more camera", "and %(n)d more cameras", more) % {"n": more})
    return lines + list(_apart(site, now, zone))


def _camera(row: Mapping[str, Any], zone: ZoneInfo) -> str:
    text = ngettext(
        "- %(camera)s (%(code)s): %(n)d recording, from %(first)s to %(last)s",
        "- %(camera)s (%(code)s): %(n)d recordings, from %(first)s to %(last)s",
        row["n"],
    )
    return text % {
        "camera": row["camera__name"], "code": row["camera__code"], "n": row["n"],
        "first": _moment(row["first"], zone), "last": _moment(row["last"], zone),
    }  # fmt: skip


def _apart(site: Site, now: datetime, zone: ZoneInfo) -> Iterable[str]:
    """What is held back, and what is overdue."""
    held = HeldObject.objects.filter(
        hold__state__in=PROTECTING, hold__site=site, segment__expires_at__lte=now + WEEK
    )
    if n := held.aggregate(n=Count("segment", distinct=True))["n"]:
        text = ngettext(
            "%(n)d recording would end too, but a hold keeps it.",
            "%(n)d recordings would end too, but holds keep them.",
            n,
        )
        yield text % {"n": n}
    overview = selectors.overview(sites=frozenset({site.pk}))
    if overview.overdue_objects and overview.overdue_since is not None:
        text = ngettext(
            "OVERDUE: %(n)d recording should have been gone since %(since)s.",
            "OVERDUE: %(n)d recordings should have been gone since %(since)s.",
            overview.overdue_objects,
        )
        yield text % {"n": overview.overdue_objects, "since": _moment(overview.overdue_since, zone)}
    elif overview.overdue and overview.overdue_since is not None:
        text = ngettext(
            "OVERDUE: %(n)d key should have been destroyed since %(since)s.",
            "OVERDUE: %(n)d keys should have been destroyed since %(since)s.",
            overview.overdue_keys,
        )
        yield text % {"n": overview.overdue_keys, "since": _moment(overview.overdue_since, zone)}
    else:
        yield _("Nothing is overdue.")
    cause = next(iter(headline.causes(overview, zone)), None)
    if cause is not None and cause.tone != "info":
        yield f"{cause.what} {cause.todo}"


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return absolute(localise(moment, zone), "datetime")
