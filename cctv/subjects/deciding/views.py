"""The pages of decisions: one person proposes, another reads and approves or gives back; the letter."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.core.errors import LetheError
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.people.stepup import require_step_up
from cctv.subjects.deciding import proposing, services
from cctv.subjects.deciding.errors import DecisionRefused, OwnDecision
from cctv.subjects.deciding.forms import ProposalForm, RemarkForm
from cctv.subjects.deciding.models import Decision, DecisionState, Outcome
from cctv.subjects.delivering import erasing
from cctv.subjects.delivering import found as looked
from cctv.subjects.desk import dues
from cctv.subjects.desk.selectors import DECIDE, HANDLE, SEE
from cctv.subjects.desk.services import LETTER, enter_opened
from cctv.subjects.desk.views import request_or_404
from cctv.subjects.profiles import ground_text
from cctv.subjects.requests.models import SubjectRequest
from cctv.templatetags import _times


def _who(request: Request) -> dict[str, Any]:
    return {"actor": request.account, "terminal": terminal_of(request)}


@never_cache
@require_http_methods(["GET", "POST"])
@requires(HANDLE)
@sensitive_variables()
def propose(request: Request, reference: str) -> HttpResponse:
    """Outcome, grounds with their text, words of the letter, what was searched, the approved copies."""
    found = request_or_404(request, reference, HANDLE)
    initial = {"searched": _searched(found), **_last_returned(found)}
    form = ProposalForm(request.POST or None, request=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.propose(
                found, form.proposal(), decision_id=form.cleaned_data["token"], **_who(request)
            )
        except DecisionRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        except LetheError as error:
            if error.status != 409:
                raise
            messages.error(request, f"{error.message} {error.hint}")
            return redirect("request", reference)
        else:
            messages.success(request, _("It is proposed. Somebody else reads it now."))
            return redirect("request-decision", reference, row.pk)
    context = {
        "found": found, "form": form, "zone": ZoneInfo(found.site.time_zone), "dues": dues.dues_of(found),
        "decidable": proposing.is_decidable(found),
        "language": get_language_info(found.language)["name_local"],
    }  # fmt: skip
    return render(
        request, "cctv/subjects/deciding/propose.html", context, status=400 if form.is_bound else 200
    )  # fmt: skip


def _searched(found: SubjectRequest) -> str:
    """What was really looked through for it, in the requester's language: to be kept or shortened."""
    zone = ZoneInfo(found.site.time_zone)
    with translation.override(found.language):
        return "\n".join(
            f"{each.camera.name}: " + "; ".join(
                " ".join(_times.span(*(_times.localise(at, zone) for at in (start, end)), seconds=True))
                for start, end in each.spans
            )
            for each in looked.searched(found)
        )  # fmt: skip


def _last_returned(found: SubjectRequest) -> dict[str, Any]:
    """What was given back is not typed again."""
    last = found.decisions.order_by("-proposed_at").first()
    if last is None or last.state != DecisionState.RETURNED:
        return {}
    texts = proposing.texts_of(last) or {}
    parts = erasing.parts_of(last) if last.outcome == Outcome.PARTLY else []
    return {
        "outcome": last.outcome, "grounds": last.grounds, "text": texts.get("text", ""),
        "searched": texts.get("searched", ""),
        "redactions": list(last.redactions.values_list("pk", flat=True)),
        "part": [each.camera.pk for each in parts],
        "stretches": sorted({(each.starts_at, each.ends_at) for each in parts}),
    }  # fmt: skip


def _decision_or_404(request: Request, reference: str, pk: UUID, action: str) -> Decision:
    found = request_or_404(request, reference, action)
    rows = Decision.objects.select_related("proposed_by", "approved_by")
    row = rows.filter(pk=pk, request=found).first()
    if row is None:
        raise NotFound
    row.request = found
    return row


@never_cache
@require_GET
@requires(SEE)
def decision(request: Request, reference: str, pk: UUID) -> HttpResponse:
    """A decision with everything that leaves with it; reading it is an entry of the log."""
    return _page(request, _decision_or_404(request, reference, pk, SEE), RemarkForm())


@sensitive_variables()
def _page(request: Request, row: Decision, form: RemarkForm, status: int = 200) -> HttpResponse:
    enter_opened(row.request, LETTER, **_who(request))
    waits = row.state == DecisionState.PROPOSED
    decides = waits and services.may_approve(row, request.account)
    context = {
        "found": row.request, "decision": row, "texts": proposing.texts_of(row), "form": form,
        "parts": erasing.parts_of(row) if row.outcome == Outcome.PARTLY else [],
        "grounds": [ground_text(row.request.jurisdiction, code) for code in row.grounds],
        "copies": list(row.redactions.select_related("camera").order_by("starts_at")),
        "zone": ZoneInfo(row.request.site.time_zone), "dues": dues.dues_of(row.request), "waits": waits,
        "own": waits and row.proposed_by_id == request.account.pk, "decides": decides,
        "seen": services.seen_of(row) if decides else "",
        "sees_redactions": request.permissions.may("redaction.see", site_id=row.request.site_id),
        "language": get_language_info(row.request.language)["name_local"],
    }  # fmt: skip
    return render(request, "cctv/subjects/deciding/decision.html", context, status=status)


@never_cache
@require_POST
@requires(SEE)
@sensitive_variables()
def decide(request: Request, reference: str, pk: UUID) -> HttpResponse:
    """Approve after step-up, or give back; whoever proposed it may take it back."""
    row = _decision_or_404(request, reference, pk, SEE)
    own = row.proposed_by_id == request.account.pk
    verdict = request.POST.get("verdict", "")
    if verdict not in ("approve", "return"):
        return redirect("request-decision", reference, pk)
    needed = DECIDE if verdict == "approve" or not own else HANDLE
    request.permissions.require(needed, site_id=row.request.site_id)
    if verdict == "approve":
        if not services.may_approve(row, request.account):
            raise OwnDecision
        require_step_up(request)
    try:
        if verdict == "approve":
            services.approve(row, seen=request.POST.get("seen", ""), **_who(request))
            messages.success(request, _("It is decided. The letter is on the requester's page."))
        else:
            services.give_back(row, remark=request.POST.get("remark", ""), **_who(request))
            messages.success(request, _("It is back with whoever proposed it."))
    except LetheError as error:
        if error.status not in (400, 409):
            raise
        messages.error(request, f"{error.message} {error.hint}".strip())
        row = _decision_or_404(request, reference, pk, SEE)
        return _page(request, row, RemarkForm(request.POST), status=error.status)
    return redirect("request", reference)


@never_cache
@require_GET
@requires(SEE)
@sensitive_variables()
def letter(request: Request, reference: str, pk: UUID) -> HttpResponse:
    """The letter: as it was sent, or as it would be."""
    row = _decision_or_404(request, reference, pk, SEE)
    enter_opened(row.request, LETTER, **_who(request))
    made = services.letter_of(row)
    if made is None:
        raise NotFound
    answer = HttpResponse(made, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{reference}-answer.pdf"'
    return answer
