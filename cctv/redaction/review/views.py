"""The pages of redactions and of their reviews: each parses, calls one service, shows what became of it."""

import json
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cctv.footage.media_views import private
from cctv.people.access import Request, numbered_or_404, requires
from cctv.people.actors import terminal_of
from cctv.people.stepup import require_step_up
from cctv.redaction.editing.texts import what_of, why_of
from cctv.redaction.ended import ended
from cctv.redaction.errors import told
from cctv.redaction.models import Redaction, RedactionReview, State, Work
from cctv.redaction.review import selectors, services
from cctv.redaction.review.errors import RemarkRequired
from cctv.redaction.review.forms import RemarkForm
from cctv.redaction.review.services import REVIEW
from cctv.redaction.scene import standing
from cctv.redaction.scene import words as scene_words
from cctv.redaction.services import may_retry

SEE, EDIT = "redaction.see", "redaction.edit"
APPROVE, RETURN = "approve", "return"
MOST_KEYS = 1000


@require_GET
@requires(SEE)
def redactions(request: Request) -> HttpResponse:
    """What waits for the reader's review, what is in work, what was decided."""
    text = request.GET.get("from", "")
    first = int(text) if text.isdecimal() and len(text) < 7 else 0
    found = selectors.overview(
        sites=request.permissions.sites(SEE),
        review_sites=request.permissions.sites(REVIEW),
        reader=request.account,
        first_over=first,
    )
    shown = selectors.SHOWN
    context = {
        "found": found,
        "newer": f"?from={max(0, first - shown)}#over" if first else "",
        "older": f"?from={first + shown}#over" if found.more_over else "",
    }
    return render(request, "cctv/redaction/redactions.html", context)


def _found(request: Request, number: str, action: str) -> Redaction:
    return numbered_or_404(request, selectors.redactions(sites=None), number, action)


@require_GET
@requires(SEE)
def redaction(request: Request, number: str) -> HttpResponse:
    """One redaction: of what, how far it is, who decided what, and what can be done with it."""
    found = _found(request, number, SEE)
    over = bool(ended([found]))
    waits = found.state == State.REVIEW and not over
    own = services.has_hand_in(found, request.account)
    reviews_here = request.permissions.may(REVIEW, site_id=found.site_id)
    reviews = waits and reviews_here
    edits = request.permissions.may(EDIT, site_id=found.site_id) and found.state != State.CANCELLED
    context = {
        "redaction": found,
        "zone": ZoneInfo(found.site.time_zone),
        "history": selectors.history(found),
        "over": over,
        "scene": scene_words.told(found) if not over else None,
        "looks": not own and not over and reviews_here and standing.waiting([found]),
        "works": found.work != Work.NONE and not over,
        "percent": found.work_permille // 10,
        "error": told(found.error_code, found.error),
        "may_review": reviews and not own,
        "own": reviews and own,
        "edit": _edit_address(found) if edits and not over and found.state != State.LOOKING else "",
        "may_retry": edits and may_retry(found) and not over,
        "may_cancel": edits and found.state != State.APPROVED and not over,
        "log_read": request.permissions.may("log.read", site_id=found.site_id),
    }
    return render(request, "cctv/redaction/redaction.html", context)


def _edit_address(found: Redaction) -> str:
    """The editor: it leads to an own open viewing, or to where one is opened."""
    return reverse("redaction-edit", args=[found.number])


@require_GET
@requires(REVIEW)
def review(request: Request, number: str) -> HttpResponse:
    """The room in which a second person looks at what would leave."""
    found = _found(request, number, REVIEW)
    begun = services.begin(redaction=found, actor=request.account, terminal=terminal_of(request))
    return private(_page(request, begun, RemarkForm()))


def _page(request: Request, begun: RedactionReview, form: RemarkForm, *, status: int = 200) -> HttpResponse:
    found = begun.redaction
    drawn = services.drawn_of(begun)
    resolved, listed = drawn.resolved, selectors.moments(begun, drawn)
    by_key = {each.key: each for each in resolved.doubts}
    manual = resolved.settings.mode == "manual"
    rows = [
        {"moment": each, "what": what_of(by_key[each.key], manual=manual), "why": why_of(by_key[each.key])}
        for each in listed
    ]
    one = [found.number]
    context = {
        "redaction": found,
        "review": begun,
        "rows": rows,
        "left": sum(not each.seen for each in listed),
        "form": form,
        "zone": ZoneInfo(found.site.time_zone),
        "facts": {
            "playlist": reverse("redaction-result", args=one),
            "moments": reverse("redaction-review-moments", args=one),
            "starts": round(found.starts_at.timestamp() * 1000),
            "ends": round(found.ends_at.timestamp() * 1000),
            "zone": found.site.time_zone,
        },
    }
    return render(request, "cctv/redaction/review.html", context, status=status)


@require_POST
@requires(REVIEW)
def moments_json(request: Request, number: str) -> HttpResponse:
    """Note moments as looked at: {"keys": [...]} gives {"left": n}."""
    found = _found(request, number, REVIEW)
    begun = services.begin(redaction=found, actor=request.account, terminal=terminal_of(request))
    try:
        keys = json.loads(request.body)["keys"]
        asked = {str(key)[:200] for key in keys[:MOST_KEYS]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return JsonResponse({"code": "bad_request", "message": _("No moments were named.")}, status=400)
    seen = services.look_at(begun, asked)
    left = [each for each in selectors.moments(seen, services.drawn_of(begun)) if not each.seen]
    return private(JsonResponse({"left": len(left)}))


@require_POST
@requires(REVIEW)
def decide(request: Request, number: str) -> HttpResponse:
    """Approve it, after step-up, or return it with a remark."""
    found = _found(request, number, REVIEW)
    form = RemarkForm(request.POST)
    verdict = request.POST.get("verdict", "")
    begun = services.begin(redaction=found, actor=request.account, terminal=terminal_of(request))
    if verdict == APPROVE:
        require_step_up(request)
    who: dict[str, Any] = {"review": begun, "actor": request.account, "terminal": terminal_of(request)}
    remark = form.cleaned_data["remark"] if form.is_valid() else ""
    if verdict == APPROVE:
        services.approve(**who, remark=remark)
        messages.success(request, _("It is approved and can be handed out."))
    else:
        try:
            services.give_back(**who, remark=remark)
        except RemarkRequired as error:
            form.add_error("remark", str(error.message))
            return private(_page(request, begun, form, status=error.status))
        messages.success(request, _("It is returned with your remark."))
    return redirect("redaction", found.number)
