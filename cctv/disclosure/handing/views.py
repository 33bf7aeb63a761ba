"""The office's pages of copies: a link, a medium, one copy with who took it and when."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.core.errors import LetheError
from cctv.disclosure.exports.models import Export, ExportState
from cctv.disclosure.forms import end_of
from cctv.disclosure.handing import medium, public, receipts, selectors, services
from cctv.disclosure.handing.entries import HAND
from cctv.disclosure.handing.errors import CopyExists
from cctv.disclosure.handing.forms import CopyForm, GiveForm, LinkForm, MediumForm
from cctv.disclosure.handing.models import HandOver
from cctv.people.access import Request, numbered_or_404, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.people.stepup import require_step_up

SEE = "export.see"
SAYS = (("ko", "한국어"), ("ja", "日本語"), ("en", "English"))


def _export(request: Request, number: str, action: str) -> Export:
    rows = Export.objects.select_related("site", "case", "purpose")
    return numbered_or_404(request, rows, number, action)


def _copy(request: Request, number: str, copy: int, action: str) -> HandOver:
    export = _export(request, number, action)
    row = services.copies().filter(export=export, copy=copy).first()
    if row is None:
        raise NotFound
    return row


@require_http_methods(["GET", "POST"])
@requires(HAND)
def link(request: Request, number: str) -> HttpResponseBase:
    """Make a one-time link; its address, code and pass-phrase are on the answer, once."""
    export = _export(request, number, HAND)
    if export.state != ExportState.READY:
        return redirect("export", number)
    require_step_up(request)
    form = LinkForm(request.POST or None, export=export)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = services.make_link(
                export=export, actor=request.account, terminal=terminal_of(request), person=data["person"],
                contact=data["contact"], sealing=data["sealing"], age_recipient=data["age_recipient"],
                open_days=data["open_days"], downloads=data["downloads"], new_id=data["attempt"],
            )  # fmt: skip
        except LetheError as error:
            return _refused(request, export, form, error)
        address = _address(request, made.token)
        return _made(request, made.handover, address=address, code=made.code, phrase=made.phrase)
    return _form(request, export, form)


@require_http_methods(["GET", "POST"])
@requires(HAND)
def onto_medium(request: Request, number: str) -> HttpResponseBase:
    """Prepare a copy for a medium."""
    export = _export(request, number, HAND)
    if export.state != ExportState.READY:
        return redirect("export", number)
    require_step_up(request)
    form = MediumForm(request.POST or None, export=export)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row, phrase = medium.write_to_medium(
                export=export, actor=request.account, terminal=terminal_of(request), person=data["person"],
                contact=data["contact"], medium=data["medium"], kind=data["kind"], serial=data["serial"],
                sealing=data["sealing"], age_recipient=data["age_recipient"], new_id=data["attempt"],
            )  # fmt: skip
        except LetheError as error:
            return _refused(request, export, form, error)
        if not phrase:
            return redirect("handing-copy", number, row.copy)
        return _made(request, row, phrase=phrase)
    return _form(request, export, form, medium=True)


def _address(request: HttpRequest, token: str) -> str:
    path = reverse("take", args=[token])
    base = settings.LETHE_URL.rstrip("/")
    return f"{base}{path}" if base else request.build_absolute_uri(path)


def _form(
    request: Request, export: Export, form: CopyForm, *, error: LetheError | None = None, medium: bool = False
) -> HttpResponse:
    context = {
        "export": export,
        "form": form,
        "error": error,
        "onto_medium": medium or hasattr(form, "medium"),
    }
    status = error.status if error else 400 if form.is_bound else 200
    return render(request, "cctv/disclosure/handing/make.html", context, status=status)


def _refused(request: Request, export: Export, form: CopyForm, error: LetheError) -> HttpResponseBase:
    """Above the form; a form that is sent twice leads back."""
    if error.status == 503:
        raise error
    if isinstance(error, CopyExists):
        messages.warning(request, f"{error.message} {error.hint}")
        return redirect("export", export.number)
    return _form(request, export, form, error=error, medium=isinstance(form, MediumForm))


def _made(request: Request, row: HandOver, **secrets: Any) -> HttpResponse:
    """The only answer that ever holds these."""
    context = {"copy": row, "export": row.export, "zone": row.export.site.time_zone, **secrets}
    response = render(request, "cctv/disclosure/handing/made.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@requires(SEE)
def copy(request: Request, number: str, copy: int) -> HttpResponse:
    """One copy: who takes it, what was sent when, what comes next."""
    row = _copy(request, number, copy, SEE)
    return _page(request, row, GiveForm(export=row.export))


def _page(request: Request, row: HandOver, form: GiveForm, *, status: int = 200) -> HttpResponse:
    shown = next(each for each in selectors.copies_of(row.export) if each.row.pk == row.pk)
    may = request.permissions.may(HAND, site_id=row.export.site_id)
    context = {
        "copy": shown, "row": row, "export": row.export, "zone": row.export.site.time_zone, "may": may,
        "form": form, "languages": SAYS, "is_mine": row.made_by_id == request.account.pk,
        "may_give": may and shown.is_medium and shown.whole and row.medium and row.medium.state == "kept",
    }  # fmt: skip
    return render(request, "cctv/disclosure/handing/page.html", context, status=status)


@require_http_methods(["GET", "HEAD"])
@requires(HAND)
def package(request: Request, number: str, copy: int) -> HttpResponseBase:
    """The copy itself, to be written onto its medium by whoever prepared it."""
    row = _copy(request, number, copy, HAND)
    if row.medium is None:
        raise NotFound
    return public.private(public.answer(request, row, grant=row.pk, actor=request.account))


@require_POST
@requires(HAND)
def give(request: Request, number: str, copy: int) -> HttpResponse:
    """The medium goes to the recipient: a provision."""
    row = _copy(request, number, copy, HAND)
    require_step_up(request)
    form = GiveForm(request.POST, export=row.export)
    if not form.is_valid():
        return _page(request, row, form, status=400)
    due_at = end_of(form.cleaned_data["due"], row.export.site)
    medium.give(handover=row, actor=request.account, terminal=terminal_of(request), due_at=due_at)
    messages.success(
        request, _("It was handed over and written into the ledger. Print the receipt to be signed.")
    )
    return redirect("handing-copy", number, copy)


@require_POST
@requires(HAND)
def end(request: Request, number: str, copy: int) -> HttpResponse:
    """The link opens nothing any more."""
    row = _copy(request, number, copy, HAND)
    services.end_copy(handover=row, actor=request.account, terminal=terminal_of(request))
    messages.success(request, _("This copy has ended: its link opens nothing any more."))
    return redirect("handing-copy", number, copy)


@require_POST
@requires(HAND)
def received(request: Request, number: str, copy: int) -> HttpResponse:
    """The recipient has signed for it."""
    row = _copy(request, number, copy, HAND)
    services.confirm_received(handover=row, actor=request.account, terminal=terminal_of(request))
    messages.success(request, _("Written down: it was received."))
    return redirect("handing-copy", number, copy)


@require_GET
@requires(HAND)
def receipt(request: Request, number: str, copy: int, language: str) -> HttpResponse:
    """The receipt on paper."""
    row = _copy(request, number, copy, HAND)
    if language not in receipts.LANGUAGES:
        raise NotFound
    answer = HttpResponse(receipts.render(row, language=language), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{number}-{copy}.{language}.pdf"'
    answer["Cache-Control"] = "no-store"
    return answer
