"""Against abuse: how much one request may name, and how much footage is held for people not yet known.

Nobody is turned away: what goes beyond waits to be looked at (`screening`), which the requester is told. The
footage of whoever shows who they are is held at once, whatever the budget says.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.clock import HOUR
from cctv.retention.holds.models import PROTECTING
from cctv.sites.models import Camera, Site
from cctv.subjects.profiles import profile_of
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.errors import RequestRefused
from cctv.subjects.requests.models import About, Channel, Claimant, RequestKind, RequestState, SubjectRequest
from cctv.vault import records

# What is asked for is of no use without footage. An erasure is not helped by keeping it, and who has watched
# is in the log.
FROZEN_KINDS = frozenset(
    {RequestKind.COPY, RequestKind.EXISTENCE, RequestKind.RESTRICTION, RequestKind.CORRECTION,
     RequestKind.COMPLAINT}
)  # fmt: skip
MOST_MARGIN = timedelta(hours=3)
# Of one request, and of all together that are held at a site for people whom nobody has identified, however
# they ended: camera-hours, the same minutes once.
REQUEST_HOURS = 300
BUDGET_HOURS = 1_000
# Whoever adds little is held beyond that, out of as much again: a flood of large requests does not cost a
# single visitor the hour at the gate. What is held anyway adds nothing.
LITTLE_HOURS = 6
LITTLE_BUDGET_HOURS = 2_000
# A hold of its own each, which costs rows.
MOST_UNVERIFIED = 3_000
# Unverified ones of one contact, within two months at most (the key of the tags ends).
PER_CONTACT = 3
TAGS = "tags/contact/"
# All that is said of a person in one request, in bytes.
MOST_WORDS = 24_000


def check_draft(
    *, site: Site, cameras: Sequence[Camera], starts_at: datetime, ends_at: datetime, margin: timedelta,
    by_desk: bool,
) -> None:  # fmt: skip
    """RequestRefused for what nobody could find footage by. The desk may name longer spans."""
    if not cameras or any(camera.site_id != site.pk for camera in cameras):
        raise RequestRefused("cameras", _("No camera is named."), _("Choose at least one place."))
    if not starts_at < ends_at:
        raise RequestRefused("times", _("The end is not after the beginning."), _("Correct the times."))
    if not timedelta() <= margin <= MOST_MARGIN:
        raise RequestRefused("times", _("The margin is too wide."), _("Three hours are the most."))
    if starts_at >= clock.now():
        raise RequestRefused(
            "times", _("This time is still to come."), _("Name a time at which you were filmed.")
        )
    if not by_desk and ends_at - starts_at > longest(site):
        raise RequestRefused(
            "times", _("The span is too long."), _("Make one request for each day, or ask us by telephone."),
        )  # fmt: skip


def check_words(*, kind: str, about: str, claimant: str, channel: str, details: Details) -> None:
    """RequestRefused for words that no form of ours sends."""
    for word, known in ((kind, RequestKind), (about, About), (claimant, Claimant), (channel, Channel)):
        if word not in known.values:
            raise RequestRefused("kind", _("This cannot be asked for here."), _("Choose from the list."))
    if len(str(astuple(details)).encode()) > MOST_WORDS:
        raise RequestRefused("details", _("This is more text than fits."), _("Say it more shortly."))


def longest(site: Site) -> timedelta:
    """The longest span that is asked for at once."""
    return timedelta(hours=profile_of(site.jurisdiction).longest_hours)


def contact_of(details: Details) -> str:
    """What requests of one person have in common: the address, else the telephone number; "" without."""
    if email := "".join(unicodedata.normalize("NFKC", details.email).split()).casefold():
        return f"email:{email}"
    digits = "".join(each for each in unicodedata.normalize("NFKC", details.phone) if each.isdigit())
    return f"phone:{digits[-9:]}" if digits else ""


def tag_of(contact: str, at: datetime) -> str:
    """The contact as a row may have it: an HMAC under a key of its month; "" for none."""
    if not contact:
        return ""
    return records.tag(f"{TAGS}{at:%Y-%m}", contact.encode()) or ""


def end_old_tags(now: datetime) -> int:
    """Destroy the keys of tags of the months before last, and the tags; how many keys."""
    kept = {f"{TAGS}{month}" for month in _months(now)}
    old = {label: key for label, key in records.labelled(TAGS).items() if label not in kept}
    if not old:
        return 0
    records.destroy_keys(old.values())
    SubjectRequest.objects.filter(received_at__lt=_month_before(now)).exclude(contact_tag="").update(
        contact_tag=""
    )
    return len(old)


def is_too_much(row: SubjectRequest, cameras: Sequence[Camera], contact: str) -> bool:
    """Whether it has to be looked at before footage is held for it; ask under the lock (`gate`)."""
    if len(cameras) * ((row.ends_at - row.starts_at) / HOUR) > REQUEST_HOURS:
        return True
    waiting = unverified(row.site_id)
    if (number := waiting.count()) >= MOST_UNVERIFIED:
        return True
    stretches = [
        Stretch(camera, start, end)
        for camera, start, end in waiting.order_by().values_list("cameras", "starts_at", "ends_at").distinct()
    ]
    before = camera_hours(stretches)
    own = [Stretch(camera.pk, row.starts_at, row.ends_at) for camera in cameras]
    hours = camera_hours([*stretches, *own])
    most = BUDGET_HOURS if hours - before > LITTLE_HOURS else LITTLE_BUDGET_HOURS
    # Anybody can write somebody else's address: while there is room, nobody is kept out by that.
    if hours > BUDGET_HOURS / 2 or number >= MOST_UNVERIFIED // 2:
        return hours > most or has_many(contact, row.received_at)
    return False


def unverified(site_id: UUID) -> "QuerySet[SubjectRequest]":
    """Requests that hold footage there although nobody knows who asks: also withdrawn and closed ones, as
    long as they hold it."""
    holds = Q(state=RequestState.IDENTITY) | Q(hold__state__in=PROTECTING)
    return SubjectRequest.objects.filter(
        holds, site_id=site_id, verified_at=None, taken_in_by=None, kind__in=FROZEN_KINDS
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Footage of one camera, half-open."""

    camera: UUID
    starts_at: datetime
    ends_at: datetime


def camera_hours(stretches: Iterable[Stretch]) -> float:
    """How much footage that is; what is named twice counts once."""
    total, camera, until = timedelta(), None, None
    for each in sorted(stretches, key=lambda one: (one.camera, one.starts_at)):
        if each.camera != camera or until is None:
            camera, until = each.camera, each.starts_at
        if each.ends_at > until:
            total += each.ends_at - max(each.starts_at, until)
            until = each.ends_at
    return total / HOUR


def has_many(contact: str, now: datetime) -> bool:
    """Whether there are as many of this contact as one person has, and nobody knows who asks: also of those
    that were withdrawn or closed."""
    if not contact:
        return False
    tags = [
        tag
        for month in _months(now)
        if (tag := records.tag(f"{TAGS}{month}", contact.encode(), make=False)) is not None
    ]
    return SubjectRequest.objects.filter(contact_tag__in=tags, verified_at=None).count() >= PER_CONTACT


def _months(now: datetime) -> tuple[str, str]:
    return f"{now:%Y-%m}", f"{_month_before(now):%Y-%m}"


def _month_before(now: datetime) -> datetime:
    """The first moment of last month."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first - timedelta(days=1)).replace(day=1)
