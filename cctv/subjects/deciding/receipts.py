"""The receipt of a request, and the slip that says which footage is kept: for police or insurer to ask by.

The slip names no person and has no secret; it gives nobody the footage.
"""

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.debug import sensitive_variables

from cctv.core.pdf import Document
from cctv.subjects.deciding import paper, words
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest

SLIP_MM, BOX_MM, CODE_MM = 106, 48, 18


@sensitive_variables("secret")
def receipt(request: SubjectRequest, secret: str | None = None, language: str = "") -> bytes:
    """The receipt as PDF; with `secret`, which is known only right after it was given, that too."""
    language = language or request.language
    with translation.override(language):
        sheet = paper.document(request, language, _("Receipt"), request.received_at)
        sheet.text(words.sender(request)[0], tone="quiet", after=2)
        sheet.heading(_("We have received your request"))
        for line in _lead(request):
            sheet.text(line, size=11, after=1)
        sheet.space(2)
        _keep(sheet, request, secret)
        _next(sheet, request)
        sheet.space(5)
        _slip(sheet, request)
        return sheet.to_bytes()


def preservation_slip(request: SubjectRequest, language: str = "") -> bytes | None:
    """The slip alone; None while no footage is kept for the request."""
    if words.frozen_at(request) is None:
        return None
    language = language or request.language
    with translation.override(language):
        sheet = paper.document(request, language, _("Footage is kept"), request.received_at)
        _slip(sheet, request)
        return sheet.to_bytes()


def _lead(request: SubjectRequest) -> list[str]:
    """Whether footage is kept, and when there is an answer."""
    lines = []
    if request.state == RequestState.SCREENING:
        lines.append(_("We look at your request before footage is kept for it."))
    elif words.frozen_at(request) is not None:
        lines.append(_("We have stopped the deletion of the footage that you named."))
        if gone := _too_late(request):
            lines.append(gone)
    lines += words.answer_by(request)
    return lines


def _too_late(request: SubjectRequest) -> str:
    told = request.acts.filter(kind=RequestActKind.FROZEN).last()
    counts = told.facts if told else {}
    if counts.get("too_late") and not counts.get("held"):
        return _("All of that footage had been deleted before your request arrived.")
    return _("A part of it had been deleted before your request arrived.") if counts.get("too_late") else ""


@sensitive_variables("secret")
def _keep(sheet: Document, request: SubjectRequest, secret: str | None) -> None:
    with sheet.framed(height=BOX_MM if secret else BOX_MM / 2, pad=4):
        sheet.text(pgettext("of a request", "Reference"), size=9, tone="quiet", after=0)
        sheet.text(request.reference, size=17, bold=True, after=3 if secret else 0)
        if secret:
            sheet.text(_("Secret"), size=9, tone="quiet", after=0)
            sheet.text(secret, size=17, bold=True, after=1)
            sheet.text(
                _("It is shown this once. Tell it to nobody. If you lose it, you get a new one once you have"
                  " shown again who you are."),
                size=8.5, tone="quiet", after=0,
            )  # fmt: skip


def _next(sheet: Document, request: SubjectRequest) -> None:
    sheet.heading(_("What comes next"), level=2)
    steps = []
    if request.verified_at is None:
        steps.append((_("Show who you are"), _("On the page of your request, or at our place.")))
    if request.reply_by is not None:
        steps.append(
            (_("First reply"), _("By %(time)s.") % {"time": words.minute(request, request.reply_by)})
        )  # fmt: skip
    if request.due_at is not None:
        day = words.last_day(request, request.due_at)
        steps.append(
            (_("Answer"),
             _("By %(day)s: what you asked for, or why we cannot give it and how you object.") % {"day": day})
        )  # fmt: skip
    sheet.facts([(f"{number}. {what}", when) for number, (what, when) in enumerate(steps, 1)])


def _slip(sheet: Document, request: SubjectRequest) -> None:
    hold = words.kept_by(request)
    if hold is None:
        return
    rule, example = words.kept_until(request)
    with sheet.framed(height=SLIP_MM, dashed=True, pad=5):
        if url := words.status_url():
            with sheet.beside_qr(url, size=CODE_MM):
                _slip_head(sheet)
        else:
            _slip_head(sheet)
        sheet.facts(
            [
                (pgettext("of a request", "Reference"), request.reference),
                (_("Footage kept"), words.places(request)),
                (_("Time of the footage"), words.span(request)),
                (_("Kept since"), words.minute(request, hold.placed_at)),
                (_("Kept until"), f"{rule}\n{example}".strip()),
                (_("Number of the hold"), hold.number),
            ],
            label_share=0.26,
        )
        sheet.space(2)
        sheet.text(
            _("This does not mean that the footage is handed over. Authorities ask for it by this reference,"
              " with a warrant or in the way that the law prescribes."),
            size=8.5, tone="quiet", after=0,
        )  # fmt: skip


def _slip_head(sheet: Document) -> None:
    sheet.text(_("Footage is kept"), size=13, bold=True, after=1)
    sheet.text(
        _("Show this part to the police or to your insurer. The secret is not on it."), size=8.5, tone="quiet"
    )
