"""The pages of requests: the list by what is due, one request, who asks, what is waiting to be screened."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import select_template
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.subjects.clocks import stored
from cctv.subjects.deciding import telling
from cctv.subjects.deciding.proposing import has_objection, is_decidable
from cctv.subjects.desk import appointments, dues, screening, selectors, services, steps, storytelling
from cctv.subjects.desk.forms import AssignForm, RefuseForm
from cctv.subjects.desk.selectors import DECIDE, HANDLE, SEE, STATES, WORK, Wanted
from cctv.subjects.profiles import BASES
from cctv.subjects.requests import details, freezing
from cctv.subjects.requests import messages as texts
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.mails import NO_ADDRESS
from cctv.subjects.requests.models import STANDING, SubjectRequest

PAGE = selectors.PAGE
# Parts of the page that other areas draw, if they are there: their selectors give the context.
PARTS = ("identity", "delivering", "watched")


def state_words() -> dict[str, str]:
    """The states that the list can be narrowed to."""
    return {
        "": _("to be done"), "screening": _("waiting to be looked at"),
        "identity": _("identity not shown yet"), "open": _("being worked on"),
        "proposed": _("waiting for the second person"),
        "objected": _("objected to"), "decided": _("decided"), "over": _("closed"),
    }  # fmt: skip


@require_GET
@requires(WORK)
def requests(request: Request) -> HttpResponse:
    """The list: the urgent first, then by whatever is due first."""
    sites = request.permissions.sites(WORK)
    chosen = {name: request.GET.get(name, "")[:60] for name in ("site", "state", "whose")}
    wanted = Wanted(**{**chosen, "state": chosen["state"] if chosen["state"] in STATES else ""})
    start = request.GET.get("from", "")
    first = int(start) if start.isdecimal() and len(start) < 7 else 0
    found = selectors.listed(sites=sites, reader=request.account, wanted=wanted)
    rows = selectors.lines(found, request.permissions, first)
    query = urlencode({name: value for name, value in chosen.items() if value})
    context = {
        "rows": rows[:PAGE],
        "wanted": wanted,
        "states": state_words(),
        "sites": selectors.places(request.permissions, WORK),
        "places": selectors.places(request.permissions, HANDLE),
        "to_approve": selectors.to_approve(request.account, request.permissions),
        "screening": selectors.count_screening(sites=request.permissions.sites(HANDLE))
        if request.permissions.may(HANDLE)
        else 0,
        "narrowed": bool(query),
        "newer": f"?{query}&from={max(0, first - PAGE)}" if first else "",
        "older": f"?{query}&from={first + PAGE}" if len(rows) > PAGE else "",
    }
    return render(request, "cctv/subjects/desk/requests.html", context)


def request_or_404(request: Request, reference: str, action: str) -> SubjectRequest:
    """The request, if the reader may do `action` at its site: 404 before 403."""
    found = selectors.requests(sites=None).filter(reference=reference).first()
    if found is None:
        raise NotFound
    request.permissions.require(action, site_id=found.site_id)
    return found


@never_cache
@require_GET
@requires(WORK)
def one(request: Request, reference: str) -> HttpResponse:
    """One request: whole for those who handle or decide, narrow for who only looks for the footage."""
    return page(request, request_or_404(request, reference, WORK))


@never_cache
@require_POST
@requires(HANDLE)
@sensitive_variables()
def contact(request: Request, reference: str) -> HttpResponse:
    """The same page with who asks; each time an entry of the log."""
    found = request_or_404(request, reference, HANDLE)
    known = services.open_contact(found, actor=request.account, terminal=terminal_of(request))
    return page(request, found, contact=known)


@sensitive_variables()
def page(
    request: Request, found: SubjectRequest, *, contact: Details | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    """The page of a request, as far as the reader may see it."""
    may = {
        name: request.permissions.may(f"request.{name}", site_id=found.site_id)
        for name in ("see", "handle", "decide", "identity", "work")
    }
    known = details.read(found)
    context: dict[str, Any] = {
        "found": found, "zone": ZoneInfo(found.site.time_zone), "may": may,
        "dues": dues.dues_of(found), "step": steps.step_of(found, request.permissions),
        "cameras": list(found.cameras.select_related("zone").order_by("name")),
        "holds": freezing.holds_of(found), "stands": found.state in STANDING,
        "known": {name: getattr(known, name) for name in ("looks", "plate", "place")} if known else None,
        "parts": _parts(request, found),
    }  # fmt: skip
    if may["see"]:
        context |= _whole(request, found, may)
        context |= {"contact": contact, "known_more": known}
    template = "cctv/subjects/desk/request.html" if may["see"] else "cctv/subjects/desk/narrow.html"
    return render(request, template, context, status=status)


def _whole(request: Request, found: SubjectRequest, may: dict[str, bool]) -> dict[str, Any]:
    """What whoever handles or decides sees besides."""
    return {
        "story": storytelling.story_of(found),
        "messages_": texts.listing(found),
        "unread": found.messages.filter(by=None, template="", read_at=None).count(),
        "decisions": list(
            found.decisions.select_related("proposed_by", "approved_by").order_by("-proposed_at")
        ),
        "appointments": [
            (each, appointments.possible(each)) for each in found.appointments.order_by("-at")
        ],
        "assign": AssignForm(people=selectors.workers(found.site), initial={"to": found.assigned_to_id})
        if may["handle"]
        else None,
        "basis": BASES.get(_basis(found), ""),
        "language": get_language_info(found.language)["name_local"],
        "may_propose": may["handle"] and is_decidable(found)
        and not found.decisions.filter(state="proposed").exists(),
        "objected": has_objection(found),
        "nobody_left": has_objection(found) and is_decidable(found) and not telling.may_be_answered(found),
        "unsent": _has_unsent(found),
        "can_extend": found.state in STANDING and stored.can_extend(found),
    }  # fmt: skip


def _has_unsent(found: SubjectRequest) -> bool:
    """Whether a mail to the requester was given up, who has an address."""
    lost = found.mails.filter(sent_at=None, given_up_at__isnull=False)
    return lost.exclude(error=NO_ADDRESS).exists()


def _basis(found: SubjectRequest) -> str:
    from cctv.subjects import clocks

    zone, country = stored.place_of(found)
    openness = stored.openness_of(found.cameras.all())
    return clocks.deadlines(
        found.kind, found.jurisdiction, found.received_at, zone=zone, country=country, openness=openness
    ).basis


def _parts(request: Request, found: SubjectRequest) -> list[str]:
    """What other areas have to say about it, as markup of theirs."""
    drawn = []
    for area in PARTS:
        name = f"cctv.subjects.{area}.selectors"
        tell = getattr(import_module(name), "for_desk", None) if find_spec(name) else None
        if tell is None:
            continue
        context = {"found": found, "zone": ZoneInfo(found.site.time_zone), **tell(found, request.permissions)}
        drawn.append(select_template([f"cctv/subjects/{area}/_desk.html"]).render(context, request))
    return drawn


@require_http_methods(["GET", "POST"])
@requires(HANDLE)
def to_screen(request: Request) -> HttpResponse:
    """What is beyond the limits: accept or refuse many at once."""
    sites = request.permissions.sites(HANDLE)
    form = RefuseForm(request.POST if request.POST.get("verdict") == "refuse" else None)
    if request.method == "POST":
        ids = [pk for pk in map(_uuid, request.POST.getlist("chosen")[:200]) if pk is not None]
        chosen = list(selectors.requests(sites=sites).filter(pk__in=ids))
        who: dict[str, Any] = {"actor": request.account, "terminal": terminal_of(request)}
        if not chosen:
            messages.warning(request, _("Nothing was chosen."))
        elif request.POST.get("verdict") == "accept":
            done, missed = screening.accept_all(chosen, **who)
            _say_screened(request, done, missed, accepted=True)
        elif form.is_valid():
            done, missed = screening.refuse_all(chosen, form.cleaned_data["reason"], **who)
            _say_screened(request, done, missed, accepted=False)
        return redirect("requests-screening")
    context = {"rows": selectors.screening(sites=sites), "form": RefuseForm()}
    return render(request, "cctv/subjects/desk/screening.html", context)


def _say_screened(request: Request, done: int, missed: int, *, accepted: bool) -> None:
    if accepted and done:
        said = ngettext(
            "%(n)d request is accepted, and its footage is held.",
            "%(n)d requests are accepted, and their footage is held.", done,
        )  # fmt: skip
        messages.success(request, said % {"n": done})
    elif done:
        said = ngettext(
            "%(n)d request is refused, and who asked was told why.",
            "%(n)d requests are refused, and who asked was told why.", done,
        )  # fmt: skip
        messages.success(request, said % {"n": done})
    if missed:
        said = ngettext("%(n)d no longer waited.", "%(n)d no longer waited.", missed)
        messages.warning(request, said % {"n": missed})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


__all__ = [
    "DECIDE",
    "HANDLE",
    "SEE",
    "WORK",
    "contact",
    "one",
    "page",
    "request_or_404",
    "requests",
    "to_screen",
]
