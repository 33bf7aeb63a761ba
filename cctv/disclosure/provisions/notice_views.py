"""Notices to recipients: which are still to be told, one with its letter, and what came of it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from cctv.disclosure.handing.models import RecipientNotice
from cctv.disclosure.provisions import letters, selectors
from cctv.disclosure.provisions import notices as services
from cctv.disclosure.provisions.forms import ToldForm
from cctv.disclosure.provisions.notices import TELL
from cctv.disclosure.provisions.services import SEE
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound

ANSWERED_SHOWN = 60


@require_GET
@requires(SEE)
def notices(request: Request) -> HttpResponse:
    """What is to be told, what waits for an answer, and what is answered."""
    found = selectors.notices(sites=request.permissions.sites(SEE))
    context = {
        "waiting": list(found.filter(told_at=None).order_by("made_at")),
        "told": list(found.filter(told_at__isnull=False, answered_at=None).order_by("told_at")),
        "answered": list(found.filter(answered_at__isnull=False).order_by("-answered_at")[:ANSWERED_SHOWN]),
    }
    return render(request, "cctv/disclosure/provisions/notices.html", context)


def _notice_or_404(request: Request, number: str, action: str) -> RecipientNotice:
    found = selectors.notices(sites=None).filter(number=number).first()
    if found is None:
        raise NotFound
    request.permissions.require(action, site_id=found.export.site_id)
    return found


@require_GET
@requires(SEE)
def notice(request: Request, number: str) -> HttpResponse:
    """One notice: whom, of what, why, and the next step."""
    return _page(request, _notice_or_404(request, number, SEE), ToldForm())


@require_GET
@requires(SEE)
def notice_letter(request: Request, number: str) -> HttpResponse:
    """The letter, in the language of the site's law."""
    found = _notice_or_404(request, number, SEE)
    answer = HttpResponse(letters.notice_letter(found), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return answer


@require_POST
@requires(TELL)
def notice_told(request: Request, number: str) -> HttpResponse:
    """They were told."""
    found = _notice_or_404(request, number, TELL)
    form = ToldForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=400)
    services.tell(
        notice=found, actor=request.account, terminal=terminal_of(request), how=form.cleaned_data["how"]
    )
    return redirect("notice", number)


@require_POST
@requires(TELL)
def notice_answered(request: Request, number: str) -> HttpResponse:
    """They wrote back."""
    found = _notice_or_404(request, number, TELL)
    services.answer(notice=found, actor=request.account, terminal=terminal_of(request))
    return redirect("notice", number)


def _page(request: Request, found: RecipientNotice, form: ToldForm, status: int = 200) -> HttpResponse:
    context = {
        "notice": found,
        "form": form,
        "zone": found.export.site.time_zone,
        "may_tell": request.permissions.may(TELL, site_id=found.export.site_id),
    }
    return render(request, "cctv/disclosure/provisions/notice.html", context, status=status)
