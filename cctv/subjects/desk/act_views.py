"""What is done on a request's page: assign, write, the clock, appointments, objection, withdrawal."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from cctv.core.errors import LetheError
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.stepup import require_step_up
from cctv.subjects.clocks import stored
from cctv.subjects.deciding import texts
from cctv.subjects.delivering.models import Appointment
from cctv.subjects.desk import appointments, dues, selectors, services
from cctv.subjects.desk.forms import AppointmentForm, AskForm, AssignForm, ExtendForm, WriteForm
from cctv.subjects.desk.selectors import HANDLE
from cctv.subjects.desk.views import request_or_404
from cctv.subjects.profiles import profile_of
from cctv.subjects.requests import freezing, withdrawing
from cctv.subjects.requests import messages as told
from cctv.subjects.requests.models import STANDING, SubjectRequest


def _who(request: Request) -> dict[str, Any]:
    return {"actor": request.account, "terminal": terminal_of(request)}


def _refused(request: Request, error: LetheError) -> None:
    """What somebody else did meanwhile stands above the page; who may not do it is told so."""
    if error.status not in (400, 409):
        raise error
    messages.error(request, f"{error.message} {error.hint}".strip())


@require_POST
@requires(HANDLE)
def assign(request: Request, reference: str) -> HttpResponse:
    """Give it to somebody, or to nobody."""
    found = request_or_404(request, reference, HANDLE)
    form = AssignForm(request.POST, people=selectors.workers(found.site))
    if form.is_valid():
        services.assign(found, form.cleaned_data["to"], **_who(request))
    else:
        messages.error(request, _("This person does not work on requests at this site."))
    return redirect("request", reference)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(HANDLE)
@sensitive_variables()
def write(request: Request, reference: str) -> HttpResponse:
    """What was written so far, and a message more; a template puts words into it in their language."""
    found = request_or_404(request, reference, HANDLE)
    template = request.GET.get("template", "")
    template = template if template in texts.templates() else ""
    form = WriteForm(
        request.POST or None, initial={"text": texts.message(template, found), "template": template}
    )
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                services.write(
                    found, form.cleaned_data["text"], template=form.cleaned_data["template"], **_who(request)
                )
            except LetheError as error:
                _refused(request, error)
            else:
                messages.success(request, _("The message is on the requester's page."))
            return redirect("request", reference)
        status = 400
    context = {
        "found": found, "form": form, "templates": texts.templates(), "template": template,
        "messages_": told.listing(found), "zone": ZoneInfo(found.site.time_zone),
        "language": get_language_info(found.language)["name_local"],
    }  # fmt: skip
    told.mark_read(found, by_desk=True)
    return render(request, "cctv/subjects/desk/write.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires(HANDLE)
def clock_(request: Request, reference: str) -> HttpResponse:
    """The clock: let it stand while the requester is asked, let it go on, extend it as the law allows."""
    found = request_or_404(request, reference, HANDLE)
    verb = request.POST.get("verb", "")
    ask = AskForm(request.POST if verb == "pause" else None)
    extend = ExtendForm(request.POST if verb == "extend" else None, jurisdiction=found.jurisdiction)
    if request.method == "POST" and _move(request, found, verb, ask, extend):
        return redirect("request", reference)
    context = {
        "found": found, "zone": ZoneInfo(found.site.time_zone), "dues": dues.dues_of(found),
        "ask": ask if services.can_pause(found) else None, "stands": found.paused_at is not None,
        "extend": extend if _may_extend(found) else None,
        "knows_extension": bool(profile_of(found.jurisdiction).extensions),
        "language": get_language_info(found.language)["name_local"],
    }  # fmt: skip
    status = 400 if request.method == "POST" else 200
    return render(request, "cctv/subjects/desk/clock.html", context, status=status)


def _may_extend(found: SubjectRequest) -> bool:
    return found.state in STANDING and stored.can_extend(found)


def _move(request: Request, found: SubjectRequest, verb: str, ask: AskForm, extend: ExtendForm) -> bool:
    """Whether something was done, or refused with a word; False shows the form again."""
    try:
        if verb == "pause" and ask.is_valid():
            stands = services.pause(found, ask.cleaned_data["text"], **_who(request))
            said = (
                _("The clock stands until they answer.")
                if stands
                else _("They were asked; the clock goes on.")
            )
            messages.success(request, said)
        elif verb == "resume":
            services.resume(found, **_who(request))
            messages.success(request, _("The clock goes on, and the requester was told until when."))
        elif verb == "extend" and extend.is_valid():
            data = extend.cleaned_data
            services.extend(found, data["reason"], data["text"], **_who(request))
            messages.success(request, _("The deadline is extended, and the requester was told why."))
        else:
            return False
    except LetheError as error:
        _refused(request, error)
    return True


@require_http_methods(["GET", "POST"])
@requires(HANDLE)
def appoint(request: Request, reference: str) -> HttpResponse:
    """Propose a time and a place to the requester."""
    found = request_or_404(request, reference, HANDLE)
    zone = ZoneInfo(found.site.time_zone)
    initial = {"place": ", ".join(filter(None, (found.site.name, found.site.address)))}
    form = AppointmentForm(request.POST or None, zone=zone, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            appointments.propose(
                found, form.at(), data["place"], is_agreed=data["is_agreed"], appointment_id=data["token"],
                **_who(request),
            )  # fmt: skip
        except LetheError as error:
            if error.status not in (400, 409):
                raise
            form.add_error("day", _("Choose a time to come, while the request stands."))
        else:
            messages.success(request, _("The appointment is on the requester's page."))
            return redirect("request", reference)
    context = {"found": found, "form": form, "zone": zone}
    return render(
        request, "cctv/subjects/desk/appoint.html", context, status=400 if form.is_bound else 200
    )  # fmt: skip


@require_POST
@requires(HANDLE)
def appointment(request: Request, reference: str, pk: UUID) -> HttpResponse:
    """Agreed, kept, missed or called off."""
    found = request_or_404(request, reference, HANDLE)
    row = get_object_or_404(Appointment.objects.select_related("request__site"), pk=pk, request=found)
    try:
        appointments.change(row, request.POST.get("state", ""), **_who(request))
    except LetheError as error:
        _refused(request, error)
    return redirect("request", reference)


@require_POST
@requires(HANDLE)
@sensitive_variables()
def objection(request: Request, reference: str) -> HttpResponse:
    """An objection that came by telephone, letter or visit."""
    found = request_or_404(request, reference, HANDLE)
    try:
        services.object_for(found, request.POST.get("text", ""), **_who(request))
    except LetheError as error:
        _refused(request, error)
    else:
        said = (
            _("The objection is taken in. The footage stays held until it is answered.")
            if freezing.holds_of(found)
            else _("The objection is taken in. No footage is held for it.")
        )
        messages.success(request, said)
    return redirect("request", reference)


@require_http_methods(["GET", "POST"])
@requires(HANDLE)
def withdraw(request: Request, reference: str) -> HttpResponse:
    """Withdraw it for a requester who asks for that by telephone or letter; after step-up."""
    found = request_or_404(request, reference, HANDLE)
    if request.method == "POST":
        require_step_up(request)
        try:
            withdrawing.withdraw(found, **_who(request))
        except LetheError as error:
            _refused(request, error)
        else:
            messages.success(request, _("The request is withdrawn."))
        return redirect("request", reference)
    context = {"found": found, "zone": ZoneInfo(found.site.time_zone), "stands": found.state in STANDING}
    return render(request, "cctv/subjects/desk/withdraw.html", context)
