"""The desk's side: look for the footage, stop its use, show a copy, give a code."""

from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.core.errors import LetheError
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound, permissions_of
from cctv.people.stepup import require_step_up
from cctv.subjects.deciding.models import DecisionState
from cctv.subjects.delivering import answering, carrying, found, selectors, sending, services, showing
from cctv.subjects.delivering.found import WORK
from cctv.subjects.delivering.models import Delivery
from cctv.subjects.delivering.services import HANDLE
from cctv.subjects.requests.models import SubjectRequest


def _one(request: Request, reference: str, action: str) -> SubjectRequest:
    """The request, if the reader may do `action` at its site: 404 before 403."""
    rows = SubjectRequest.objects.select_related("site", "hold", "assigned_to")
    row = rows.filter(reference=reference).first()
    if row is None:
        raise NotFound
    request.permissions.require(action, site_id=row.site_id)
    return row


def _copy(of: SubjectRequest, pk: UUID) -> Delivery:
    row = services.deliveries().filter(pk=pk, request=of).first()
    if row is None:
        raise NotFound
    return row


def _who(request: Request) -> dict[str, Any]:
    return {"actor": request.account, "terminal": terminal_of(request)}


@require_POST
@requires(WORK)
def find(request: Request, reference: str) -> HttpResponse:
    """Open the viewing that is bound to the request."""
    row = _one(request, reference, WORK)
    try:
        session = found.open_viewing(row, **_who(request))
    except LetheError as error:
        if error.status not in (400, 409):
            raise
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("request", reference)
    return redirect("viewing", session.pk)


@require_POST
@requires(HANDLE)
def stop(request: Request, reference: str) -> HttpResponse:
    """Nobody is shown its footage, from now on."""
    row = _one(request, reference, HANDLE)
    if carrying.is_to_stop(row):
        carrying.restrict(row, **_who(request))
    return redirect("request", reference)


@require_POST
@requires(HANDLE)
def carry_out(request: Request, reference: str, pk: UUID) -> HttpResponse:
    """What was granted, by somebody who may where nobody who decided may any more; after step-up."""
    row = _one(request, reference, HANDLE)
    decision = row.decisions.filter(pk=pk, state=DecisionState.SENT).first()
    if decision is None:
        raise NotFound
    request.permissions.require(carrying.ACTIONS.get(row.kind, HANDLE), site_id=row.site_id)
    require_step_up(request)
    decision.request = row
    if carrying.WAITS in decision.done and carrying.carry_out(decision, **_who(request)):
        messages.success(request, _("It is carried out."))
    return redirect("request", reference)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(HANDLE)
@sensitive_variables()
def copy(request: Request, reference: str, pk: UUID) -> HttpResponse:
    """Show it, close the visit, or make a code."""
    row = _one(request, reference, HANDLE)
    delivery = _copy(row, pk)
    if request.method == "GET":
        return _page(request, row, delivery)
    did = request.POST.get("do", "")
    if did == "code":
        code = services.give_code(delivery, **_who(request))
        return _page(request, row, delivery, code=code)
    if did == "show":
        begun = showing.begin(delivery, **_who(request), showing_id=_uuid(request.POST.get("showing_id")))
        return _page(request, row, delivery, showing=begun.pk)
    if did == "attended":
        visit = _uuid(request.POST.get("visit"))
        signed = "signed" in request.POST
        showing.attended(row, appointment_id=visit, **_who(request), signed=signed)
        return redirect("request", reference)
    return redirect("request-copy", reference, pk)


@never_cache
@require_GET
@requires(HANDLE)
def showing_clip(request: Request, reference: str, pk: UUID) -> HttpResponseBase:
    """The bytes of a showing, for whoever began it, at the place where they did."""
    row = _one(request, reference, HANDLE)
    begun = sending.find(pk)
    if begun.delivery.request_id != row.pk or begun.terminal != terminal_of(request):
        raise NotFound
    begun = sending.begin(begun.delivery, pk, **_who(request))  # no new one: it must stand, and be young

    def still() -> None:
        permissions_of(request.account).require(HANDLE, site_id=row.site_id)

    name = f"{reference}.mp4"
    delivery = services.deliveries().get(pk=begun.delivery_id)
    out = answering.answer(request, delivery, begun, name=name, actor=request.account, still=still)
    return out


@sensitive_variables()
def _page(request: Request, row: SubjectRequest, delivery: Delivery, **more: Any) -> HttpResponse:
    refused: LetheError | None = None
    try:
        services.require_sendable(delivery)
    except LetheError as error:
        refused = error
    context = {
        "found": row, "copy": delivery, "zone": ZoneInfo(row.site.time_zone), "refused": refused,
        "showing_id": uuid4(), "visits": selectors.appointments(row),
        "shown": selectors.was_shown(row), **more,
    }  # fmt: skip
    return render(request, "cctv/subjects/delivering/copy.html", context)


def _uuid(said: str | None) -> UUID:
    try:
        return UUID(said or "")
    except ValueError as error:
        raise NotFound from error
