"""What letters, receipts, messages and mails to a requester say of the same things in the same words."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from cctv.retention.holds.models import Hold
from cctv.subjects import clocks
from cctv.subjects.clocks import stored
from cctv.subjects.profiles import profile_of, regulators_of
from cctv.subjects.requests import freezing
from cctv.subjects.requests.models import RequestKind, SubjectRequest
from cctv.templatetags import _times

Words = str | Promise
# What is asked for, as one says it to the person who asks.
ASKED: Mapping[str, Words] = {
    RequestKind.COPY: gettext_lazy("to see footage of you, or to have a copy"),
    RequestKind.EXISTENCE: gettext_lazy("to know whether there is footage of you"),
    RequestKind.ERASURE: gettext_lazy("that footage of you is erased"),
    RequestKind.RESTRICTION: gettext_lazy("that footage of you is no longer used"),
    RequestKind.CORRECTION: gettext_lazy("that what is recorded about you is corrected"),
    RequestKind.COMPLAINT: gettext_lazy("a complaint"),
    RequestKind.WATCHED: gettext_lazy("to know who has watched footage of you"),
}


def zone_of(request: SubjectRequest) -> ZoneInfo:
    """The clocks that the requester is told by: the site's."""
    return ZoneInfo(request.site.time_zone)


def day(request: SubjectRequest, moment: datetime) -> str:
    """The day of that moment."""
    return _times.day(moment.astimezone(zone_of(request)).date())


def minute(request: SubjectRequest, moment: datetime) -> str:
    """Day and time."""
    local = moment.astimezone(zone_of(request))
    return f"{_times.day(local.date())} {_times.absolute(local, 'minute')}"


def last_day(request: SubjectRequest, moment: datetime) -> str:
    """The last day before an end, such as `due_at`."""
    return _times.day(clocks.last_day(moment, zone_of(request)))


def span(request: SubjectRequest) -> str:
    """The time that was named, with its margin, on the site's clocks."""
    zone = zone_of(request)
    start, end = (_times.localise(each, zone) for each in (request.starts_at, request.ends_at))
    return " ".join(_times.span(start, end))


def places(request: SubjectRequest) -> str:
    """The site with its number of cameras, and how many of them are in which of its parts."""
    cameras = list(request.cameras.select_related("zone"))
    zones = Counter(camera.zone.name for camera in cameras)
    number = ngettext("%(n)d camera", "%(n)d cameras", len(cameras)) % {"n": len(cameras)}
    parts = ", ".join(f"{name} ({count})" for name, count in sorted(zones.items()))
    return f"{request.site.name}, {number}" + (f"\n{parts}" if parts else "")


def facts(request: SubjectRequest) -> list[tuple[str, str]]:
    """What was asked for, where and when."""
    told = [(_("You asked"), str(ASKED[request.kind]))]
    if request.cameras.exists():
        told.append((_("Where"), places(request)))
    return [*told, (_("When"), span(request))]


def objection_until(request: SubjectRequest, decided_at: datetime) -> datetime:
    """Until when the requester may object to what is decided then."""
    zone, country = stored.place_of(request)
    days = profile_of(request.jurisdiction).objection_days
    return clocks.objection_until(decided_at, days, zone=zone, country=country)


def frozen_at(request: SubjectRequest) -> datetime | None:
    """Since when its footage is kept; None where none is, or not any more."""
    hold = kept_by(request)
    return hold.placed_at if hold else None


def kept_by(request: SubjectRequest) -> Hold | None:
    """The first hold that keeps its footage now; `request.hold` stays named when it has ended."""
    return min(freezing.holds_of(request), key=lambda each: each.placed_at, default=None)


def kept_until(request: SubjectRequest) -> tuple[str, str]:
    """How long footage is kept, and what that comes to if the answer takes all of its time."""
    days = profile_of(request.jurisdiction).objection_days
    rule = _("Until our answer, and %(days)d days from then.") % {"days": days}
    if request.objection_until:
        return _("Until %(day)s.") % {"day": last_day(request, request.objection_until)}, ""
    if request.due_at is None:
        return rule, ""
    latest = objection_until(request, request.due_at - timedelta(microseconds=1))
    example = _("If we answer on the last day, %(due)s, until %(day)s.") % {
        "due": last_day(request, request.due_at), "day": last_day(request, latest)
    }  # fmt: skip
    return rule, example


def answer_by(request: SubjectRequest) -> list[str]:
    """By when there is an answer, and whether that time stands still; nothing while nobody knows."""
    if request.due_at is None:
        return []
    lines = [_("You have our answer by %(day)s.") % {"day": last_day(request, request.due_at)}]
    if request.paused_at is not None:
        lines.append(
            _("The time stands still until you have done what we asked of you: each day that it takes is"
              " added.")
        )  # fmt: skip
    return lines


def others_to_turn_to(request: SubjectRequest) -> str:
    """The sentence that names whom else a requester may turn to."""
    found = [
        _("%(name)s (%(reach)s)") % {"name": each.name, "reach": each.reach}
        for each in regulators_of(request.jurisdiction)
    ]
    between = pgettext("between the items of a list", "; ")
    return _("You can also turn to: %(list)s.") % {"list": between.join(found)}


def status_url() -> str:
    """Where the requester follows the request; "" where nobody told Lethe its address."""
    base = settings.LETHE_URL.rstrip("/")
    if not base:
        return ""
    try:
        return f"{base}{reverse('portal-status')}"
    except NoReverseMatch:  # a process without the portal
        return f"{base}/portal/status/"


def sender(request: SubjectRequest) -> list[str]:
    """Organisation, site, contact: a line each."""
    organisation = request.site.organisation
    return [each for each in (organisation.name, request.site.name, organisation.contact) if each]
