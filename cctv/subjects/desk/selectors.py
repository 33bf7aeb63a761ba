"""What the desk's pages say: the list by what is due, counts, and who may do what about one request."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.functions import Least

from cctv.core import clock
from cctv.core.clock import HOUR
from cctv.footage.models import Segment
from cctv.people.models import Account
from cctv.people.policy import Permissions, permissions_of, who_may
from cctv.sites.models import Site
from cctv.subjects.deciding import telling
from cctv.subjects.deciding.models import Decision, DecisionState
from cctv.subjects.desk import dues, steps
from cctv.subjects.desk.dues import Due
from cctv.subjects.identity.models import CheckState
from cctv.subjects.requests.models import STANDING, Message, RequestState, SubjectRequest

WORK, SEE, HANDLE, DECIDE = "request.work", "request.see", "request.handle", "request.decide"
SiteIds = frozenset[UUID] | None
PAGE = 40
OBJECTED = Q(objected_at__isnull=False, state__in=(RequestState.DECIDED, RequestState.CLOSED)) & (
    Q(decided_at=None) | Q(objected_at__gt=F("decided_at"))
)
# The requester has written, and nobody of the desk has read it.
UNREAD = Exists(Message.objects.filter(request=OuterRef("pk"), by=None, template="", read_at=None))
# What the list is narrowed to; "" is what is still to be done.
STATES: dict[str, Q] = {
    "": Q(state__in=STANDING)
    | OBJECTED
    | (Q(UNREAD) & ~Q(state=RequestState.ENDED))
    | Q(checks__state=CheckState.SHOWN),
    "screening": Q(state=RequestState.SCREENING),
    "identity": Q(state=RequestState.IDENTITY),
    "open": Q(state=RequestState.OPEN),
    "proposed": Q(decisions__state=DecisionState.PROPOSED),
    "objected": OBJECTED,
    "decided": Q(state=RequestState.DECIDED),
    "over": Q(state__in=(RequestState.WITHDRAWN, RequestState.CLOSED, RequestState.ENDED)),
}
MINE, NOBODY = "mine", "nobody"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list shows: a site's code, one of `STATES`, and whose ("", "mine", "nobody")."""

    site: str = ""
    state: str = ""
    whose: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list."""

    request: SubjectRequest
    dues: list[Due]
    step: steps.Step


def requests(*, sites: SiteIds) -> "QuerySet[SubjectRequest]":
    """Those of the sites (None: all)."""
    found = SubjectRequest.objects.select_related("site__organisation", "hold", "assigned_to", "taken_in_by")
    return found if sites is None else found.filter(site_id__in=sites)


def listed(*, sites: SiteIds, reader: Account, wanted: Wanted) -> "QuerySet[SubjectRequest]":
    """What is wanted: the urgent first, then by whatever is due first."""
    found = requests(sites=sites).filter(STATES.get(wanted.state, STATES[""])).distinct()
    if wanted.site:
        found = found.filter(site__code=wanted.site)
    if wanted.whose == MINE:
        found = found.filter(assigned_to=reader)
    elif wanted.whose == NOBODY:
        found = found.filter(assigned_to=None)
    first = Case(
        When(replied_at=None, reply_by__isnull=False, due_at__isnull=False, then=Least("reply_by", "due_at")),
        When(due_at=None, then=F("received_at")),
        default=F("due_at"),
        output_field=DateTimeField(),
    )
    if wanted.state in ("decided", "over"):
        return found.order_by("-received_at")
    return found.order_by("-is_urgent", first, "received_at")


def lines(found: "QuerySet[SubjectRequest]", permissions: Permissions, first: int) -> list[Line]:
    """A page of it, and one more if there is one."""
    found = found.annotate(has_unread=UNREAD).prefetch_related("decisions", "checks", "cameras", "acts")
    rows = found[first : first + PAGE + 1]
    return [Line(each, dues.dues_of(each), steps.step_of(each, permissions)) for each in rows]


def count_waiting(user: Any) -> int:
    """How many requests want something of this person: to be worked on, or approved."""
    permissions = permissions_of(user)
    waiting = len(to_approve(user, permissions))
    if permissions.may(HANDLE):
        found = requests(sites=permissions.sites(HANDLE)).filter(STATES[""])
        handlers = {pk for pk, _site in who_may(HANDLE)}
        mine = found.filter(Q(assigned_to=user) | Q(assigned_to=None) | ~Q(assigned_to__in=handlers))
        waiting += mine.exclude(decisions__state=DecisionState.PROPOSED).distinct().count()
    return waiting


def to_approve(user: Account, permissions: Permissions) -> list[Decision]:
    """Proposals that this person may approve, the first due first."""
    if not permissions.may(DECIDE):
        return []
    sites = permissions.sites(DECIDE)
    decidable = requests(sites=sites).filter(
        Q(state__in=(RequestState.IDENTITY, RequestState.OPEN)) | OBJECTED
    )
    had_part = telling.decided(request=OuterRef("request")).filter(Q(proposed_by=user) | Q(approved_by=user))
    found = Decision.objects.filter(state=DecisionState.PROPOSED, request__in=decidable)
    found = found.exclude(proposed_by=user).exclude(Exists(had_part))
    return list(found.select_related("request__site", "proposed_by").order_by("request__due_at"))


def count_screening(*, sites: SiteIds) -> int:
    """How many wait to be looked at."""
    return requests(sites=sites).filter(state=RequestState.SCREENING).count()


def workers(site: Site) -> list[Account]:
    """Who may be given a request of the site."""
    ids = {pk for pk, site_id in who_may(WORK) if site_id in (None, site.pk)}
    return list(Account.objects.filter(pk__in=ids, is_active=True).order_by("name"))


def places(permissions: Permissions, action: str) -> list[Site]:
    """The sites at which the reader may do it; a retired one as long as footage of it is left."""
    allowed = permissions.sites(action)
    left = Segment.objects.filter(camera__site=OuterRef("pk"), expires_at__gt=clock.now())
    sites = Site.objects.filter(Q(retired_at=None) | Exists(left)).order_by("name")
    return list(sites if allowed is None else sites.filter(pk__in=allowed))


def screening(*, sites: SiteIds) -> "list[tuple[SubjectRequest, int, float]]":
    """What waits to be looked at, the oldest first: with how many of the same contact, and camera-hours."""
    found = requests(sites=sites).filter(state=RequestState.SCREENING).order_by("received_at")[:200]
    rows = list(found.prefetch_related("cameras"))
    tags = {each.contact_tag for each in rows} - {""}
    same = Counter(SubjectRequest.objects.filter(contact_tag__in=tags).values_list("contact_tag", flat=True))
    return [
        (
            each,
            max(0, same[each.contact_tag] - 1),
            len(each.cameras.all()) * ((each.ends_at - each.starts_at) / HOUR),
        )
        for each in rows
    ]
