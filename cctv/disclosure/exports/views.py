"""The pages of exports: the list, the inbox, one with its decision. Each calls one service, renders."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cctv.core.errors import LetheError
from cctv.disclosure.exports import checks, deciding, details, selectors, services, steps, stopped
from cctv.disclosure.exports.forms import RemarkForm
from cctv.disclosure.exports.grounds import ground_text
from cctv.disclosure.exports.models import OVER, Export, ExportState, Urgency
from cctv.disclosure.packaging import services as packaging
from cctv.footage.viewings.purposes import common_purposes
from cctv.people.access import Request, numbered_or_404, requires
from cctv.people.actors import terminal_of
from cctv.people.models import Account
from cctv.people.policy import Forbidden
from cctv.people.stepup import require_step_up
from cctv.redaction.review import selectors as redactions
from cctv.sites.models import Site

SEE, ASK, DECIDE, WATCH, REVIEW = (
    "export.see", "export.ask", "export.decide", "footage.watch", "redaction.review"
)  # fmt: skip


@require_GET
@requires(SEE)
def exports(request: Request) -> HttpResponse:
    """What waits for the reader, what is on its way, what lies ready, and what is over."""
    text = request.GET.get("from", "")
    first = int(text) if text.isdecimal() and len(text) < 7 else 0
    found = selectors.overview(
        sites=request.permissions.sites(SEE), reader=request.account, permissions=request.permissions,
        first_over=first,
    )  # fmt: skip
    context = {
        "found": found,
        "places": _places(request),
        "newer": f"?from={max(0, first - selectors.SHOWN)}#over" if first else "",
        "older": f"?from={first + selectors.SHOWN}#over" if found.more_over else "",
    }
    return render(request, "cctv/disclosure/exports.html", context)


def _places(request: Request) -> list[Site]:
    """The sites at which the reader may ask."""
    allowed = request.permissions.sites(ASK)
    sites = Site.objects.filter(retired_at=None).order_by("name")
    return list(sites if allowed is None else sites.filter(pk__in=allowed))


@require_GET
@requires(DECIDE)
def inbox(request: Request) -> HttpResponse:
    """What waits for the reader's decision: exports, holds, redactions; the urgent first, then the oldest."""
    mine = list(selectors.waiting_for(request.account, request.permissions))
    review_sites = request.permissions.sites(REVIEW)
    seen = redactions.overview(sites=review_sites, review_sites=review_sites, reader=request.account)
    context = {
        "exports": selectors.listed(mine, {each.pk for each in mine}),
        "holds": list(selectors.holds_waiting(request.account, request.permissions)),
        "redactions": [*seen.waiting, *seen.scenes],
    }
    return render(request, "cctv/disclosure/inbox.html", context)


def _export_or_404(request: Request, number: str, action: str = SEE) -> Export:
    """The export, if the reader may do `action` at its site: 404 before 403."""
    return numbered_or_404(request, selectors.exports(sites=None), number, action)


@require_GET
@requires(SEE)
def export(request: Request, number: str) -> HttpResponse:
    """One export: what leaves, its spans, where it stands, and what the reader may do about it."""
    found = _export_or_404(request, number)
    return _page(request, found, RemarkForm())


def _page(request: Request, found: Export, form: RemarkForm, *, status: int = 200) -> HttpResponse:
    seen = deciding.seen_of(found)  # first: what changes while the page is made was not seen
    facts = checks.facts_of(found)
    mine = found.asked_by_id == request.account.pk
    may_decide = request.permissions.may(DECIDE, site_id=found.site_id)
    decides = may_decide and not mine
    undecided = found.urgency in deciding.UNDECIDED and not deciding.is_settled(found)
    waits = found.state == ExportState.ASKED or undecided
    ticks = checks.ticks_of(found, facts, _watcher(request, found, decides)) if waits else []
    context = {
        "export": found,
        "zone": ZoneInfo(found.site.time_zone),
        "facts": facts,
        "cameras": list(dict.fromkeys(each.span.camera.name for each in facts)),
        "total": checks.total_seconds(facts),
        "sealed": details.read(found),
        "ground": ground_text(found.site.jurisdiction, found.ground),
        "language": dict(settings.LANGUAGES).get(found.language, found.language),
        "forms": {each.span.form for each in facts},
        "steps": steps.steps_of(found, is_mine_to_decide=decides and waits),
        "ticks": ticks,
        "hindered": any(tick.tone == checks.BAD for tick in ticks),
        "acts": list(found.acts.select_related("by").order_by("at", "id")),
        "log_read": request.permissions.may("log.read", site_id=found.site_id),
        "mine": mine,
        "decides": decides and found.state == ExportState.ASKED, "decides_urgent": decides and undecided,
        "waits": waits,
        "violated": found.urgency in (Urgency.LATE, Urgency.REFUSED),
        "due_at": _due_at(found, facts, undecided),
        "may_withdraw": found.state in deciding.WITHDRAWABLE and (mine or may_decide),
        "may_change": mine and found.state == ExportState.RETURNED,
        "asked_back": found.acts.filter(kind="returned").order_by("-at").first(),
        **_work(request, found),
        "watch": _watch(request, found, facts) if decides and waits else None,
        "seen": seen,
        "form": form,
        "handing": _handing(request, found),
        "back": "inbox" if may_decide else "exports",
    }  # fmt: skip
    return render(request, "cctv/disclosure/export.html", context, status=status)


def _watcher(request: Request, found: Export, decides: bool) -> Account | None:
    """Of whom the page says how much they watched: who decides and may look."""
    return request.account if decides and request.permissions.may(WATCH, site_id=found.site_id) else None


def _due_at(found: Export, facts: list[checks.SpanFacts], undecided: bool) -> Any:
    """Until when it has to be decided: an urgent one's day, else when its first hold lapses."""
    if undecided:
        return found.approve_by
    if found.state != ExportState.ASKED:
        return None
    holds = [each.span.hold for each in facts if each.span.hold and each.span.hold.protects]
    return min((hold.opens_until for hold in holds), default=None)


def _watch(request: Request, found: Export, facts: list[checks.SpanFacts]) -> dict[str, Any]:
    """One viewing for each stretch; a purpose is asked for where the export names none of the cameras'."""
    stretches: dict[Any, list[checks.SpanFacts]] = {}
    for each in facts:
        stretches.setdefault((each.span.starts_at, each.span.ends_at), []).append(each)
    cameras = [each.span.camera for each in facts]
    return {
        "may": request.permissions.may(WATCH, site_id=found.site_id) and found.state not in OVER,
        "stretches": [
            {"span": rows[0].span, "cameras": [row.span.camera.name for row in rows]}
            for rows in stretches.values()
        ],
        "purposes": [] if found.purpose else list(common_purposes(cameras)),
        "redactions": list({each.span.redaction.pk: each.span.redaction for each in facts
                            if each.span.redaction}.values()),
    }  # fmt: skip


def _handing(request: Request, found: Export) -> Any:
    from cctv.disclosure.handing import selectors as handing  # which asks this package in its turn

    return handing.for_export(found, request.permissions)


def _work(request: Request, found: Export) -> dict[str, Any]:
    """How far the packaging is, and whether the reader may have it tried again."""
    packaged = found.state == ExportState.APPROVED
    return {
        "works": packaged and not found.error_code,
        "percent": found.work_permille // 10,
        "sees_redactions": request.permissions.may("redaction.see", site_id=found.site_id),
        "stopped": stopped.stopped_of(found),
        "ended_by": stopped.ended_by(found),
        "may_retry": packaged
        and bool(found.error_code)
        and request.permissions.may(ASK, site_id=found.site_id),
    }


@require_POST
@requires(DECIDE)
def export_decide(request: Request, number: str) -> HttpResponse:
    """Approve or reject, after step-up; or ask back."""
    found = _export_or_404(request, number, DECIDE)
    verdict, remark = request.POST.get("verdict", ""), request.POST.get("remark", "")
    if verdict not in ("approve", "return", "reject"):
        return redirect("export", number)
    if verdict != "return":
        require_step_up(request)
    acts: dict[str, Callable[..., Export]] = {
        "approve": services.approve, "return": services.return_, "reject": services.reject
    }  # fmt: skip
    try:
        acts[verdict](
            export=found, actor=request.account, terminal=terminal_of(request), remark=remark,
            seen=request.POST.get("seen", ""),
        )  # fmt: skip
    except LetheError as error:
        return _refused(request, found, error)
    said = {
        "approve": _("%(number)s is approved and being packaged."),
        "return": _("%(number)s was sent back."),
        "reject": _("%(number)s is rejected. Its footage is no longer held for it."),
    }
    messages.success(request, said[verdict] % {"number": number})
    return redirect("export", number)


@require_POST
@requires(DECIDE)
def export_urgent(request: Request, number: str) -> HttpResponse:
    """Approve afterwards what went out as urgent, or not; after step-up."""
    found = _export_or_404(request, number, DECIDE)
    require_step_up(request)
    verdict, remark = request.POST.get("verdict", ""), request.POST.get("remark", "")
    values: dict[str, Any] = {
        "export": found, "actor": request.account, "terminal": terminal_of(request), "remark": remark,
    }  # fmt: skip
    try:
        if verdict == "approve":
            services.confirm_urgent(**values)
            messages.success(request, _("%(number)s is approved.") % {"number": number})
        elif verdict == "refuse":
            services.refuse_urgent(**values)
            messages.warning(request, _("%(number)s stands as a violation.") % {"number": number})
    except LetheError as error:
        return _refused(request, found, error)
    return redirect("export", number)


def _refused(request: Request, found: Export, error: LetheError) -> HttpResponse:
    """What was typed stays; what was refused stands above the page. Who may not know or do it is told so."""
    if error.status not in (400, 409):
        raise error
    messages.error(request, f"{error.message} {error.hint}".strip())
    found = selectors.exports(sites=None).get(pk=found.pk)
    return _page(request, found, RemarkForm(request.POST), status=error.status)


@require_POST
@requires(SEE)
def export_withdraw(request: Request, number: str) -> HttpResponse:
    """Take it back: whoever asked, or who may decide."""
    found = _export_or_404(request, number)
    if found.asked_by_id != request.account.pk and not request.permissions.may(DECIDE, site_id=found.site_id):
        raise Forbidden
    services.withdraw(
        export=found, actor=request.account, terminal=terminal_of(request),
        remark=request.POST.get("remark", ""),
    )  # fmt: skip
    messages.success(request, _("%(number)s is withdrawn. Nothing of it is kept.") % {"number": number})
    return redirect("export", number)


@require_POST
@requires(DECIDE)
def export_watch(request: Request, number: str) -> HttpResponse:
    """Open a viewing of one of its stretches, to look before deciding."""
    found = _export_or_404(request, number, DECIDE)
    chosen = request.POST.get("span", "")
    span = get_object_or_404(
        found.spans.select_related("hold"), pk=int(chosen) if chosen.isdecimal() and len(chosen) < 18 else 0
    )
    cameras = [row.camera for row in found.spans.select_related("camera")]
    purpose = common_purposes(cameras).filter(code=request.POST.get("purpose", "")).first()
    session = services.watch(
        export=found, actor=request.account, terminal=terminal_of(request), span=span, purpose=purpose
    )
    return redirect("viewing", session.pk)


@require_POST
@requires(ASK)
def export_again(request: Request, number: str) -> HttpResponse:
    """Have the packaging tried again."""
    found = _export_or_404(request, number, ASK)
    if packaging.retry(found):
        messages.success(request, _("%(number)s is being packaged again.") % {"number": number})
    return redirect("export", number)


@require_GET
@requires(SEE)
def export_progress(request: Request, number: str) -> JsonResponse:
    """How far the packaging is."""
    found = _export_or_404(request, number)
    works = found.state == ExportState.APPROVED and not found.error_code
    return JsonResponse({"work": works, "permille": found.work_permille})
