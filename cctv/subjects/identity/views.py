"""The checker's pages: a verdict on what lay before them, and on pictures that were sent."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from cctv.core.errors import LetheError
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.subjects.desk.services import CONTACT, enter_opened
from cctv.subjects.desk.views import request_or_404
from cctv.subjects.identity import asking, looking, services, verdicts
from cctv.subjects.identity.errors import NotSeen
from cctv.subjects.identity.forms import NotEnoughForm, RenewForm, SeenForm, VerdictForm
from cctv.subjects.identity.models import CheckState, IdentityCheck
from cctv.subjects.identity.settling import CHECK
from cctv.subjects.requests import details
from cctv.subjects.requests.models import SubjectRequest

SHOWN_NAMES = ("name", "birth_date", "subject_name", "relation", "plate")


@require_POST
@requires(CHECK)
def seen(request: Request, reference: str) -> HttpResponse:
    """It is them: from now on something can be given."""
    found = request_or_404(request, reference, CHECK)
    form = SeenForm(request.POST, request=found)
    try:
        if not form.is_valid():
            raise NotSeen
        services.verify(found, **form.cleaned_data, **_who(request))
    except LetheError as error:
        _refused(request, error)
    else:
        messages.success(request, _("Who asks is settled. The request can be worked on."))
    return redirect("request", reference)


@require_POST
@requires(CHECK)
def ask(request: Request, reference: str) -> HttpResponse:
    """Ask the requester to show it over the portal."""
    found = request_or_404(request, reference, CHECK)
    try:
        asking.ask(found, request.POST.get("method", "")[:12], **_who(request))
    except LetheError as error:
        _refused(request, error)
    else:
        messages.success(request, _("The requester is asked to show who they are."))
    return redirect("request", reference)


@never_cache
@require_POST
@requires(CHECK)
@sensitive_variables()
def renew(request: Request, reference: str) -> HttpResponse:
    """A new secret from hand to hand, shown this once."""
    found = request_or_404(request, reference, CHECK)
    form = RenewForm(request.POST)
    try:
        documents = form.cleaned_data["seen"] if form.is_valid() else []
        secret = services.renew(found, seen=documents, **_who(request))
    except LetheError as error:
        _refused(request, error)
        return redirect("request", reference)
    context = {"found": found, "secret": secret}
    return render(request, "cctv/subjects/identity/secret.html", context)


@never_cache
@require_GET
@requires(CHECK)
def look(request: Request, reference: str, pk: UUID) -> HttpResponse:
    """The pictures, beside what the requester wrote of themselves; each is an entry of the log."""
    return _page(request, _check(request, reference, pk))


@never_cache
@require_GET
@requires(CHECK)
def picture(request: Request, reference: str, pk: UUID, paper: UUID) -> HttpResponse:
    """One of them, once its entry is durable."""
    check = _check(request, reference, pk)
    row = check.papers.select_related("check_row__request__site").filter(pk=paper).first()
    if row is None:
        raise NotFound
    data = looking.look(row, **_who(request))
    return HttpResponse(
        data, content_type=row.media_type,
        headers={"X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"},
    )  # fmt: skip


@never_cache
@require_POST
@requires(CHECK)
def judge(request: Request, reference: str, pk: UUID) -> HttpResponse:
    """It is them, or it is not enough; with either the pictures are destroyed."""
    check = _check(request, reference, pk)
    is_them = request.POST.get("verdict") == "them"
    them = VerdictForm(request.POST if is_them else None, check=check)
    not_enough = NotEnoughForm(None if is_them else request.POST, check=check)
    if not (them if is_them else not_enough).is_valid():
        return _page(request, check, them=them, not_enough=not_enough, status=400)
    try:
        if is_them:
            verdicts.verify(check, **_who(request))
        else:
            why = not_enough.cleaned_data
            verdicts.refuse(check, **_who(request), reason_code=why["reason"], text=why["text"])
    except LetheError as error:
        _refused(request, error)
        return redirect("request", reference)
    messages.success(request, _said(check, is_them=is_them))
    return redirect("request", reference)


@sensitive_variables()
def _page(
    request: Request, check: IdentityCheck, *, them: VerdictForm | None = None,
    not_enough: NotEnoughForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    found = check.request
    # Names are opened with it, so that they can be compared: an entry of its own.
    enter_opened(found, CONTACT, **_who(request))
    known = details.read(found)
    context: dict[str, Any] = {
        "found": found, "zone": ZoneInfo(found.site.time_zone), "check": check,
        "papers": check.papers.order_by("part"),
        "known": {name: getattr(known, name) for name in SHOWN_NAMES} if known else None,
        "them": them or VerdictForm(check=check), "not_enough": not_enough or NotEnoughForm(check=check),
        "language": get_language_info(found.language)["name_local"],
    }  # fmt: skip
    return render(request, "cctv/subjects/identity/look.html", context, status=status)


def _check(request: Request, reference: str, pk: UUID) -> IdentityCheck:
    """A check of this request that waits for a verdict: 404 for every other."""
    found: SubjectRequest = request_or_404(request, reference, CHECK)
    row = found.checks.select_related("request__site", "request__hold").filter(pk=pk).first()
    if row is None or row.state != CheckState.SHOWN:
        raise NotFound(hint=_("It was judged already, or has ended. Its pictures are destroyed."))
    return row


def _said(check: IdentityCheck, *, is_them: bool) -> str:
    if is_them and check.for_secret:
        return _("The new secret of the requester is good from now on. The pictures are destroyed.")
    if is_them:
        return _("Who asks is settled. The request can be worked on. The pictures are destroyed.")
    return _("The requester is told what was not enough. The pictures are destroyed.")


def _who(request: Request) -> dict[str, Any]:
    return {"actor": request.account, "terminal": terminal_of(request)}


def _refused(request: Request, error: LetheError) -> None:
    """What somebody else did meanwhile stands above the page; all else has a page of its own."""
    if error.status not in (400, 409):
        raise error
    messages.error(request, f"{error.message} {error.hint}".strip())
