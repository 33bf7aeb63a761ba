"""What the desk's pages say: the list by what is due, counts, and who may do what about one request."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, DateTimeField, F, Q, QuerySet, When
from django.db.models.functions import Least

from cctv.people.models import Account
from cctv.people.policy import Permissions, permissions_of, who_may
from cctv.sites.models import Site
from cctv.subjects.deciding import telling
from cctv.subjects.deciding.models import Decision, DecisionState
from cctv.subjects.desk import dues, steps
from cctv.subjects.desk.dues import Due
from cctv.subjects.requests.models import STANDING, RequestState, SubjectRequest

WORK, SEE, HANDLE, DECIDE = "request.work", "request.see", "request.handle", "request.decide"
SiteIds = frozenset[UUID] | None
PAGE = 40
OBJECTED = Q(objected_at__isnull=False, state__in=(RequestState.DECIDED, RequestState.CLOSED)) & (
    Q(decided_at=None) | Q(objected_at__gt=F("decided_at"))
)
# What the list is narrowed to; "" is what is still to be done.
STATES: dict[str, Q] = {
    "": Q(state__in=STANDING) | OBJECTED,
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
    rows = found.prefetch_related("decisions", "checks", "cameras", "acts")[first : first + PAGE + 1]
    return [Line(each, dues.dues_of(each), steps.step_of(each, permissions)) for each in rows]


def count_waiting(user: Any) -> int:
    """How many requests want something of this person: to be worked on, or approved."""
    permissions = permissions_of(user)
    waiting = len(to_approve(user, permissions))
    if permissions.may(HANDLE):
        found = requests(sites=permissions.sites(HANDLE)).filter(STATES[""])
        mine = found.filter(Q(assigned_to=user) | Q(assigned_to=None))
        waiting += mine.exclude(decisions__state=DecisionState.PROPOSED).distinct().count()
    return waiting


def to_approve(user: Account, permissions: Permissions) -> list[Decision]:
    """Proposals that this person may approve, the first due first."""
    if not permissions.may(DECIDE):
        return []
    sites = permissions.sites(DECIDE)
    found = Decision.objects.filter(state=DecisionState.PROPOSED).select_related("request__site")
    if sites is not None:
        found = found.filter(request__site_id__in=sites)
    found = found.exclude(proposed_by=user).order_by("request__due_at")
    return [each for each in found if user.pk not in telling.barred(each)]


def workers(site: Site) -> list[Account]:
    """Who may be given a request of the site."""
    ids = {pk for pk, site_id in who_may(WORK) if site_id in (None, site.pk)}
    return list(Account.objects.filter(pk__in=ids, is_active=True).order_by("name"))


def places(permissions: Permissions, action: str) -> list[Site]:
    """The sites at which the reader may do it."""
    allowed = permissions.sites(action)
    sites = Site.objects.filter(retired_at=None).order_by("name")
    return list(sites if allowed is None else sites.filter(pk__in=allowed))


def screening(*, sites: SiteIds) -> "list[tuple[SubjectRequest, int, float]]":
    """What waits to be looked at, the oldest first: with how many of the same contact, and camera-hours."""
    found = requests(sites=sites).filter(state=RequestState.SCREENING).order_by("received_at")[:200]
    rows = []
    for each in found.prefetch_related("cameras"):
        same = 0
        if each.contact_tag:
            same = SubjectRequest.objects.filter(contact_tag=each.contact_tag).exclude(pk=each.pk).count()
        hours = each.cameras.count() * (each.ends_at - each.starts_at).total_seconds() / 3600
        rows.append((each, same, hours))
    return rows
