"""The pages of prints and media: the list, a new one, one with its next step."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.disclosure import details, selectors, services
from cctv.disclosure.forms import DestroyForm, HandOverForm, MediumForm, ReturnForm, end_of
from cctv.disclosure.grounds import ground_text
from cctv.disclosure.models import Medium, MediumState
from cctv.people.access import Request, numbered_or_404, requires
from cctv.people.actors import terminal_of
from cctv.people.stepup import require_step_up

SEE, CHANGE = "medium.see", "medium.change"
PAGE = 30


@require_GET
@requires(SEE)
def media(request: Request) -> HttpResponse:
    """What still exists, overdue first; then what is no more."""
    sites = request.permissions.sites(SEE)
    text = request.GET.get("q", "").strip()[:60]
    first = request.GET.get("from", "")
    start = int(first) if first.isdecimal() and len(first) < 7 else 0
    gone = list(selectors.destroyed(sites=sites, text=text)[start : start + PAGE + 1])
    context = {
        "existing": list(selectors.existing(sites=sites, text=text)),
        "destroyed": gone[:PAGE],
        "overdue": selectors.overdue(sites=sites),
        "now": clock.now(),
        "text": text,
        "may_change": request.permissions.may(CHANGE),
        "newer": f"?q={text}&from={max(0, start - PAGE)}" if start else "",
        "older": f"?q={text}&from={start + PAGE}" if len(gone) > PAGE else "",
    }
    return render(request, "cctv/disclosure/media.html", context)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def medium_new(request: Request) -> HttpResponse:
    """Register a print or medium."""
    form = MediumForm(request.POST or None, allowed=request.permissions.sites(CHANGE))
    if request.method == "POST" and form.is_valid():
        medium = services.register_medium(
            actor=request.account,
            terminal=terminal_of(request),
            site=form.cleaned_data["site"],
            values=form.values(),
        )
        messages.success(request, _("%(number)s is registered.") % {"number": medium.number})
        return redirect("medium", medium.number)
    return render(request, "cctv/disclosure/new.html", {"form": form}, status=400 if form.is_bound else 200)


def _medium_or_404(request: Request, number: str, action: str = SEE) -> Medium:
    """The medium, if the reader may do `action` at its site: 404 before 403."""
    return numbered_or_404(request, selectors.media(sites=None), number, action)


@require_GET
@requires(SEE)
def medium(request: Request, number: str) -> HttpResponse:
    """One medium: what is on it, who had it, and what can be done with it now."""
    found = _medium_or_404(request, number)
    known = details.read(found)
    law = found.site.jurisdiction
    context = {
        "medium": found,
        "zone": found.site.time_zone,
        "is_overdue": found.due_at is not None and found.due_at < clock.now(),
        "is_here": found.state in services.HERE,
        "is_away": found.state == MediumState.HANDED_OVER,
        "is_gone": found.state == MediumState.DESTROYED,
        "may_change": request.permissions.may(CHANGE, site_id=found.site_id),
        "sealed_gone": known is None,
        "remark": known.remark if known else "",
        "witness": known.witness if known else "",
        "handed": [
            {"row": row, "ground": ground_text(law, row.ground), "at": clock.parse_rfc3339(row.at)}
            for row in (known.handed if known else [])
        ],
    }
    return render(request, "cctv/disclosure/medium.html", context)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def medium_hand_over(request: Request, number: str) -> HttpResponse:
    """Give it to somebody else: a provision, so the password is asked for again."""
    found = _medium_or_404(request, number, CHANGE)
    if found.state not in services.HERE:
        return redirect("medium", number)
    require_step_up(request)
    form = HandOverForm(request.POST or None, medium=found)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        due_at = end_of(data.pop("due"), found.site)
        if _done(
            form,
            lambda: services.hand_over(
                actor=request.account, terminal=terminal_of(request), medium=found, due_at=due_at, **data
            ),
        ):
            said = _("%(number)s was handed over and written into the ledger.") % {"number": number}
            messages.success(request, said)
            return redirect("medium", number)
    return _act(request, found, form, "hand-over")


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def medium_return(request: Request, number: str) -> HttpResponse:
    """It came back."""
    found = _medium_or_404(request, number, CHANGE)
    if found.state != MediumState.HANDED_OVER:
        return redirect("medium", number)
    form = ReturnForm(request.POST or None, medium=found)
    if request.method == "POST" and form.is_valid():
        due_at = end_of(form.cleaned_data["due"], found.site)
        if _done(
            form,
            lambda: services.take_back(
                actor=request.account, terminal=terminal_of(request), medium=found, due_at=due_at
            ),
        ):
            messages.success(request, _("%(number)s is here again.") % {"number": number})
            return redirect("medium", number)
    return _act(request, found, form, "return")


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def medium_destroy(request: Request, number: str) -> HttpResponse:
    """It was destroyed before a witness; the password is asked for again."""
    found = _medium_or_404(request, number, CHANGE)
    if found.state == MediumState.DESTROYED:
        return redirect("medium", number)
    require_step_up(request)
    form = DestroyForm(request.POST or None, medium=found, actor=request.account)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if _done(
            form,
            lambda: services.destroy_medium(
                actor=request.account, terminal=terminal_of(request), medium=found, **data
            ),
        ):
            said = _("The destruction of %(number)s was written into the ledger.") % {"number": number}
            messages.success(request, said)
            return redirect("medium", number)
    return _act(request, found, form, "destroy")


def _done(form: Form, act: Any) -> bool:
    """Do it; what the service refuses stands above the form."""
    try:
        act()
    except LetheError as error:
        if error.status >= 500:
            raise
        form.add_error(None, f"{error.message} {error.hint}")
        return False
    return True


def _act(request: Request, medium: Medium, form: Form, act: str) -> HttpResponse:
    context = {"medium": medium, "form": form, "act": act, "zone": medium.site.time_zone}
    return render(request, "cctv/disclosure/act.html", context, status=400 if form.is_bound else 200)
