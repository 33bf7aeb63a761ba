"""The page that asks for an export, and asks anew for one that was asked back."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.disclosure.cases.letters import add as add_letter
from cctv.disclosure.cases.models import Case, Letter, LetterKind
from cctv.disclosure.cases.services import open_case
from cctv.disclosure.exports import details, selectors, services, stash
from cctv.disclosure.exports.forms import MOMENT, OTHER, AskForm, SpanRows
from cctv.disclosure.exports.models import Export, ExportForm, ExportState
from cctv.disclosure.exports.wishes import MOST_SPANS, Wish, require_wish
from cctv.footage.forms import EXACT, MomentField, SpanForm
from cctv.footage.models import ViewingSession
from cctv.people.access import Request, numbered_or_404, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.stepup import require_step_up
from cctv.sites.models import Site

ASK, URGENT = "export.ask", "export.urgent"
MINUTES = timedelta(minutes=10)
Row = dict[str, Any]


@require_http_methods(["GET", "POST"])
@requires(ASK)
def export_new(request: Request, site_code: str) -> HttpResponse:
    """Ask for a copy; cameras and span come filled in from a viewing, a timeline or a case."""
    site = site_or_404(request, site_code, ASK)
    urgent = request.permissions.may(URGENT, site_id=site.pk)
    if request.method == "POST" and "more" in request.POST:
        return _with_another_row(request, site, urgent=urgent)
    if request.method == "POST":
        request.POST = stash.opened(request)  # type: ignore[assignment]  # the stubs say immutable
        form = AskForm(request.POST, request.FILES, site=site, urgent=urgent)
        rows = SpanRows(request.POST, prefix="span", form_kwargs={"site": site})
        if _is_fine(site, form, rows) and (asked := _asked(request, site, form, rows)) is not None:
            return redirect("export", asked.number)
        return _page(request, site, form, rows, status=400)
    initial, spans = _initial(request, site)
    form = AskForm(site=site, urgent=urgent, initial=initial)
    return _page(request, site, form, SpanRows(initial=spans, prefix="span", form_kwargs={"site": site}))


@require_http_methods(["GET", "POST"])
@requires(ASK)
def export_edit(request: Request, number: str) -> HttpResponse:
    """Change what was asked back, and send it again: whoever asked for it, and nobody else."""
    found = numbered_or_404(request, selectors.exports(sites=None), number, ASK)
    if found.asked_by_id != request.account.pk or found.state != ExportState.RETURNED:
        return redirect("export", number)
    if request.method == "POST" and "more" in request.POST:
        return _with_another_row(request, found.site, export=found)
    if request.method == "POST":
        form = AskForm(request.POST, request.FILES, site=found.site, fixed=True)
        rows = SpanRows(request.POST, prefix="span", form_kwargs={"site": found.site})
        if _is_fine(found.site, form, rows) and _asked(request, found.site, form, rows, found) is not None:
            return redirect("export", number)
        return _page(request, found.site, form, rows, export=found, status=400)
    form = AskForm(site=found.site, fixed=True, initial=_values(found))
    rows = SpanRows(initial=_rows_of(found), prefix="span", form_kwargs={"site": found.site})
    return _page(request, found.site, form, rows, export=found)


def _page(
    request: Request, site: Site, form: AskForm, rows: Any, *, export: Export | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "site": site,
        "form": form,
        "rows": rows,
        "export": export,
        "grounds": {
            each.code: {
                "to": sorted(each.to), "document": each.document, "noConsent": each.no_consent,
                "life": each.life,
            }
            for each in form.grounds
        },
        "asked_back": export.acts.filter(kind="returned").order_by("-at").first() if export else None,
        "has_redactions": selectors.approved_redactions(site).exists(),
    }  # fmt: skip
    return render(request, "cctv/disclosure/ask.html", context, status=status)


def _with_another_row(
    request: Request, site: Site, *, urgent: bool = False, export: Export | None = None
) -> HttpResponse:
    """The same page with what was typed, and one span more."""
    typed = {name: request.POST.get(name) for name in request.POST if not name.startswith("span-")}
    spans = _typed_rows(request)
    last = dict(spans[-1]) if spans else {}
    if len(spans) < MOST_SPANS:
        spans.append(last | {"camera": "", "redaction": "", "form": ExportForm.NATIVE})
    form = AskForm(site=site, fixed=export is not None, urgent=urgent, initial=typed)
    rows = SpanRows(initial=spans, prefix="span", form_kwargs={"site": site})
    return _page(request, site, form, rows, export=export)


def _typed_rows(request: Request) -> list[Row]:
    total = request.POST.get("span-TOTAL_FORMS", "0")
    count = min(int(total), MOST_SPANS) if total.isdecimal() and len(total) < 4 else 0
    names = ("camera", "starts", "ends", "form", "redaction")
    found = [
        {name: request.POST.get(f"span-{number}-{name}", "") for name in names}
        for number in range(count)
        if not request.POST.get(f"span-{number}-DELETE")
    ]
    return [row for row in found if any(row.values())]


def _is_fine(site: Site, form: AskForm, rows: Any) -> bool:
    """Whether it may be asked for, as far as can be told before anything is written."""
    fine = form.is_valid()
    if not rows.is_valid() or not fine:
        return False
    try:
        require_wish(site, _wish(form, rows), letter_comes=bool(form.cleaned_data["upload"]))
    except LetheError as error:
        form.refuse(error)
        return False
    return True


def _wish(form: AskForm, rows: Any) -> Wish:
    return form.wish([row.wanted() for row in rows if row not in rows.deleted_forms])


def _asked(
    request: Request, site: Site, form: AskForm, rows: Any, export: Export | None = None
) -> Export | None:
    """Case, letter, then the asking itself; what is refused stands above the form."""
    data, terminal = form.cleaned_data, terminal_of(request)
    urgent = bool(data.get("urgent"))
    if urgent:
        with stash.sealing(request):
            require_step_up(request)
    try:
        case = export.case if export else data["case"] or _case(request, site, data)
        wish = _wish(form, rows)
        if data["upload"]:
            wish = _with_letter(request, case, wish, data)
        if export is not None:
            done = services.resubmit(export=export, actor=request.account, terminal=terminal, wish=wish)
        else:
            done = services.ask(
                actor=request.account, terminal=terminal, site=site, case=case, wish=wish, urgent=urgent,
                urgent_reason=data.get("urgent_reason", ""), export_id=data["token"],
            )  # fmt: skip
    except LetheError as error:
        if error.status >= 500:
            raise
        form.refuse(error)
        return None
    request.session["last_case"] = case.number
    messages.success(request, _said(done))
    return done


def _case(request: Request, site: Site, data: Row) -> Case:
    return open_case(
        actor=request.account, terminal=terminal_of(request), site=site, title=data["case_title"],
        case_id=data["token"],
    )  # fmt: skip


def _with_letter(request: Request, case: Case, wish: Wish, data: Row) -> Wish:
    title = _("Letter of %(recipient)s") % {"recipient": data["recipient"]}
    letter: Letter = add_letter(
        actor=request.account, terminal=terminal_of(request), case=case, kind=LetterKind.RECEIVED,
        title=title[:160], document_number=data["document"], upload=data["upload"],
    )  # fmt: skip
    return replace(wish, letter=letter)


def _said(export: Export) -> str:
    if export.urgency:
        return _(
            "%(number)s is released as urgent and being packaged. Everybody who answers for it is told."
        ) % {"number": export.number}
    return _("%(number)s is asked for. The footage is held; somebody else decides.") % {
        "number": export.number
    }


# ------------------------------------------------------------------ what the form begins with


def _initial(request: Request, site: Site) -> tuple[Row, list[Row]]:
    zone = ZoneInfo(site.time_zone)
    initial: Row = {"recipient_kind": "police", "case": request.session.get("last_case", "")}
    spans: list[Row] = []
    if (session := _own_viewing(request, site)) is not None:
        span = _exact(request) or (session.starts_at, session.ends_at)
        spans = [_row(camera.code, span, zone) for camera in session.cameras.order_by("name")]
        initial |= {"purpose": session.purpose.code, "purpose_text": session.purpose_text[:200]}
        if session.case:
            initial["case"] = session.case
    elif (chosen := SpanForm(request.GET, site=site)).is_valid():
        span = chosen.cleaned_data["span"]
        spans = [_row(camera.code, span, zone) for camera in chosen.cleaned_data["camera"]][:MOST_SPANS]
    spans += [row for text in request.GET.getlist("span")[:MOST_SPANS] if (row := _named(text, zone))]
    case = Case.objects.filter(site=site, number=request.GET.get("case", "")).first()
    if case is not None:
        initial["case"] = case.number
        if not spans:
            spans = [
                _row(row.camera.code, (row.starts_at, row.ends_at), zone)
                for row in case.spans.select_related("camera")[:MOST_SPANS]
            ]
    if not spans:
        now = clock.now().replace(second=0, microsecond=0)
        spans = [_row(request.GET.get("camera", ""), (now - MINUTES, now), zone)]
    return initial, spans


def _row(camera: str, span: tuple[datetime, datetime], zone: ZoneInfo, **more: Any) -> Row:
    """Outwards to whole seconds."""
    start = span[0].replace(microsecond=0)
    end = (span[1] + timedelta(microseconds=999_999)).replace(microsecond=0)
    times = {"starts": start.astimezone(zone).strftime(MOMENT), "ends": end.astimezone(zone).strftime(MOMENT)}
    return {"camera": camera, "form": ExportForm.NATIVE, "redaction": "", **times, **more}


def _named(text: str, zone: ZoneInfo) -> Row | None:
    """`camera|from|to`, as other pages hand over spans that differ."""
    parts = text.split("|")
    try:
        camera, start, end = parts[0], MomentField().clean(parts[1]), MomentField().clean(parts[2])
    except (IndexError, ValidationError):
        return None
    return _row(camera, (start, end), zone)


def _exact(request: Request) -> tuple[datetime, datetime] | None:
    try:
        start, end = (MomentField().clean(request.GET.get(name, "")) for name in EXACT)
    except ValidationError:
        return None
    return start, end


def _own_viewing(request: Request, site: Site) -> ViewingSession | None:
    try:
        pk = UUID(request.GET.get("viewing", ""))
    except ValueError:
        return None
    return ViewingSession.objects.filter(pk=pk, actor=request.account, site=site).first()


def _values(export: Export) -> Row:
    known = details.read(export) or details.Details()
    return {
        "recipient_kind": export.recipient_kind, "recipient": export.recipient, "ground": export.ground,
        "document": export.document, "letter": export.letter_id, "language": export.language,
        "purpose": export.purpose.code if export.purpose else OTHER, "purpose_text": export.purpose_text,
        "keep_days": export.keep_days, "watermark": export.watermark, "person": known.person,
        "contact": known.contact, "why_no_consent": known.why_no_consent,
    }  # fmt: skip


def _rows_of(export: Export) -> list[Row]:
    zone = ZoneInfo(export.site.time_zone)
    return [
        _row(
            span.camera.code, (span.starts_at, span.ends_at), zone, form=span.form,
            redaction=span.redaction.number if span.redaction else "",
        )
        for span in export.spans.select_related("camera", "redaction").order_by("starts_at")
    ]  # fmt: skip
